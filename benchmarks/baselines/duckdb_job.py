"""The floor: DuckDB reads the raw objects, drops duplicates and logouts, writes Parquet by date.

    python benchmarks/baselines/duckdb_job.py RAW_FOLDER CLEANED_FOLDER

No quarantine, no items, no counts: lines that do not parse are skipped without a word.
"""

import sys

import duckdb

JOB = """
    copy (
        select distinct on (event_id)
            event_id, user_id, action, "timestamp" as event_at,
            metadata.device, metadata.location, metadata.app_version, metadata.page,
            metadata.purchase, "timestamp"::date as event_date
        from read_json(
            '{raw}/**/*.json.gz', format = 'newline_delimited', ignore_errors = true,
            hive_partitioning = false,
            columns = {{
                event_id: 'varchar', user_id: 'bigint', action: 'varchar', "timestamp": 'timestamp',
                metadata: 'struct(
                    device varchar, location varchar, app_version varchar, page varchar,
                    purchase varchar
                )'
            }}
        )
        where event_id is not null and user_id is not null and action <> 'logout'
            and "timestamp" is not null
    ) to '{cleaned}/user_activity' (format parquet, compression zstd, partition_by (event_date))
"""

if __name__ == "__main__":
    raw, cleaned = sys.argv[1:]
    duckdb.connect().execute(JOB.format(raw=raw, cleaned=cleaned))
