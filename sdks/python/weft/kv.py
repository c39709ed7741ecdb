"""Keys and values."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Sequence

from .errors import ConnectionFailed, NotFound, error_of
from .requests import given, query_string, quote

if TYPE_CHECKING:
    from .session import Requests


class KV:
    """The keys of a bucket. Values are anything that JSON holds, or bytes."""

    def __init__(self, on: Requests, bucket: str):
        self._on, self.bucket = on, bucket

    def _query(self, **more: Any) -> str:
        return query_string(bucket=self.bucket, database=self._on._client.database, **more)

    def _post(self, path: str, body: Mapping[str, Any], *, idempotency_key: str | None = None, reads: bool = False) -> Any:
        return self._on.call("POST", path + self._query(), dict(body), reads=reads, idempotency_key=idempotency_key)

    def entry(self, key: str) -> dict[str, Any] | None:
        """The entry of a key with version, TTL and times, or None.

        >>> _ = db.kv("people").set("eve", 1, ttl=60)
        >>> db.kv("people").entry("eve")["ttl"]
        60
        """
        try:
            return self._on.call("GET", f"/kv/keys/{quote(key)}{self._query(raw=False)}", reads=True)
        except NotFound as e:
            if e.code == "KEY_NOT_FOUND":
                return None
            raise

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key; bytes as bytes.

        >>> _ = db.kv("people").set("ada", {"born": 1815})
        >>> db.kv("people").get("ada"), db.kv("people").get("bob")
        ({'born': 1815}, None)
        """
        e = self.entry(key)
        return default if e is None else _value(e)

    def set(self, key: str, value: Any, *, ttl: float | None = None, if_version: str | None = None, if_absent: bool = False,
            if_present: bool = False, keep_ttl: bool = False, idempotency_key: str | None = None) -> dict[str, Any]:
        """Set a key, on a condition or without one; PreconditionFailed where it does not hold.

        >>> first = db.kv("locks").set("job", "me", if_absent=True, ttl=30)
        >>> try:
        ...     db.kv("locks").set("job", "you", if_absent=True)
        ... except PreconditionFailed:
        ...     db.kv("locks").set("job", "me again", if_version=first["version"])["value"]
        'me again'
        """
        conditions = given(ttl=ttl, if_version=if_version, if_absent=if_absent or None, if_present=if_present or None, keep_ttl=keep_ttl or None)
        return self._post("/kv/keys", {"key": key, **_written(value), **conditions}, idempotency_key=idempotency_key)

    def delete(self, key: str, *, if_version: str | None = None, idempotency_key: str | None = None) -> bool:
        """Remove a key; whether it was there."""
        headers = {"If-Match": f'"{if_version}"'} if if_version is not None else {}
        try:
            self._on.call("DELETE", f"/kv/keys/{quote(key)}{self._query()}", headers=headers, idempotency_key=idempotency_key)
            return True
        except NotFound as e:
            if e.code == "KEY_NOT_FOUND":
                return False
            raise

    def increment(self, key: str, by: int | float = 1, *, idempotency_key: str | None = None) -> int | float:
        """Add to a number, and give the sum.

        >>> db.kv("hits").increment("home", 5), db.kv("hits").increment("home")
        (5, 6)
        """
        return self._post("/kv/increment", {"key": key, "by": by}, idempotency_key=idempotency_key)["value"]

    def append(self, key: str, value: Any, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Append an element to an array, a string to a string, or bytes to bytes."""
        return self._post("/kv/append", {"key": key, **_written(value)}, idempotency_key=idempotency_key)

    def compare_and_set(self, key: str, value: Any = ..., *, expected: Any = ..., idempotency_key: str | None = None) -> bool:
        """Set a key if it has ``expected``; whether it was. What is left out stands for no such key.

        >>> door = db.kv("state")
        >>> door.compare_and_set("door", "open"), door.compare_and_set("door", "open", expected="shut")
        (True, False)
        """
        body = {k: v for k, v in {"key": key, "value": value, "expected": expected}.items() if v is not ...}
        return self._post("/kv/cas", body, idempotency_key=idempotency_key)["swapped"]

    def get_and_set(self, key: str, value: Any, *, idempotency_key: str | None = None) -> Any:
        """Set a key, and give the value that it had, or None."""
        e = self._post("/kv/getset", {"key": key, **_written(value)}, idempotency_key=idempotency_key)["previous"]
        return None if e is None else _value(e)

    def touch(self, key: str, ttl: float, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Change when a key expires, in seconds from now; 0 is never."""
        return self._post("/kv/touch", {"key": key, "ttl": ttl}, idempotency_key=idempotency_key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        """The values of several keys at one instant, without those that are missing.

        >>> db.kv("cities").set_many({"a": "Oslo", "b": "Rome"})
        2
        >>> db.kv("cities").get_many(["b", "c", "a"])
        {'b': 'Rome', 'a': 'Oslo'}
        """
        return {e["key"]: _value(e) for e in self._post("/kv/batch/get", {"keys": list(keys)}, reads=True)["entries"]}

    def set_many(self, values: Mapping[str, Any], *, ttl: float | None = None, idempotency_key: str | None = None) -> int:
        """Set several keys, all or none; how many."""
        entries = [{"key": k, **_written(v), **given(ttl=ttl)} for k, v in values.items()]
        return self._post("/kv/batch/set", {"entries": entries}, idempotency_key=idempotency_key)["count"]

    def delete_many(self, keys: Sequence[str], *, idempotency_key: str | None = None) -> int:
        """Remove several keys, all or none; how many were there."""
        return self._post("/kv/batch/delete", {"keys": list(keys)}, idempotency_key=idempotency_key)["deleted"]

    def batch(self, operations: Sequence[Mapping[str, Any]], *, idempotency_key: str | None = None) -> list[dict[str, Any]]:
        """Several operations in one step, all or none: each with an ``op`` (get, set, delete, increment, append, touch,
        getset, cas, check), a ``key`` and what the operation takes. Their results are ``{"done", "entry"}``.

        >>> done = db.kv("mixed").batch([{"op": "set", "key": "a", "value": 1}, {"op": "increment", "key": "n", "by": 2}])
        >>> [r["entry"]["value"] for r in done]
        [1, 2]
        """
        return self._post("/kv/batch", {"operations": [dict(o) for o in operations]}, idempotency_key=idempotency_key)["results"]

    def create(self, *, default_ttl: float | None = None, compression: str | None = None) -> dict[str, Any]:
        """Make the bucket, which the first write would do, too, with a TTL in seconds for keys that have none of their
        own and a compression: none, snappy, lz4, zstd.

        >>> visits = db.kv("visits")
        >>> visits.create(default_ttl=60)["default_ttl"], visits.alter(default_ttl=0)["default_ttl"]
        (60, None)
        >>> visits.info()["compression"]
        'none'
        >>> visits.drop()
        """
        path = "/kv/buckets" + query_string(database=self._on._client.database)
        return self._on.call("POST", path, given(name=self.bucket, default_ttl=default_ttl, compression=compression))

    def _bucket(self) -> str:
        return f"/kv/buckets/{quote(self.bucket)}{query_string(database=self._on._client.database)}"

    def info(self) -> dict[str, Any]:
        """The options of the bucket."""
        return self._on.call("GET", self._bucket(), reads=True)

    def alter(self, *, default_ttl: float | None = None, compression: str | None = None) -> dict[str, Any]:
        """Change the options of the bucket, for later writes. A ``default_ttl`` of 0 is none."""
        return self._on.call("PATCH", self._bucket(), given(default_ttl=default_ttl, compression=compression))

    def drop(self) -> None:
        """Remove the bucket with all its keys."""
        self._on.call("DELETE", self._bucket())

    def list(self, prefix: str = "", *, start: str | None = None, end: str | None = None, reverse: bool = False,
             keys_only: bool = False, limit: int = 1000) -> Iterator[dict[str, Any]]:
        """The entries in the order of their keys, page by page of ``limit``.

        >>> _ = db.kv("list").set_many({"a:1": 1, "a:2": 2, "b": 3})
        >>> [e["key"] for e in db.kv("list").list("a:")]
        ['a:1', 'a:2']
        """
        cursor: str | None = None
        while True:
            q = self._query(prefix=prefix or None, start=start, end=end, reverse=reverse, keys_only=keys_only, limit=limit, count="none", cursor=cursor)
            page = self._on.call("GET", "/kv/keys" + q, reads=True)
            yield from page["keys"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def count(self, prefix: str = "", *, exact: bool = True) -> int:
        """How many keys there are; without ``exact`` an estimate where there are many."""
        return self._on.call("GET", "/kv/count" + self._query(prefix=prefix or None, exact=exact), reads=True)["count"]

    def watch(self, prefix: str = "", *, since: str | None = None) -> Iterator[dict[str, Any]]:
        """The changes from now on, or from behind ``since``, the id of an event or a version:
        ``{"event": "put" | "delete" | "drop", "id", "data"}``. It goes on by itself where the
        connection fails. Outside of transactions.

        >>> first = db.kv("watched").set("a", 1)
        >>> _ = db.kv("watched").set("a", 2)
        >>> change = next(db.kv("watched").watch(since=first["version"]))
        >>> change["event"], change["data"]["key"], change["data"]["value"]
        ('put', 'a', 2)
        """
        while True:
            try:
                for change in self._changes(prefix, since):
                    if change["event"] == "end" and change["data"].get("code") != "WATCH_TOO_SLOW" and change["data"].get("status") != 503:
                        raise error_of(change["data"])
                    since = change["id"] or since
                    if change["event"] in ("put", "delete", "drop"):
                        yield change
                    if change["event"] == "drop":
                        return
            except ConnectionFailed:
                pass

    def _changes(self, prefix: str, since: str | None) -> Iterator[dict[str, Any]]:
        path = "/kv/watch" + self._query(prefix=prefix or None, since=since)
        id, event, data = "", "", ""
        for line in self._on._client._lines("GET", path):
            field, _, value = line.decode().rstrip("\r\n").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "id":
                id = value
            elif field == "event":
                event = value
            elif field == "data":
                data += ("\n" if data else "") + value
            elif not field and not value and data:
                yield {"id": id, "event": event, "data": json.loads(data)}
                event, data = "", ""


def _value(entry: Mapping[str, Any]) -> Any:
    encoding = entry.get("encoding")
    if encoding == "base64":
        return base64.b64decode(entry["value"])
    return entry["value"].encode() if encoding == "text" else entry["value"]


def _written(value: Any) -> dict[str, Any]:
    if isinstance(value, (bytes, bytearray)):
        return {"value": base64.b64encode(value).decode(), "encoding": "base64"}
    return {"value": value}
