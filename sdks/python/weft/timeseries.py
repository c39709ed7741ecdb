"""Metrics, and their points over time."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Union

from .requests import given, query_string, quote

if TYPE_CHECKING:
    from .session import Requests

Time = Union[int, float, str, datetime.datetime]


def _time(t: Time | None) -> int | float | str | None:
    """A time as requests have it: a number since 1970, or RFC 3339."""
    if isinstance(t, datetime.datetime):
        if t.tzinfo is None:
            raise ValueError("a time needs a time zone: datetime.now(timezone.utc)")
        return t.isoformat()
    return t


class Metric:
    """The points of a metric, told apart by tags into series. The first write makes it.

    >>> cpu = db.metric("cpu")
    >>> cpu.write(42.5, {"host": "a"}, time=1700000000)
    >>> cpu.write_many([{"value": 10, "timestamp": 1700000010}, {"value": 30, "timestamp": 1700000050}], tags={"host": "b"})
    2
    >>> cpu.points({"host": "b"}, precision="s")
    [{'field': 'value', 'tags': {'host': 'b'}, 'points': [{'timestamp': 1700000010, 'value': 10}, {'timestamp': 1700000050, 'value': 30}]}]
    >>> [p["value"] for p in cpu.aggregate("max", "1m", group_by=[])[0]["points"]]
    [42.5, 30]
    """

    def __init__(self, on: Requests, name: str):
        self._on, self.name = on, name

    def _query(self) -> str:
        return query_string(database=self._on._client.database)

    def _here(self, path: str = "") -> str:
        return f"/timeseries/metrics/{quote(self.name)}{path}{self._query()}"

    def register(self, *, metric_type: str = "gauge", unit: str | None = None, description: str | None = None, duplicates: str | None = None,
                 fields: Mapping[str, str] | None = None, if_not_exists: bool = False) -> dict[str, Any]:
        """Make the metric ahead of its points. Fields are float, int, bool or string."""
        body = given(name=self.name, metric_type=metric_type, unit=unit, description=description, duplicates=duplicates, fields=fields)
        return self._on.call("POST", "/timeseries/metrics" + self._query(), {**body, "if_not_exists": if_not_exists})["metric"]

    def info(self) -> dict[str, Any]:
        """What it is, and how many series and values of tags it has."""
        return self._on.call("GET", self._here(), reads=True)

    def tag_values(self, tag: str) -> list[str]:
        """The values of a tag."""
        return self._on.call("GET", self._here(f"/tags/{quote(tag)}"), reads=True)["values"]

    def drop(self) -> None:
        """Remove the metric with all its points."""
        self._on.call("DELETE", self._here())

    def write(self, value: Any, tags: Mapping[str, str] | None = None, *, time: Time | None = None, idempotency_key: str | None = None) -> None:
        """Write a point: a value, or fields by their names. Without a time it is now."""
        point = {"fields" if isinstance(value, Mapping) else "value": value, **given(tags=tags, timestamp=_time(time))}
        self._on.call("POST", "/timeseries/write" + self._query(), {"metric": self.name, **point}, idempotency_key=idempotency_key)

    def write_many(self, points: Iterable[Mapping[str, Any]], *, tags: Mapping[str, str] | None = None, precision: str | None = None,
                   idempotency_key: str | None = None) -> int:
        """Write points, all or none: each has ``value`` or ``fields``, and ``tags`` and ``timestamp``. The number of points."""
        body = {"metric": self.name, "points": [{**p, **given(timestamp=_time(p.get("timestamp")))} for p in points], **given(tags=tags, precision=precision)}
        return self._on.call("POST", "/timeseries/write" + self._query(), body, idempotency_key=idempotency_key)["written"]

    def points(self, tags: Mapping[str, Any] | None = None, *, start: Time | None = None, end: Time | None = None, **options: Any) -> list[dict[str, Any]]:
        """The series that match, with their points: ``fields``, ``limit``, ``order``, ``precision``, and what ``aggregate`` has."""
        body = {"metric": self.name, **given(tags=tags, start=_time(start), end=_time(end)), **options}
        return self._on.call("POST", "/timeseries/query" + self._query(), body, reads=True)["series"]

    def aggregate(self, function: str, interval: str | None = None, tags: Mapping[str, Any] | None = None, *, type: str | None = None, **options: Any) -> list[dict[str, Any]]:
        """What the points come to, by windows or over the whole range: ``start``, ``end``, ``group_by``, ``fill``, ``timezone``."""
        return self.points(tags, aggregation=given(function=function, interval=interval, type=type), **options)

    def delete(self, tags: Mapping[str, Any] | None = None, *, start: Time | None = None, end: Time | None = None) -> int:
        """Remove the points of a range, or without one the series that match. How many series that are."""
        body = {"metric": self.name, **given(tags=tags, start=_time(start), end=_time(end))}
        return self._on.call("POST", "/timeseries/delete" + self._query(), body)["series"]

    def import_data(self, data: bytes | str, format: str = "csv", *, time: str | None = None, tags: Iterable[str] = (), fields: Iterable[str] = (),
                    types: Mapping[str, str] | None = None, idempotency_key: str | None = None, **options: Any) -> dict[str, Any]:
        """Import points from CSV, JSON or NDJSON: ``time`` is the column with the time, and ``tags`` and
        ``fields`` are columns; besides ``precision``, ``time_format``, ``timezone``, ``mode`` and what the import
        of tables has. Look at ``points_rejected`` in the answer.

        >>> db.metric("taxi").import_data("pickup,zone,riders\\n2026-07-01 00:00,JFK,10844\\n2026-07-01 00:30,JFK,8127\\n", time="pickup", tags=["zone"])["points_imported"]
        2
        """
        q = query_string(metric=self.name, format=format, database=self._on._client.database, time=time, tags=",".join(tags) or None, fields=",".join(fields) or None,
                         types=";".join(f"{k}={v}" for k, v in (types or {}).items()) or None, **options)
        content = data.encode() if isinstance(data, str) else data
        return self._on.call("POST", "/import/timeseries" + q, content=content, headers={"Content-Type": "application/octet-stream"}, idempotency_key=idempotency_key)


class MetricQuery:
    """A continuous query: a statement that fills a metric from others, window by window, as time passes.

    >>> q = db.metric_query("cpu by host")
    >>> q.create("INSERT INTO ts.cpu_5m SELECT $1 AS time, host, avg(value) AS mean FROM ts.cpu WHERE time >= $1 AND time < $2 GROUP BY host", every="5m", late="1h")["target"]
    'cpu_5m'
    >>> q.pause()["state"], q.resume()["state"], [x["name"] for x in db.metric_queries()]
    ('paused', 'running', ['cpu by host'])
    >>> q.alter(late="2h")["late"]
    '2h'
    >>> q.drop()
    """

    def __init__(self, on: Requests, name: str):
        self._on, self.name = on, name

    def _here(self, path: str = "") -> str:
        return f"/timeseries/continuous-queries/{quote(self.name)}{path}" + query_string(database=self._on._client.database)

    def create(self, query: str, *, every: str, delay: str | None = None, late: str | None = None, start: Time | None = None, paused: bool = False) -> dict[str, Any]:
        """Make it. ``$1`` and ``$2`` of the statement are where a window begins and where it ends."""
        body = {"name": self.name, "query": query, "every": every, **given(delay=delay, late=late, start=_time(start), paused=paused or None)}
        return self._on.call("POST", "/timeseries/continuous-queries" + query_string(database=self._on._client.database), body)["continuous_query"]

    def info(self) -> dict[str, Any]:
        """What it is, and what it has done."""
        return self._on.call("GET", self._here(), reads=True)

    def pause(self) -> dict[str, Any]:
        """Have it run no more until it is resumed."""
        return self._on.call("POST", self._here("/pause"), {})["continuous_query"]

    def resume(self, start: Time | None = None) -> dict[str, Any]:
        """Have it go on where it is, or from a time: windows are run once more, or left out."""
        return self._on.call("POST", self._here("/resume"), given(start=_time(start)))["continuous_query"]

    def alter(self, *, delay: str | None = None, late: str | None = None, paused: bool | None = None) -> dict[str, Any]:
        """Change how long it waits for what is late, or pause it; ``"0s"`` is none. What is left out stays."""
        return self._on.call("PATCH", self._here(), given(delay=delay, late=late, paused=paused))["continuous_query"]

    def drop(self) -> None:
        """Remove it. What it has written stays."""
        self._on.call("DELETE", self._here())
