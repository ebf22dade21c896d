"""Halves the processor time of every dbt command: botocore's data files are parsed once.

dbt-athena opens a boto3 session for every node, and each session parses the descriptions of its
services again, megabytes of JSON. dbt imports all modules called dbt_* when it starts, its way to
be extended; that is why this one stands here, under this name. Without it all works, slower.
"""

from functools import cache

from botocore.loaders import JSONFileLoader

_parsed = cache(JSONFileLoader()._load_file)

# Nobody changes what was parsed but botocore itself, which adds the same extras each time.
JSONFileLoader._load_file = lambda _, path, open_method: _parsed(path, open_method)
