"""The client: one class for a server, one for a transaction."""

from __future__ import annotations

import http.client
import json
import random
import time
import urllib.parse
from typing import Any, Callable, Iterator, Sequence, TypeVar

from .errors import Conflict, ConnectionFailed, Error, error_of, failure_of
from .requests import Headers, given as _given, query_string
from .session import Requests
from .text import TextIndex

T = TypeVar("T")


def connect(url: str = "http://127.0.0.1:7600", database: str | None = None, timeout: float = 60, attempts: int = 4) -> "Client":
    """A client of a server. No request is made yet. ``attempts`` bounds how often one is sent."""
    return Client(url, database, timeout, attempts)


class Client(Requests):
    """A server, and a database of it. It may be used by one thread at a time."""

    def __init__(self, url: str, database: str | None = None, timeout: float = 60, attempts: int = 4):
        u = urllib.parse.urlsplit(url)
        if u.scheme not in ("http", "https") or not u.hostname:
            raise ValueError(f"{url!r} is no URL of a server, such as http://127.0.0.1:7600")
        self._client = self
        self.database, self.attempts = database, max(1, attempts)
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
        except (OSError, http.client.HTTPException) as e:
            self.close()  # the next request gets a fresh connection
            raise ConnectionFailed({"code": "CONNECTION_FAILED", "detail": f"no whole answer from {self._host}: {e}"}) from e

    def begin(self, *, isolation: str | None = None, read_only: bool = False, idle_timeout_ms: int | None = None, as_of: str | None = None,
              durability: str | None = None) -> "Transaction":
        """Begin a transaction that spans requests. Use it with ``with``.

        ``durability`` is what its commit has survived when it returns: ``"sync"``, ``"interval"`` or ``"async"``.
        """
        a = self.call("POST", "/transactions", _given(isolation=isolation, read_only=read_only, idle_timeout_ms=idle_timeout_ms, as_of=as_of, database=self.database),
                      headers={"Weft-Durability": durability} if durability else None)
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

    def text(self, name: str) -> TextIndex:
        """A full-text index that stands alone."""
        return TextIndex(self, name)

    def texts(self) -> list[str]:
        """Names of the full-text indexes that stand alone."""
        return self.call("GET", "/fts/indexes" + self._here(), reads=True)["indexes"]

    def collections(self) -> list[dict[str, Any]]:
        """The collections of the database, with the number of their documents."""
        return self.call("GET", "/documents/collections" + self._here(), reads=True)

    def metrics(self) -> list[dict[str, Any]]:
        """The metrics of the database, with their fields."""
        return self.call("GET", "/timeseries/metrics" + self._here(), reads=True)

    def metric_queries(self) -> list[dict[str, Any]]:
        """The continuous queries that fill metrics, and what they have done."""
        return self.call("GET", "/timeseries/continuous-queries" + self._here(), reads=True)["continuous_queries"]

    def channels(self) -> list[dict[str, Any]]:
        """The channels of the database, with their offsets and bounds."""
        return self.call("GET", "/streaming/channels" + query_string(database=self.database, details=True), reads=True)

    def buckets(self) -> list[dict[str, Any]]:
        """The buckets of the database."""
        return self.call("GET", "/kv/buckets" + self._here(), reads=True)["buckets"]

    def tables(self) -> list[dict[str, Any]]:
        """The tables of the database, with columns, indexes and constraints."""
        return self.call("GET", "/tables" + self._here(), reads=True)["tables"]

    def databases(self) -> list[dict[str, Any]]:
        """The databases of the server."""
        return self.call("GET", "/databases", reads=True)["databases"]

    def create_database(self, name: str, *, if_not_exists: bool = False) -> bool:
        """Make a database; whether it was not there."""
        return self.call("POST", "/databases", {"name": name, "if_not_exists": if_not_exists})["created"]

    def drop_database(self, name: str) -> None:
        """Drop a database with all that is in it."""
        self.call("DELETE", "/databases/" + urllib.parse.quote(name, safe=""))

    def _here(self) -> str:
        return query_string(database=self.database)

    def stream(self, sql: str, params: Sequence[Any] = (), *, database: str | None = None) -> Iterator[list[Any]]:
        """The rows of a query as they are made, without holding all of them. It has a
        connection of its own, and fails where the stream breaks off.

        >>> sum(n for n, in db.stream("SELECT generate_series(1, $1)", [1000]))
        500500
        """
        body = _given(sql=sql, params=list(params), database=database or self.database)
        for line in self._lines("POST", "/query?format=ndjson", body):
            row = json.loads(line)
            if isinstance(row, list):
                yield row
            elif "error" in row:
                raise error_of(row["error"])
            elif "end" in row:
                return
        raise ConnectionFailed({"code": "CONNECTION_FAILED", "detail": "the stream broke off before its end"})

    def _lines(self, method: str, path: str, body: Any = None) -> Iterator[bytes]:
        """The lines of an answer, on a connection of their own."""
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        conn = kind(self._host, self._port, timeout=self._timeout)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            conn.request(method, "/api/v1" + path, None if body is None else json.dumps(body).encode(), headers)
            res = conn.getresponse()
            if res.status >= 400:
                raise failure_of(res.status, res.read())
            yield from res
        except (OSError, http.client.HTTPException) as e:
            raise ConnectionFailed({"code": "CONNECTION_FAILED", "detail": f"the stream of {self._host} broke off: {e}"}) from e
        finally:
            conn.close()


class Transaction(Requests):
    """A transaction. Its requests run one after the other, and each is numbered."""

    def __init__(self, client: Client, id: str):
        self._client, self.id, self._seq, self._open = client, id, 0, True

    def _headers(self) -> dict[str, str]:
        return {"Weft-Transaction": self.id}

    def _call(self, method: str, path: str, body: Any, content: bytes | None, headers: Headers, again: bool, step: bool = False) -> Any:
        # a numbered step is done once, however often it is sent, and its conflicts concern all of the transaction
        numbered = {**{k: v for k, v in headers.items() if k != "Idempotency-Key"}, "Weft-Transaction-Seq": str(self._seq + 1)}
        return super()._call(method, path, body, content, numbered, True, True)

    def _answered(self, headers: Headers) -> None:
        if headers.get("Weft-Transaction-Seq") == str(self._seq + 1):  # otherwise the number is still to be used
            self._seq += 1

    def commit(self) -> str | None:
        """Commit, and give the timestamp; None where nothing was written."""
        a = self._client.call("POST", f"/transactions/{self.id}/commit", reads=True)  # asked again it tells the same outcome
        self._open = False
        return a.get("commit_timestamp")

    def rollback(self) -> None:
        """Undo everything."""
        self._client.call("POST", f"/transactions/{self.id}/rollback", reads=True)
        self._open = False

    def _end(self) -> None:
        if self._open:
            self._open = False
            try:
                self._client.call("DELETE", f"/transactions/{self.id}", reads=True)
            except Error:
                pass  # it ends by itself

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._open:
            self.commit()
        self._end()
