"""Full-text indexes that stand alone, for texts that are in no collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Sequence

from .errors import NotFound
from .requests import given, query_string, quote

if TYPE_CHECKING:
    from .session import Requests


class TextIndex:
    """A full-text index of its own.

    >>> notes = db.text("notes")
    >>> notes.create()
    >>> notes.put("n1", "Call the plumber", {"by": "ann"})
    >>> found = notes.search("calling", filter={"by": "ann"}, consistency="strong")
    >>> [(h["id"], h["metadata"]) for h in found["hits"]]
    [('n1', {'by': 'ann'})]
    """

    def __init__(self, on: Requests, name: str):
        self._on, self.name = on, name

    def _call(self, method: str, path: str, body: Any = None, *, reads: bool = False) -> Any:
        where = f"/fts/indexes/{quote(self.name)}{path}{query_string(database=self._on._client.database)}"
        return self._on.call(method, where, body, reads=reads)

    def create(self, *, analyzer: str | None = None, suggest: bool | None = None) -> None:
        """Make the index. The analyzer is a language such as en, or standard, simple, keyword; ``suggest`` keeps the words
        as they are written, too, for :meth:`suggest`."""
        self._on.call("POST", "/fts/indexes" + query_string(database=self._on._client.database), given(name=self.name, analyzer=analyzer, suggest=suggest))

    def drop(self) -> None:
        """Remove the index with its texts."""
        self._call("DELETE", "")

    def stats(self) -> dict[str, Any]:
        """What is in it."""
        return self._call("GET", "", reads=True)

    def rebuild(self) -> None:
        """Build it anew."""
        self._call("POST", "/rebuild")

    def put(self, id: str, text: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Write a text, in place of one of the same id."""
        self._call("POST", "/documents", given(id=id, text=text, metadata=metadata))

    def put_many(self, texts: Sequence[Mapping[str, Any]]) -> int:
        """Write texts, each an id, a text and metadata, all of them or none."""
        return self._call("POST", "/batch", {"documents": list(texts)})["count"]

    def get(self, id: str) -> dict[str, Any] | None:
        """A text, or None."""
        try:
            return self._call("GET", "/documents/" + quote(id), reads=True)
        except NotFound as e:
            if e.code == "DOCUMENT_NOT_FOUND":
                return None
            raise

    def delete(self, id: str) -> bool:
        """Remove a text; whether it was there."""
        try:
            self._call("DELETE", "/documents/" + quote(id))
            return True
        except NotFound as e:
            if e.code == "DOCUMENT_NOT_FOUND":
                return False
            raise

    def search(self, query: str | Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """Find texts, the best first: ``k``, ``offset``, ``filter``, ``highlight``, ``consistency``."""
        return self._call("POST", "/search", {"query": query, **options}, reads=True)

    def suggest(self, text: str, **options: Any) -> dict[str, Any]:
        """Complete the last word of a text, or with ``mode="correct"`` give known words for unknown ones; ``limit`` is 10.

        >>> hints = db.text("hints")
        >>> hints.create(suggest=True)
        >>> hints.put("h1", "Call the plumber")
        >>> hints.rebuild()
        >>> [s["text"] for s in hints.suggest("my plum")["suggestions"]]
        ['my plumber']
        """
        return self._call("POST", "/suggest", {"text": text, **options}, reads=True)
