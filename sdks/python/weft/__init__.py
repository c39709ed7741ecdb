"""Client for Weft over HTTP. It needs nothing but the standard library.

    >>> db = connect("http://127.0.0.1:7600")
    >>> _ = db.query("CREATE TABLE city (id int PRIMARY KEY, name text)")
    >>> db.query("INSERT INTO city VALUES ($1, $2)", [7, "Oslo"]).rows_affected
    1
    >>> db.query("SELECT name FROM city WHERE id = $1", [7]).rows
    [['Oslo']]
"""

from .client import (
    Client,
    Conflict,
    Error,
    KV,
    NotFound,
    PreconditionFailed,
    Prepared,
    Result,
    Transaction,
    Unavailable,
    connect,
)

__all__ = ["Client", "Conflict", "Error", "KV", "NotFound", "PreconditionFailed", "Prepared", "Result", "Transaction", "Unavailable", "connect"]
