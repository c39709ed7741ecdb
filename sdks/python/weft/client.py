"""The client: one class for a server, one for a transaction, one for keys."""

from __future__ import annotations

import http.client
import json
import random
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence, TypeVar

T = TypeVar("T")
Headers = Mapping[str, str]


class Error(Exception):
    """A failure that the server told of. Decide by ``code`` or ``sqlstate``."""

    def __init__(self, problem: Mapping[str, Any]):
        super().__init__(problem.get("detail") or problem.get("error") or "the request failed")
        self.status: int = int(problem.get("status", 0))
        self.code: str = problem.get("code", "")
        self.sqlstate: str | None = problem.get("sqlstate")
        self.hint: str | None = problem.get("hint")
        self.field: str | None = problem.get("field")
        self.position: Mapping[str, int] | None = problem.get("position")
        self.request_id: str | None = problem.get("request_id")
        self.operation: int | None = problem.get("operation")
        self.retryable: bool = bool(problem.get("retryable"))


class NotFound(Error):
    """What was named is not there (404)."""


class Conflict(Error):
    """Another transaction was first: run the whole transaction again (409, retryable)."""


class PreconditionFailed(Error):
    """A condition on a version did not hold (412)."""


class Unavailable(Error):
    """The server is recovering, stopping or busy (503)."""


def _error(problem: Mapping[str, Any]) -> Error:
    status = problem.get("status")
    if status == 404:
        return NotFound(problem)
    if status == 409 and problem.get("retryable"):
        return Conflict(problem)
    if status == 412:
        return PreconditionFailed(problem)
    if status == 503:
        return Unavailable(problem)
    return Error(problem)


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


def _result(data: Mapping[str, Any], results: Iterable[Mapping[str, Any]] = ()) -> Result:
    return Result(data["columns"], data["types"], data["rows"], data["rows_affected"], data["command"], [_result(r) for r in results])


def connect(url: str = "http://127.0.0.1:7600", database: str | None = None, timeout: float = 60) -> "Client":
    """A client of a server. No request is made yet."""
    return Client(url, database, timeout)


class _Requests:
    """What a client and a transaction have in common."""

    _client: "Client"

    def _headers(self) -> dict[str, str]:
        return {}

    def _answered(self, headers: Headers) -> None:
        pass

    def _call(self, method: str, path: str, body: Any = None, headers: Headers | None = None, content: bytes | None = None) -> Any:
        status, got, data = self._client._send(method, path, body, {**self._headers(), **(headers or {})}, content)
        self._answered(got)
        if status >= 400:
            raise _failure(status, data)
        return json.loads(data) if data else None

    def query(self, sql: str, params: Sequence[Any] = (), *, database: str | None = None, dialect: str | None = None,
              timeout_ms: int | None = None, max_rows: int | None = None, idempotency_key: str | None = None) -> Result:
        """Run one or several statements. Parameters are $1, $2 … or ?."""
        body = _given(sql=sql, params=list(params), database=database or self._client.database, dialect=dialect, timeout_ms=timeout_ms, max_rows=max_rows)
        a = self._call("POST", "/query", body, _key(idempotency_key))
        return _result(a["data"], a.get("results", ()))

    def prepare(self, sql: str, *, database: str | None = None, dialect: str | None = None) -> "Prepared":
        """Prepare a statement, to run it many times."""
        a = self._client._call("POST", "/prepare", _given(sql=sql, database=database or self._client.database, dialect=dialect))
        return Prepared(self, a["statement_id"], a["parameters"], a["columns"], a["types"])

    def batch(self, operations: Sequence[Mapping[str, Any]], *, idempotency_key: str | None = None) -> list[Any]:
        """Run requests of the HTTP interface as one transaction, and give their bodies."""
        a = self._call("POST", "/batch", {"operations": list(operations)}, _key(idempotency_key))
        return [r["body"] for r in a["results"]]

    def kv(self, bucket: str = "default") -> "KV":
        """The keys of a bucket."""
        return KV(self, bucket)

    def import_data(self, table: str, data: bytes | str, format: str = "csv", **options: Any) -> dict[str, Any]:
        """Import CSV, JSON or NDJSON into a table, which is made where it is missing.
        Look at ``rows_rejected`` in the answer."""
        q = urllib.parse.urlencode({"table": table, "format": format, **_given(database=self._client.database), **{k: _word(v) for k, v in options.items()}})
        content = data.encode() if isinstance(data, str) else data
        return self._call("POST", "/import/sql?" + q, None, {"Content-Type": "application/octet-stream"}, content)


