"""What a failed query's AthenaError says.

Categories: API reference, AthenaError (1 system, 2 user, 3 other). Types: user guide, "Athena error
catalog"; which error name has which number was measured on Athena by aoyagikouhei/athena-local
(src/failure.rs), the catalogue's 1000, "User error", stands for the others.
"""

from typing import Any

from localaws.sql.errors import QueryError

SYSTEM, USER = 1, 2
_SYSTEM_TYPES = {"GENERIC_INTERNAL_ERROR": 200, "EXCEEDED_LOCAL_MEMORY_LIMIT": 0}
_USER_TYPES = {
    "DIVISION_BY_ZERO": 1001,
    "TYPE_MISMATCH": 1002,
    "SYNTAX_ERROR": 1006,
    "COLUMN_NOT_FOUND": 1006,
    "CATALOG_NOT_FOUND": 1006,
    "INVALID_CAST_ARGUMENT": 1100,
    "NUMERIC_VALUE_OUT_OF_RANGE": 1100,
    "INVALID_PARAMETER_USAGE": 1100,
    "INVALID_FUNCTION_ARGUMENT": 1106,
    "TABLE_ALREADY_EXISTS": 1110,
    "NOT_SUPPORTED": 1200,
    "TABLE_NOT_FOUND": 1301,
    "SCHEMA_NOT_FOUND": 1301,
    "FUNCTION_NOT_FOUND": 1303,
}
_USER_ERROR = 1000
_SERVICE_ERROR = 100


def athena_error(error: QueryError) -> dict[str, Any]:
    """AthenaError of a query that failed."""
    system = error.code in _SYSTEM_TYPES
    types = _SYSTEM_TYPES if system else _USER_TYPES
    return {
        "ErrorCategory": SYSTEM if system else USER,
        "ErrorType": types.get(error.code, _USER_ERROR),
        "Retryable": error.code == "ICEBERG_COMMIT_ERROR",
        "ErrorMessage": str(error),
    }


def interrupted(reason: str) -> dict[str, Any]:
    """AthenaError of a query that the endpoint did not finish."""
    return {
        "ErrorCategory": SYSTEM,
        "ErrorType": _SERVICE_ERROR,
        "Retryable": True,
        "ErrorMessage": reason,
    }
