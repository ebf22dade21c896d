"""Lines of JSON as the OpenX and the Hive SerDe read them.

`documents` takes a line apart, `conversions` (by `scalars` and `moments`) makes values of a type of
what it holds, `fields` finds the column of each key, `columns` gathers values into Arrow arrays.
`plain` does all of it for the usual lines, many at a time. `options` are the SerDe's properties.

Source of the rules: Trino's readers OpenXJsonDeserializer and JsonDeserializer, which Athena's
engine is made of, and the Athena user guide where it says more: a value that does not parse fails
the query unless `use.null.for.invalid.data` is true.
"""