class Client(_Requests):
    """A server, and a database of it. It may be used by one thread at a time."""

    def __init__(self, url: str, database: str | None = None, timeout: float = 60):
        u = urllib.parse.urlsplit(url)
        if u.scheme not in ("http", "https") or not u.hostname:
            raise ValueError(f"{url!r} is no URL of a server, such as http://127.0.0.1:7600")
        self._client = self
        self.database = database
        self._https, self._host, self._port, self._timeout = u.scheme == "https", u.hostname, u.port, timeout
        self._conn: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self._conn:
            self._conn.close()
            self._conn = None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._conn is None:
            kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
            self._conn = kind(self._host, self._port, timeout=self._timeout)
        return self._conn

    def _send(self, method: str, path: str, body: Any, headers: Headers, content: bytes | None) -> tuple[int, Headers, bytes]:
        sent = dict(headers)
        if body is not None:
            content = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            conn = self._connection()
            conn.request(method, "/api/v1" + path, content, sent)
            res = conn.getresponse()
            return res.status, res.headers, res.read()
        except (OSError, http.client.HTTPException):
            self.close()  # the next request gets a fresh connection
            raise

    def begin(self, *, isolation: str | None = None, read_only: bool = False, idle_timeout_ms: int | None = None, as_of: str | None = None) -> "Transaction":
        """Begin a transaction that spans requests. Use it with ``with``."""
        a = self._call("POST", "/transactions", _given(isolation=isolation, read_only=read_only, idle_timeout_ms=idle_timeout_ms, as_of=as_of, database=self.database))
        return Transaction(self, a["transaction_id"])

    def transaction(self, fn: Callable[["Transaction"], T], *, attempts: int = 10, **options: Any) -> T:
        """Run fn in a transaction and commit it, again where it met a conflict."""
        for attempt in range(1, attempts + 1):
            tx = self.begin(**options)
            try:
                result = fn(tx)
                tx.commit()
                return result
            except Conflict:
                if attempt == attempts:
                    raise
                time.sleep(random.uniform(0, min(0.001 * 2**attempt, 0.1)))
            finally:
                tx._end()
        raise ValueError("attempts must be at least 1")

    def stream(self, sql: str, params: Sequence[Any] = (), *, database: str | None = None) -> Iterator[list[Any]]:
        """The rows of a query as they are made, without holding all of them. It has a
        connection of its own, and fails where the stream breaks off."""
        other = Client.__new__(Client)
        other.__dict__.update(self.__dict__, _conn=None)
        conn = other._connection()
        try:
            conn.request("POST", "/api/v1/query?format=ndjson", json.dumps(_given(sql=sql, params=list(params), database=database or self.database)).encode(),
                         {"Content-Type": "application/json"})
            res = conn.getresponse()
            if res.status >= 400:
                raise _failure(res.status, res.read())
            for line in res:
                row = json.loads(line)
                if isinstance(row, list):
                    yield row
                elif "error" in row:
                    raise _error(row["error"])
                elif "end" in row:
                    return
            raise Error({"code": "INCOMPLETE", "detail": "the stream broke off before its end"})
        finally:
            conn.close()


class Transaction(_Requests):
    """A transaction. Its requests run one after the other, and each is numbered."""

    def __init__(self, client: Client, id: str):
        self._client, self.id, self._seq, self._open = client, id, 0, True

    def _headers(self) -> dict[str, str]:
        return {"Weft-Transaction": self.id}

    def _call(self, method: str, path: str, body: Any = None, headers: Headers | None = None, content: bytes | None = None) -> Any:
        numbered = {**(headers or {}), "Weft-Transaction-Seq": str(self._seq + 1)}
        try:
            return super()._call(method, path, body, numbered, content)
        except (OSError, http.client.HTTPException):  # the answer was lost: the same step again
            return super()._call(method, path, body, numbered, content)

    def _answered(self, headers: Headers) -> None:
        if headers.get("Weft-Transaction-Seq") == str(self._seq + 1):  # otherwise the number is still to be used
            self._seq += 1

    def commit(self) -> str | None:
        """Commit, and give the timestamp; None where nothing was written."""
        try:
            a = self._client._call("POST", f"/transactions/{self.id}/commit")
        except (OSError, http.client.HTTPException):  # asked again it tells the same outcome
            a = self._client._call("POST", f"/transactions/{self.id}/commit")
        self._open = False
        return a.get("commit_timestamp")

    def rollback(self) -> None:
        """Undo everything."""
        self._client._call("POST", f"/transactions/{self.id}/rollback")
        self._open = False

    def _end(self) -> None:
        if self._open:
            self._open = False
            try:
                self._client._call("DELETE", f"/transactions/{self.id}")
            except (Error, OSError, http.client.HTTPException):
                pass  # it ends by itself

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._open:
            self.commit()
        self._end()


