"""Failures as classes."""

from __future__ import annotations

import json
from typing import Any, Mapping


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
    """The server is recovering, stopping or busy (503), or asks for patience (429)."""


class ConstraintViolation(Error):
    """A UNIQUE, FOREIGN KEY, CHECK, NOT NULL or exclusion constraint stands against it (SQLSTATE 23…)."""


class Gone(Error):
    """It is over: a transaction that has ended, history that is gone (410)."""


class Timeout(Error):
    """Out of time at the server (504)."""


class ConnectionFailed(Error):
    """There is no whole answer. What was asked for may have been done, unless it only reads;
    with an Idempotency-Key it can be sent again."""


_kinds = {404: NotFound, 410: Gone, 412: PreconditionFailed, 429: Unavailable, 503: Unavailable, 504: Timeout}


def error_of(problem: Mapping[str, Any]) -> Error:
    """The failure of the right class."""
    if (problem.get("sqlstate") or "").startswith("23"):
        return ConstraintViolation(problem)
    if problem.get("status") == 409 and problem.get("retryable"):
        return Conflict(problem)
    return _kinds.get(problem.get("status"), Error)(problem)


def failure_of(status: int, data: bytes) -> Error:
    """The failure that an answer tells of."""
    try:
        problem = json.loads(data)
    except ValueError:
        problem = {"detail": data[:200].decode("utf-8", "replace")}
    return error_of({**problem, "status": status})
