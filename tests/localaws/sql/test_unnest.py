"""UNNEST of arrays and maps.

Expected values: Trino documentation, "SELECT" (UNNEST).
"""


def test_unnest_side_by_side_pads_with_null(query) -> None:
    names, types, rows = query(
        "SELECT n, x, y FROM UNNEST(ARRAY[1, 2], ARRAY['a']) WITH ORDINALITY AS t(x, y, n) ORDER BY n"
    )
    assert names == ["n", "x", "y"]
    assert types == ["bigint", "integer", "varchar(1)"]
    assert rows == [("1", "1", "a"), ("2", "2", None)]


def test_unnest_of_rows_gives_columns(query) -> None:
    _, _, rows = query(
        "WITH t AS (SELECT 1 AS id, ARRAY[CAST(ROW(7, 'p') AS ROW(q integer, s varchar))] AS items)"
        " SELECT id, q, s FROM t CROSS JOIN UNNEST(items)"
    )
    assert rows == [("1", "7", "p")]


def test_unnest_of_a_map_and_left_join_of_nothing(query) -> None:
    _, _, rows = query("SELECT k, v FROM UNNEST(MAP(ARRAY['a'], ARRAY[1])) AS t(k, v)")
    assert rows == [("a", "1")]
    _, _, rows = query(
        "WITH t AS (SELECT 1 AS id, filter(ARRAY[1], x -> x > 1) AS none)"
        " SELECT id, x FROM t LEFT JOIN UNNEST(none) AS u(x) ON TRUE"
    )
    assert rows == [("1", None)]
