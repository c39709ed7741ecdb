"""Channels of messages, and groups of consumers."""

from __future__ import annotations

import base64
import datetime
import json
import random
import time
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Sequence, Union

from .errors import ConnectionFailed, Error, error_of
from .requests import given, query_string, quote

if TYPE_CHECKING:
    from .session import Requests

#: Where reading begins: "earliest", "latest", an offset, or a time.
Start = Union[str, int, datetime.datetime]
Names = Union[str, Sequence[str]]


class Channel:
    """A durable log of messages, which the first publication makes.

    >>> orders = db.channel("orders")
    >>> orders.publish({"id": 1, "total": 20}, key="c7", event_type="created")["offset"]
    1
    >>> orders.publish_many([{"data": {"id": 2}, "event_type": "created"}, {"data": {"id": 1}, "event_type": "paid"}])
    [2, 3]
    >>> [(m["offset"], m["event_type"]) for m in orders.history(event_type="created")]
    [(1, 'created'), (2, 'created')]
    """

    def __init__(self, on: "Requests", name: str):
        self._on, self.name = on, name

    def _path(self, path: str = "", **query: Any) -> str:
        return f"/streaming/channels/{quote(self.name)}{path}" + query_string(database=self._on._client.database, **query)

    def create(self, *, if_not_exists: bool = False, **options: Any) -> dict[str, Any]:
        """Make the channel: ``max_age``, ``max_bytes``, ``max_count``, ``compact``, ``partitions``.

        >>> db.channel("short").create(max_count=1000, partitions=4)["partitions"]
        4
        """
        body = {"name": self.name, "if_not_exists": if_not_exists, **options}
        return self._on.call("POST", "/streaming/channels" + query_string(database=self._on._client.database), body)

    def alter(self, **bounds: Any) -> dict[str, Any]:
        """Change what it keeps; None lifts a bound."""
        return self._on.call("PATCH", self._path(), bounds)

    def info(self) -> dict[str, Any]:
        """What it keeps, and its offsets."""
        return self._on.call("GET", self._path(), reads=True)

    def drop(self) -> None:
        """Remove it with all its messages."""
        self._on.call("DELETE", self._path())

    def publish(self, data: Any = None, *, key: str | None = None, event_type: str | None = None, source: str | None = None,
                headers: Mapping[str, str] | None = None, producer: str | None = None, sequence: int | None = None,
                idempotency_key: str | None = None) -> dict[str, Any]:
        """Publish a message of JSON or bytes, and give its ``offset``; in a transaction that
        is None until the commit. A ``producer`` that numbers its messages publishes each once,
        and so it is sent again where the connection fails.

        >>> feed = db.channel("feed")
        >>> feed.publish(b"\\x00\\x01", producer="me", sequence=1)["duplicate"]
        False
        >>> feed.publish(b"\\x00\\x01", producer="me", sequence=1)["duplicate"]
        True
        >>> feed.history()[0]["data"]
        b'\\x00\\x01'
        """
        m = {**_written(data), **given(key=key, event_type=event_type, source=source, headers=headers, producer=producer, sequence=sequence)}
        return self._on.call("POST", self._path("/publish"), m, reads=producer is not None, idempotency_key=idempotency_key)

    def publish_many(self, messages: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None) -> list[int | None]:
        """Publish messages, all or none, and give their offsets. Each has ``data`` and what ``publish`` takes."""
        list_ = [{**m, **_written(m.get("data"))} for m in messages]
        safe = bool(list_) and all("producer" in m for m in list_)
        a = self._on.call("POST", self._path("/publish"), {"messages": list_}, reads=safe, idempotency_key=idempotency_key)
        return [r["offset"] for r in a["results"]]

    def history(self, count: int = 100, *, start: Start | None = None, event_type: Names | None = None, source: Names | None = None,
                key: Names | None = None, partition: int | None = None, headers: Mapping[str, str] | None = None,
                filter: Mapping[str, Any] | None = None, where: str | None = None) -> list[dict[str, Any]]:
        """The last messages, or those from ``start`` on. ``where`` is a predicate of SQL over
        the columns of ``stream.<channel>``.

        >>> _ = db.channel("h").publish_many([{"data": {"n": n}} for n in range(5)])
        >>> [m["data"]["n"] for m in db.channel("h").history(start=2, filter={"n": {"$gt": 1}})]
        [2, 3, 4]
        >>> [m["data"]["n"] for m in db.channel("h").history(start=2, where="(data->>'n')::int % 2 = 0")]
        [2, 4]
        """
        q = _filter(event_type, source, key, partition, headers, filter, where)
        return [_read(m) for m in self._on.call("GET", self._path("/history", count=count, **_from(start), **q), reads=True)["events"]]

    def read(self, start: Start = "earliest", **filters: Any) -> Iterator[dict[str, Any]]:
        """The messages that are there, from ``start`` on, without holding all of them.

        >>> sum(1 for _ in db.channel("h").read())
        5
        """
        return self._messages(start, False, filters)

    def subscribe(self, start: Start | None = None, *, event_type: Names | None = None, source: Names | None = None, key: Names | None = None,
                  partition: int | None = None, headers: Mapping[str, str] | None = None, filter: Mapping[str, Any] | None = None,
                  where: str | None = None) -> Iterator[dict[str, Any]]:
        """The messages as they come, from ``start`` on or the next ones. It goes on by itself
        where the connection fails or the server is started anew, and misses none, unless
        retention was faster: then a message ``{"gap": {"from", "to"}}`` comes. Outside of
        transactions.

        >>> for m in db.channel("h").subscribe(start=4):
        ...     print(m["offset"], m["data"])
        ...     if m["offset"] == 5:
        ...         break
        4 {'n': 3}
        5 {'n': 4}
        """
        return self._messages(start, True, dict(event_type=event_type, source=source, key=key, partition=partition, headers=headers, filter=filter, where=where))

    def _messages(self, start: Start | None, follow: bool, filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        failures = 0
        place = _from(start)
        snapshot = start == "snapshot"  # which begins anew, so it is not resumed
        q = _filter(**{k: filters.get(k) for k in ("event_type", "source", "key", "partition", "headers", "filter", "where")})
        unknown = set(filters) - {"event_type", "source", "key", "partition", "headers", "filter", "where"}
        if unknown:
            raise TypeError(f"there is no filter {sorted(unknown)[0]!r}")
        while True:
            try:
                for line in self._on._client._lines("GET", self._path("/ndjson", follow=follow, **place, **q)):
                    m = json.loads(line)
                    if "offset" in m:
                        failures = 0
                        if m["offset"]:
                            place, snapshot = {"from": m["offset"] + 1}, False
                        yield _read(m)
                    elif "subscribed" in m:
                        failures = 0
                        if not snapshot:
                            place = {"from": m["subscribed"]["next_offset"]}
                    elif "gap" in m:
                        place = {"from": m["gap"]["to"] + 1}
                        yield m
                    elif "error" in m:
                        raise error_of(m["error"])
                    elif "end" in m:
                        return
                raise ConnectionFailed({"code": "CONNECTION_FAILED", "detail": "the stream broke off before its end"})
            except Error as e:
                failures += 1
                if not isinstance(e, ConnectionFailed) and e.status != 503 or snapshot or "from" not in place and failures >= self._on._client.attempts:
                    raise
            time.sleep(random.uniform(0, min(0.025 * 2 ** min(failures, 10), 2)))

    def group(self, name: str) -> "Group":
        """A group of consumers."""
        return Group(self, name)

    def groups(self) -> list[dict[str, Any]]:
        """Its groups, and where they are."""
        return self._on.call("GET", self._path("/groups"), reads=True)["groups"]

    def ticket(self, *, operations: Sequence[str] = ("subscribe",), ttl_seconds: int = 60) -> str:
        """A ticket for ``?ticket=`` in the URL of an EventSource or a WebSocket of this channel.

        >>> db.channel("h").ticket().count(".")
        1
        """
        body = {"channels": [self.name], "operations": list(operations), "ttl_seconds": ttl_seconds}
        return self._on.call("POST", "/streaming/tickets" + query_string(database=self._on._client.database), body)["ticket"]


class Group:
    """Consumers that share the messages of a channel: each message goes to one of them, and
    to another where it is not acknowledged in time.

    >>> jobs = db.channel("jobs")
    >>> _ = jobs.publish_many([{"data": n} for n in range(3)])
    >>> workers = jobs.group("workers")
    >>> _ = workers.create(start="earliest", ack_wait_ms=60000)
    >>> a, b, c = workers.pull(member="one")
    >>> workers.ack(a, b), workers.nack(c)
    ([], [])
    >>> [(m["data"], m["delivery"]) for m in workers.pull(member="two")]
    [(2, 2)]
    """

    def __init__(self, channel: Channel, name: str):
        self.channel, self.name = channel, name
        self._on = channel._on

    def _path(self, path: str = "") -> str:
        return self.channel._path(f"/groups/{quote(self.name)}{path}")

    def create(self, *, start: Start | None = None, if_not_exists: bool = False, **options: Any) -> dict[str, Any]:
        """Make the group: ``ack_wait_ms``, ``max_deliver``, ``max_in_flight``, ``dead_letter``, ``ack``, ``order="key"``,
        ``member_timeout_ms``, and the filters ``event_type``, ``source``, ``key``, ``header``, ``filter``,
        ``where``.

        >>> db.channel("jobs").group("big").create(filter={"size": {"$gt": 100}}, order="key")["filter"]
        {'filter': {'size': {'$gt': 100}}}
        """
        at: Any = start
        if isinstance(start, datetime.datetime):
            at = {"time": _time(start)}
        elif isinstance(start, int):
            at = {"offset": start}
        elif isinstance(start, str) and start not in ("earliest", "latest"):
            at = {"time": start}
        return self._on.call("POST", self.channel._path("/groups"), {"name": self.name, "if_not_exists": if_not_exists, **given(start=at), **options})

    def info(self) -> dict[str, Any]:
        """Where it is: ``next_offset``, ``lag``, ``in_flight``, ``dead_letters`` …"""
        return self._on.call("GET", self._path(), reads=True)

    def drop(self) -> None:
        """Remove it. What was handed out cannot be acknowledged any more."""
        self._on.call("DELETE", self._path())

    def pull(self, max: int = 100, *, wait_ms: int = 0, member: str | None = None, idempotency_key: str | None = None) -> list[dict[str, Any]]:
        """Messages for a member, each with ``ack_id`` and ``delivery``; ``wait_ms`` waits for the first."""
        body = {"max": max, "wait_ms": wait_ms, **given(member=member)}
        return [_read(m) for m in self._on.call("POST", self._path("/pull"), body, idempotency_key=idempotency_key)["messages"]]

    def messages(self, *, member: str | None = None, max: int = 100, wait_ms: int = 20000) -> Iterator[dict[str, Any]]:
        """Messages without end. Each is acknowledged when the next is asked for; where the
        loop is left in the middle, or fails, it is not, and comes again.

        >>> _ = db.channel("jobs").publish("last")
        >>> for m in db.channel("jobs").group("workers").messages(member="three"):
        ...     print(m["data"])
        ...     break
        last
        """
        while True:
            for m in self.pull(max, wait_ms=wait_ms, member=member):
                yield m
                if m["ack_id"]:
                    self.ack(m)

    def ack(self, *messages: Mapping[str, Any] | str) -> list[str]:
        """Acknowledge messages, or ids of deliveries; the ids that are stale. In a transaction
        (``tx.channel(…).group(…)``) a stale one fails with the code ACK_STALE."""
        return self._settle("ack", messages)

    def nack(self, *messages: Mapping[str, Any] | str, delay_ms: int = 0) -> list[str]:
        """Have messages handed out again, after a delay; the ids that are stale."""
        return self._settle("nack", messages, delay_ms=delay_ms)

    def extend(self, *messages: Mapping[str, Any] | str, ms: int | None = None) -> list[str]:
        """Take more time for messages; the ids that are stale."""
        return self._settle("extend", messages, **given(delay_ms=ms))

    def leave(self, member: str) -> None:
        """Take a member out of a group in the order of keys."""
        self._on.call("POST", self._path("/leave"), {"member": member})

    def _settle(self, how: str, messages: Sequence[Mapping[str, Any] | str], **more: Any) -> list[str]:
        ids = [m if isinstance(m, str) else m["ack_id"] for m in messages]
        return self._on.call("POST", self._path("/" + how), {"ack_ids": ids, **more}, reads=True)["stale"]  # done twice it is done once


def _time(t: datetime.datetime) -> str:
    if t.tzinfo is None:
        raise ValueError("a time needs a time zone: datetime.now(timezone.utc)")
    return t.isoformat()


def _from(start: Start | None) -> dict[str, Any]:
    return given(**{"from": _time(start) if isinstance(start, datetime.datetime) else start})


def _names(v: Names | None) -> str | None:
    return v if v is None or isinstance(v, str) else ",".join(v)


def _filter(event_type: Names | None, source: Names | None, key: Names | None, partition: int | None,
            headers: Mapping[str, str] | None, filter: Mapping[str, Any] | None, where: str | None) -> dict[str, Any]:
    header = None if headers is None else ",".join(f"{k}:{v}" for k, v in headers.items())
    text = None if filter is None else json.dumps(filter)
    return given(event_type=_names(event_type), source=_names(source), key=_names(key), partition=partition, header=header, filter=text, where=where)


def _written(data: Any) -> dict[str, Any]:
    if isinstance(data, (bytes, bytearray)):
        return {"data": base64.b64encode(data).decode(), "encoding": "base64"}
    return {"data": data}


def _read(m: dict[str, Any]) -> dict[str, Any]:
    if m.get("encoding") == "base64":
        m["data"] = base64.b64decode(m["data"])
    return m
