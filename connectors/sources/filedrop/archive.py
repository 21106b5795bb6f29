"""Puts files into the archive once the warehouse has their rows.

Data flow: marks of what is loaded -> files whose content every mapping has done -> archive.

A file is moved only if its content is the very one that was loaded: by all mappings that match it,
and looked at again right before the move. Anything else stays for the next read.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping

from connectors.sources.filedrop.folders import Folder, Found
from connectors.sources.filedrop.place import Place

log = logging.getLogger(__name__)


def put_loaded_away(
    folder: Folder, readers: Iterable[tuple[str, str, Found]], loaded: Mapping[str, str]
) -> None:
    """`readers`: (stream, key, file) for every mapping that matches a file."""
    places = {stream: Place.parse(mark) for stream, mark in loaded.items()}
    digests: dict[str, set[str | None]] = {}
    files: dict[str, Found] = {}
    for stream, key, found in readers:
        place = places.get(stream, Place())
        digests.setdefault(found.name, set()).add(place.done.get(key))
        files[found.name] = found
    for name, known in sorted(digests.items()):
        if len(known) == 1 and (digest := next(iter(known))) is not None:
            _put_away(folder, files[name], digest)


def _put_away(folder: Folder, listed: Found, digest: str) -> None:
    found = folder.look(listed.name)
    if found is None or digest_of(folder, found.name) != digest:
        return
    archived = folder.put_away(found)
    if archived is None:
        log.info("%s was written while it was to be archived; it stays", found.name)


def digest_of(folder: Folder, name: str) -> str | None:
    """What the mark knows a content by; None when the file is gone."""
    hashed = hashlib.sha256()
    try:
        for chunk in folder.read(name):
            hashed.update(chunk)
    except FileNotFoundError:
        return None
    return short(hashed.hexdigest())


def short(digest: str) -> str:
    """As much of a sha256 as a mark needs."""
    return digest[:24]
