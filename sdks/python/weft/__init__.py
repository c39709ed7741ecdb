"""Client for Weft over HTTP. It needs nothing but the standard library.

    >>> db = connect("http://127.0.0.1:7600")
    >>> _ = db.query("CREATE TABLE city (id int PRIMARY KEY, name text)")
    >>> db.query("INSERT INTO city VALUES ($1, $2)", [7, "Oslo"]).rows_affected
    1
    >>> db.query("SELECT name FROM city WHERE id = $1", [7]).rows
    [['Oslo']]
"""

from .channels import Channel, Group
from .client import Client, Transaction, connect
from .documents import Collection
from .errors import (
    Conflict,
    ConnectionFailed,
    ConstraintViolation,
    Error,
    Gone,
    NotFound,
    PreconditionFailed,
    Timeout,
    Unavailable,
)
from .kv import KV
from .requests import new_key
from .session import Prepared, Result
from .text import TextIndex
from .timeseries import Metric, MetricQuery

__all__ = [
    "Channel", "Client", "Collection", "Conflict", "ConnectionFailed", "ConstraintViolation", "Error", "Gone", "Group", "KV", "Metric", "MetricQuery", "NotFound", "PreconditionFailed",
    "Prepared", "Result", "TextIndex", "Timeout", "Transaction", "Unavailable", "connect", "new_key",
]
