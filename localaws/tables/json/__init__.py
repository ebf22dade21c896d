"""Lines of JSON as the OpenX and the Hive SerDe read them.

`documents` takes a line apart, `scalars` and `moments` read its texts as values of a type,
`columns` gathers them into Arrow arrays, `options` are the SerDe's properties. `plain` does it
for the usual lines, many at a time.

Source of the rules: Trino's readers OpenXJsonDeserializer and JsonDeserializer, which Athena's
engine is made of, and the Athena user guide where it says more: a value that does not parse fails
the query unless `use.null.for.invalid.data` is true.
"""
