"""Date and time functions, one module a part of Trino's documentation on them."""

from localaws.sql.functions import (
    date_arithmetic,
    date_fields,
    date_formats,
    instants,
    iso8601,
)
from localaws.sql.functions.registry import Overload

FUNCTIONS: dict[str, list[Overload]] = {
    **date_fields.FUNCTIONS,
    **date_arithmetic.FUNCTIONS,
    **date_formats.FUNCTIONS,
    **instants.FUNCTIONS,
    **iso8601.FUNCTIONS,
}
