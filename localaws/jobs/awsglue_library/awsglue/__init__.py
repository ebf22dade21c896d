"""What scripts for AWS Glue import, over plain Spark: for local job runs only.

Written from the Glue developer guide ("AWS Glue PySpark extensions", "PySpark transforms"). What is
not here is refused by its name. Two things differ from Glue: whole numbers of JSON are long, as
Spark infers them, and a field of several types is a string, where Glue has a choice type.
"""
