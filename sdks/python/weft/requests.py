"""How requests are put together."""

from __future__ import annotations

import urllib.parse
import uuid
from typing import Any, Mapping

Headers = Mapping[str, str]


def new_key() -> str:
    """A fresh Idempotency-Key."""
    return str(uuid.uuid4())


def key_header(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}


def given(**values: Any) -> dict[str, Any]:
    """The values that are not None."""
    return {k: v for k, v in values.items() if v is not None}


def word(v: Any) -> Any:
    """A value as it stands in a URL."""
    return str(v).lower() if isinstance(v, bool) else v


def query_string(**values: Any) -> str:
    """A query string with its question mark, or nothing."""
    q = urllib.parse.urlencode({k: word(v) for k, v in values.items() if v is not None})
    return "?" + q if q else ""


def quote(name: str) -> str:
    """A name as a part of a path."""
    return urllib.parse.quote(name, safe="")