class Prepared:
    """A prepared statement."""

    def __init__(self, on: _Requests, id: str, parameters: list[str], columns: list[str], types: list[str]):
        self._on, self.id, self.parameters, self.columns, self.types = on, id, parameters, columns, types

    def execute(self, *params: Any) -> Result:
        """Run it with values of its parameters."""
        a = self._on._call("POST", "/prepared/execute", {"statement_id": self.id, "params": list(params)})
        return _result(a["data"])

    def close(self) -> None:
        """Let the server forget it."""
        self._on._client._call("DELETE", "/prepared/" + urllib.parse.quote(self.id))


class KV:
    """The keys of a bucket. Values are anything that JSON can hold."""

    def __init__(self, on: _Requests, bucket: str):
        self._on, self.bucket = on, bucket

    def _body(self, key: str, **more: Any) -> dict[str, Any]:
        return {"key": key, "bucket": self.bucket, **_given(database=self._on._client.database), **more}

    def entry(self, key: str) -> dict[str, Any] | None:
        """The entry of a key with version, TTL and times, or None."""
        q = urllib.parse.urlencode({"bucket": self.bucket, "raw": "false", **_given(database=self._on._client.database)})
        try:
            return self._on._call("GET", f"/kv/keys/{urllib.parse.quote(key, safe='')}?{q}")
        except NotFound as e:
            if e.code == "KEY_NOT_FOUND":
                return None
            raise

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        e = self.entry(key)
        return default if e is None else e["value"]

    def set(self, key: str, value: Any, *, ttl: float | None = None, if_version: str | None = None, if_absent: bool = False) -> dict[str, Any]:
        """Set a key, on a condition or without one."""
        return self._on._call("POST", "/kv/keys", self._body(key, value=value, **_given(ttl=ttl, if_version=if_version, if_absent=if_absent or None)))

    def delete(self, key: str) -> bool:
        """Remove a key; whether it was there."""
        q = urllib.parse.urlencode({"bucket": self.bucket, **_given(database=self._on._client.database)})
        try:
            self._on._call("DELETE", f"/kv/keys/{urllib.parse.quote(key, safe='')}?{q}")
            return True
        except NotFound as e:
            if e.code == "KEY_NOT_FOUND":
                return False
            raise

    def increment(self, key: str, by: int | float = 1) -> int | float:
        """Add to a number, and give the sum."""
        return self._on._call("POST", "/kv/increment", self._body(key, by=by))["value"]

    def list(self, prefix: str = "", *, limit: int = 1000) -> Iterator[dict[str, Any]]:
        """The entries whose keys begin with prefix, in order, page by page."""
        cursor: str | None = None
        while True:
            q = urllib.parse.urlencode({"bucket": self.bucket, "prefix": prefix, "limit": limit, "count": "none", **_given(cursor=cursor, database=self._on._client.database)})
            page = self._on._call("GET", "/kv/keys?" + q)
            yield from page["keys"]
            cursor = page["next_cursor"]
            if not cursor:
                return


def new_key() -> str:
    """A fresh Idempotency-Key."""
    return str(uuid.uuid4())


def _key(key: str | None) -> Headers:
    return {"Idempotency-Key": key} if key else {}


def _given(**values: Any) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v is not None}


def _word(v: Any) -> Any:
    return str(v).lower() if isinstance(v, bool) else v


def _failure(status: int, data: bytes) -> Error:
    try:
        problem = json.loads(data)
    except ValueError:
        problem = {"detail": data[:200].decode("utf-8", "replace")}
    return _error({"status": status, **problem})
