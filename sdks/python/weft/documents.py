"""Documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Sequence

from .errors import NotFound
from .requests import given, query_string, quote

if TYPE_CHECKING:
    from .session import Requests

Document = Mapping[str, Any]


class Collection:
    """A collection of documents. Filters, updates and pipelines are MongoDB's.

    >>> fruit = db.collection("fruit")
    >>> fruit.insert_many([{"_id": "fig", "price": 3}, {"_id": "kiwi", "price": 1}, {"_id": "lime", "price": 2}])
    ['fig', 'kiwi', 'lime']
    >>> [d["_id"] for d in fruit.find({"price": {"$lt": 3}}, sort={"price": -1})]
    ['lime', 'kiwi']
    >>> fruit.update("fig", {"$inc": {"price": 1}})["data"]
    {'_id': 'fig', 'price': 4}
    """

    def __init__(self, on: Requests, name: str):
        self._on, self.name = on, name

    def _call(self, method: str, path: str, body: Any = None, /, *, reads: bool = False, idempotency_key: str | None = None,
              if_version: str | None = None, media_type: str | None = None, **query: Any) -> Any:
        where = f"/documents/collections/{quote(self.name)}{path}{query_string(database=self._on._client.database, **query)}"
        headers = {"If-Match": f'"{if_version}"'} if if_version is not None else {}
        content = None
        if media_type is not None:
            headers["Content-Type"], content, body = media_type, json.dumps(body).encode(), None
        return self._on.call(method, where, body, content=content, headers=headers, reads=reads, idempotency_key=idempotency_key)

    def create(self, **options: Any) -> None:
        """Make the collection: ``schema``, ``fields``, ``validation_action``, ``indexes``, ``if_not_exists``.

        >>> people = db.collection("people")
        >>> people.create(schema={"required": ["name"]}, if_not_exists=True)
        >>> try:
        ...     people.insert({"age": 1})
        ... except Error as e:
        ...     e.code
        'SCHEMA_VIOLATION'
        """
        self._on.call("POST", "/documents/collections" + query_string(database=self._on._client.database), {"name": self.name, **options})

    def alter(self, **options: Any) -> dict[str, Any]:
        """Change ``schema`` or ``fields``, ``validation_action``, ``validate_formats``, and give the collection as it is then.
        What is there is not held against a new schema.

        >>> _ = db.collection("loose").insert({"n": "x"})
        >>> db.collection("loose").alter(schema={"required": ["n"]}, validation_action="warn")["validation_action"]
        'warn'
        """
        return self._call("PATCH", "", options)

    def drop(self) -> None:
        """Remove the collection with all its documents."""
        self._call("DELETE", "")

    def stats(self) -> dict[str, Any]:
        """Describe the collection: document_count, indexes, schema and so on."""
        return self._call("GET", "/stats", reads=True)

    def insert(self, document: Document, id: str | None = None, *, idempotency_key: str | None = None) -> str:
        """Add a document, and give its id: ``id``, or its ``_id``, or its text ``id``, or a new UUID."""
        return self._call("POST", "/documents", given(id=id, document=document), idempotency_key=idempotency_key)["id"]

    def insert_many(self, documents: Sequence[Document], *, idempotency_key: str | None = None) -> list[str]:
        """Add documents, all of them or none, and give their ids."""
        return self._call("POST", "/batch-insert", {"documents": list(documents)}, idempotency_key=idempotency_key)["ids"]

    def entry(self, id: str) -> dict[str, Any] | None:
        """A document with its version, or None."""
        return self._found(f"/documents/{quote(id)}")

    def get(self, id: str) -> dict[str, Any] | None:
        """A document with its ``_id``, or None.

        >>> _ = db.collection("pets").insert({"name": "Rex"}, "rex")
        >>> db.collection("pets").get("rex"), db.collection("pets").get("tom")
        ({'_id': 'rex', 'name': 'Rex'}, None)
        """
        e = self.entry(id)
        return None if e is None else e["data"]

    def path(self, id: str, path: str) -> Any:
        """A part of a document by a path in gjson's syntax, or None."""
        e = self._found(f"/documents/{quote(id)}", path=path)
        return None if e is None else e["value"]

    def _found(self, path: str, /, **query: Any) -> Any:
        try:
            return self._call("GET", path, reads=True, **query)
        except NotFound as e:
            if e.code == "UNDEFINED_DATABASE":
                raise
            return None

    def replace(self, id: str, document: Document, *, upsert: bool = False, if_version: str | None = None,
                idempotency_key: str | None = None) -> dict[str, Any]:
        """Replace a document, or with ``upsert`` also make it."""
        return self._call("PUT", f"/documents/{quote(id)}", {"document": document}, upsert=upsert or None, if_version=if_version,
                          idempotency_key=idempotency_key)["document"]

    def patch(self, id: str, fields: Document, *, if_version: str | None = None, idempotency_key: str | None = None) -> dict[str, Any]:
        """Replace fields of the first level."""
        return self._call("PATCH", f"/documents/{quote(id)}", {"document": fields}, if_version=if_version, idempotency_key=idempotency_key)["document"]

    def update(self, id: str, update: Document, *, array_filters: Sequence[Document] | None = None, if_version: str | None = None,
               idempotency_key: str | None = None) -> dict[str, Any]:
        """Change a document by update operators."""
        return self._call("PATCH", f"/documents/{quote(id)}", given(update=update, array_filters=array_filters), if_version=if_version,
                          idempotency_key=idempotency_key)["document"]

    def merge_patch(self, id: str, patch: Document, *, if_version: str | None = None, idempotency_key: str | None = None) -> dict[str, Any]:
        """Change a document by a JSON Merge Patch (RFC 7386): objects are merged, None removes.

        >>> _ = db.collection("merged").insert({"size": {"w": 1, "h": 2}}, "box")
        >>> db.collection("merged").merge_patch("box", {"size": {"h": None, "d": 3}})["data"]
        {'_id': 'box', 'size': {'w': 1, 'd': 3}}
        """
        return self._call("PATCH", f"/documents/{quote(id)}", patch, if_version=if_version, idempotency_key=idempotency_key,
                          media_type="application/merge-patch+json")["document"]

    def json_patch(self, id: str, operations: Sequence[Document], *, if_version: str | None = None,
                   idempotency_key: str | None = None) -> dict[str, Any]:
        """Change a document by a JSON Patch (RFC 6902), all of its operations or none.

        >>> _ = db.collection("patched").insert({"tags": ["a"]}, "doc")
        >>> db.collection("patched").json_patch("doc", [{"op": "add", "path": "/tags/-", "value": "b"}])["data"]
        {'_id': 'doc', 'tags': ['a', 'b']}
        """
        return self._call("PATCH", f"/documents/{quote(id)}", list(operations), if_version=if_version, idempotency_key=idempotency_key,
                          media_type="application/json-patch+json")["document"]

    def delete(self, id: str, *, if_version: str | None = None, idempotency_key: str | None = None) -> bool:
        """Remove a document; whether it was there."""
        try:
            self._call("DELETE", f"/documents/{quote(id)}", if_version=if_version, idempotency_key=idempotency_key)
            return True
        except NotFound as e:
            if e.code == "UNDEFINED_DATABASE":
                raise
            return False

    def find(self, filter: Document | None = None, *, sort: Mapping[str, int] | None = None, limit: int | None = None, skip: int | None = None,
             projection: Any = None, page_size: int = 1000) -> Iterator[dict[str, Any]]:
        """The documents that a filter holds for, page by page."""
        cursor, left = None, limit
        while left is None or left > 0:
            size = page_size if left is None else min(left, page_size)
            body = given(filter=filter or {}, sort=sort, projection=projection, limit=size, skip=None if cursor else skip, cursor=cursor)
            page = self._call("POST", "/query", body, reads=True)
            for d in page["documents"]:
                yield d["data"]
            left = None if left is None else left - len(page["documents"])
            cursor = page["next_cursor"]
            if not cursor:
                return

    def find_one(self, filter: Document | None = None, **options: Any) -> dict[str, Any] | None:
        """The first document that a filter holds for, or None."""
        return next(self.find(filter, **{**options, "limit": 1}), None)

    def count(self, filter: Document | None = None) -> int:
        """How many documents a filter holds for."""
        return self._call("POST", "/count", {"filter": filter or {}}, reads=True)["count"]

    def update_many(self, filter: Document, update: Document, *, idempotency_key: str | None = None, **options: Any) -> dict[str, Any]:
        """Change the documents that a filter holds for; options are ``upsert``, ``multi``, ``array_filters``, ``sort``.

        >>> _ = db.collection("tools").insert_many([{"kind": "saw"}, {"kind": "saw"}])
        >>> db.collection("tools").update_many({"kind": "saw"}, {"$set": {"sharp": True}})["modified"]
        2
        """
        return self._call("POST", "/update", {"filter": filter, "update": update, **options}, idempotency_key=idempotency_key)

    def delete_many(self, filter: Document, *, idempotency_key: str | None = None) -> int:
        """Remove the documents that a filter holds for; how many."""
        return self._call("POST", "/delete", {"filter": filter}, idempotency_key=idempotency_key)["deleted"]

    def delete_ids(self, ids: Sequence[str], *, idempotency_key: str | None = None) -> int:
        """Remove documents by their ids, all or none; how many were there.

        >>> _ = db.collection("bin").insert_many([{"_id": "a"}, {"_id": "b"}])
        >>> db.collection("bin").delete_ids(["a", "nothing"])
        1
        """
        return self._call("POST", "/batch-delete", {"ids": list(ids)}, idempotency_key=idempotency_key)["deleted"]

    def import_documents(self, documents: Sequence[Document], *, idempotency_key: str | None = None, **options: Any) -> dict[str, Any]:
        """Add many documents and leave out those at fault: ``{"success", "rows_imported", "stopped", "errors": [{"row", "code",
        "message"}]}``. Options are ``mode`` ("partial" or "atomic"), ``on_conflict`` ("error" or "replace") and ``max_errors``.

        >>> done = db.collection("loaded").import_documents([{"_id": "a"}, {"_id": 5}])
        >>> done["rows_imported"], [(e["row"], e["code"]) for e in done["errors"]]
        (1, [(2, 'INVALID_ID')])
        """
        where = "/import/documents" + query_string(database=self._on._client.database)
        return self._on.call("POST", where, {"collection": self.name, "documents": list(documents), **options}, idempotency_key=idempotency_key)

    def find_and_modify(self, filter: Document, *, idempotency_key: str | None = None, **change: Any) -> dict[str, Any] | None:
        """Change or remove the first document that a filter holds for, in one step with finding it: ``update``,
        ``replacement`` or ``remove``, with ``upsert``, ``return`` ("before" or "after"), ``sort``, ``projection``."""
        return self._call("POST", "/find-and-modify", {"filter": filter, **change}, idempotency_key=idempotency_key)["document"]

    def aggregate(self, pipeline: Sequence[Document], *, max_documents: int | None = None) -> list[dict[str, Any]]:
        """Run an aggregation pipeline.

        >>> _ = db.collection("sales").insert_many([{"at": "x", "n": 2}, {"at": "x", "n": 3}])
        >>> db.collection("sales").aggregate([{"$group": {"_id": "$at", "n": {"$sum": "$n"}}}])
        [{'_id': 'x', 'n': 5}]
        """
        return self._call("POST", "/aggregate", given(pipeline=list(pipeline), max_documents=max_documents))["documents"]

    def export(self) -> Iterator[dict[str, Any]]:
        """All documents in the order of their ids, as one stream. Outside of transactions."""
        path = f"/documents/collections/{quote(self.name)}/export{query_string(database=self._on._client.database)}"
        for line in self._on._client._lines("GET", path):
            if line.strip():
                yield json.loads(line)

    def create_index(self, *fields: Any, **options: Any) -> dict[str, Any]:
        """Make an index of paths, or of ``{"path", "order"}``, and answer when it is complete: ``unique``, ``kind``, ``partial``,
        ``ttl_seconds``, ``name``. Outside of transactions, as everything on indexes."""
        return self._call("POST", "/indexes", {"fields": list(fields), **options})["index"]

    def indexes(self) -> list[dict[str, Any]]:
        """The indexes."""
        return self._call("GET", "/indexes", reads=True)["indexes"]

    def drop_index(self, name: str) -> None:
        """Remove an index."""
        self._call("DELETE", "/indexes/" + quote(name))

    def create_text_index(self, *fields: Any, analyzer: str | None = None) -> dict[str, Any]:
        """Give the collection a full-text index over paths, or ``{"path", "type", "analyzer", "boost", "suggest"}``."""
        return self._call("PUT", "/text", given(fields=list(fields), analyzer=analyzer))

    def text_index(self) -> dict[str, Any] | None:
        """Describe the full-text index: ``fields``, ``indexed_documents``, ``applied_timestamp``, ``building``; None where there is none."""
        try:
            return self._call("GET", "/text", reads=True)
        except NotFound as e:
            if e.code == "NO_TEXT_INDEX":
                return None
            raise

    def rebuild_text_index(self) -> None:
        """Build the full-text index anew, and answer when it is built."""
        self._call("POST", "/text/rebuild")

    def drop_text_index(self) -> None:
        """Remove the full-text index."""
        self._call("DELETE", "/text")

    def search(self, query: str | Document, **options: Any) -> dict[str, Any]:
        """Find documents by their words, the best first: ``filter``, ``limit``, ``offset``, ``projection``, ``highlight``,
        ``facets``, ``consistency``.

        >>> texts = db.collection("texts")
        >>> _ = texts.insert({"body": "Walking in the old town"}, "w"), texts.create_text_index("body")
        >>> [h["id"] for h in texts.search("walks", consistency="strong")["hits"]]
        ['w']
        """
        return self._call("POST", "/search", {"query": query, **options}, reads=True)

    def suggest(self, text: str, **options: Any) -> dict[str, Any]:
        """Complete the last word of a text, or with ``mode="correct"`` give known words for unknown ones. Options are
        ``field``, ``mode`` and ``limit``.

        >>> wares, plain = db.collection("wares"), db.collection("plain")
        >>> _ = plain.insert({"name": "fig"})
        >>> _ = wares.insert({"name": "Lantern"}), wares.create_text_index({"path": "name", "suggest": True})
        >>> [s["text"] for s in wares.suggest("old lan")["suggestions"]]
        ['old lantern']
        >>> wares.suggest("lanturn", mode="correct")["text"]
        'lantern'
        >>> wares.rebuild_text_index()
        >>> wares.text_index()["indexed_documents"], plain.text_index()
        (1, None)
        """
        return self._call("POST", "/suggest", {"text": text, **options}, reads=True)
