"""What a client and a transaction have in common, and what statements give."""

from __future__ import annotations

import json
import random
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence

from .channels import Channel
from .documents import Collection
from .errors import ConnectionFailed, Error, failure_of
from .kv import KV
from .requests import Headers, given as _given, key_header as _key, word as _word
from .timeseries import Metric, MetricQuery

if TYPE_CHECKING:
    from .client import Client


@dataclass
class Result:
    """What a statement gave. Values are as in JSON: numeric as text, times as text."""

    columns: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    rows_affected: int = 0
    command: str = ""
    results: list["Result"] = field(default_factory=list)

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        return [dict(zip(self.columns, r)) for r in self.rows]

    def one(self) -> list[Any] | None:
        """The first row, or None."""
        return self.rows[0] if self.rows else None

    def scalar(self) -> Any:
        """The first value of the first row, or None."""
        return self.rows[0][0] if self.rows else None


def result_of(data: Mapping[str, Any], results: Iterable[Mapping[str, Any]] = ()) -> Result:
    return Result(data["columns"], data["types"], data["rows"], data["rows_affected"], data["command"], [result_of(r) for r in results])


class Requests:
    """What a client and a transaction have in common."""

    _client: "Client"

    def _headers(self) -> dict[str, str]:
        return {}

    def _answered(self, headers: Headers) -> None:
        pass

    def call(self, method: str, path: str, body: Any = None, *, content: bytes | None = None, headers: Headers | None = None,
             reads: bool = False, idempotency_key: str | None = None) -> Any:
        """Send a request of the API, and give the JSON of its answer. For what this client has no method of.

        It is sent again where the server says that nothing was done, and where the
        connection fails if it only ``reads`` or has an ``idempotency_key``.

        >>> db.call("GET", "/version", reads=True)["name"]
        'weft'
        """
        return self._call(method, path, body, content, {**(headers or {}), **_key(idempotency_key)}, reads or idempotency_key is not None)

    def _call(self, method: str, path: str, body: Any, content: bytes | None, headers: Headers, again: bool, step: bool = False) -> Any:
        for attempt in range(1, self._client.attempts + 1):
            try:
                status, got, data = self._client._send(method, path, body, {**self._headers(), **headers}, content)
                self._answered(got)
                if status >= 400:
                    raise failure_of(status, data)
                return json.loads(data) if data else None
            except Error as e:
                lost = isinstance(e, ConnectionFailed)
                if attempt == self._client.attempts or not (again if lost else e.retryable and (not step or e.status != 409)):
                    raise
            time.sleep(random.uniform(0, min(0.025 * 2**attempt, 2)))

    def query(self, sql: str, params: Sequence[Any] = (), *, database: str | None = None, dialect: str | None = None,
              timeout_ms: int | None = None, max_rows: int | None = None, idempotency_key: str | None = None) -> Result:
        """Run one or several statements, as one transaction. Parameters are $1, $2 … or ?.

        >>> r = db.query("SELECT $1::int + 1 AS n, 1.50 AS price", [41])
        >>> r.columns, r.types, r.rows
        (['n', 'price'], ['integer', 'numeric'], [[42, '1.50']])
        >>> try:
        ...     db.query("SELECT nope")
        ... except Error as e:
        ...     e.code, e.sqlstate, e.position["column"]
        ('UNDEFINED_COLUMN', '42703', 8)
        """
        body = _given(sql=sql, params=list(params), database=database or self._client.database, dialect=dialect, timeout_ms=timeout_ms, max_rows=max_rows)
        a = self.call("POST", "/query", body, idempotency_key=idempotency_key)
        return result_of(a["data"], a.get("results", ()))

    def prepare(self, sql: str, *, database: str | None = None, dialect: str | None = None) -> "Prepared":
        """Prepare a statement, to run it many times.

        >>> add = db.prepare("SELECT $1::int + $2::int")
        >>> add.parameters, add.execute(1, 2).scalar()
        (['integer', 'integer'], 3)
        """
        a = self._client.call("POST", "/prepare", reads=True, body=_given(sql=sql, database=database or self._client.database, dialect=dialect))
        return Prepared(self, a["statement_id"], a["parameters"], a["columns"], a["types"])

    def batch(self, operations: Sequence[Mapping[str, Any]], *, idempotency_key: str | None = None) -> list[Any]:
        """Run requests of the HTTP interface as one transaction, and give their bodies.

        >>> _, kept = db.batch([
        ...     {"id": "q", "method": "POST", "path": "/query", "body": {"sql": "SELECT 40 + 2 AS n"}},
        ...     {"method": "PUT", "path": "/kv/keys/answer", "body": {"value": {"$ref": "q.data.rows.0.0"}}},
        ... ])
        >>> kept["value"]
        42
        """
        a = self.call("POST", "/batch", {"operations": list(operations)}, idempotency_key=idempotency_key)
        return [r["body"] for r in a["results"]]

    def kv(self, bucket: str = "default") -> "KV":
        """The keys of a bucket."""
        return KV(self, bucket)

    def collection(self, name: str) -> "Collection":
        """A collection of documents, which the first insert makes."""
        return Collection(self, name)

    def channel(self, name: str) -> "Channel":
        """A channel of messages, which the first publication makes."""
        return Channel(self, name)

    def metric(self, name: str) -> "Metric":
        """The points of a metric over time."""
        return Metric(self, name)

    def metric_query(self, name: str) -> "MetricQuery":
        """A continuous query, which fills a metric from others."""
        return MetricQuery(self, name)

    def import_data(self, table: str, data: bytes | str, format: str = "csv", *, idempotency_key: str | None = None, **options: Any) -> dict[str, Any]:
        """Import CSV, JSON or NDJSON into a table, which is made where it is missing.
        Look at ``rows_rejected`` in the answer.

        >>> db.import_data("town", "id,name\\n1,Bergen\\n2,Moss\\n")["rows_imported"]
        2
        """
        q = urllib.parse.urlencode({"table": table, "format": format, **_given(database=self._client.database), **{k: _word(v) for k, v in options.items()}})
        content = data.encode() if isinstance(data, str) else data
        return self.call("POST", "/import/sql?" + q, content=content, headers={"Content-Type": "application/octet-stream"}, idempotency_key=idempotency_key)


class Prepared:
    """A prepared statement."""

    def __init__(self, on: Requests, id: str, parameters: list[str], columns: list[str], types: list[str]):
        self._on, self.id, self.parameters, self.columns, self.types = on, id, parameters, columns, types

    def execute(self, *params: Any, idempotency_key: str | None = None) -> Result:
        """Run it with values of its parameters."""
        a = self._on.call("POST", "/prepared/execute", {"statement_id": self.id, "params": list(params)}, idempotency_key=idempotency_key)
        return result_of(a["data"])

    def close(self) -> None:
        """Let the server forget it."""
        self._on._client.call("DELETE", "/prepared/" + urllib.parse.quote(self.id))
