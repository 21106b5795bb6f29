"""Files put on another machine: whole or not at all, and errors that name the place only.

The file system is fsspec's own in memory.
"""

from __future__ import annotations

from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from connectors.errors import SourceError
from connectors.platforms.file import outbox
from connectors.sources.filedrop.access import FolderAccess

SFTP = {"folder": "sftp://files.example.org/in", "username": "anna", "password": "hush"}
S3 = {"folder": "s3://club/in"}


class Server(MemoryFileSystem):
    """Files in memory; `opened` lists what was written under which name."""

    store: dict[str, Any] = {}  # noqa: RUF012 - fsspec's own shape, kept apart per test
    pseudo_dirs: list[str] = [""]  # noqa: RUF012
    cachable = False

    def mv(self, path1: str, path2: str, **_options: Any) -> None:
        self.store[path2] = self.store.pop(path1)


@pytest.fixture(params=[SFTP, S3], ids=["sftp", "s3"])
def box(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> outbox.Outbox:
    server = type("One", (Server,), {"store": {}, "pseudo_dirs": [""]})()
    made = outbox.outbox_of(FolderAccess.model_validate(request.param))
    server.makedirs("/in" if request.param is SFTP else "/club/in")
    monkeypatch.setattr(outbox, "connect", lambda _settings: server)
    return made


def test_what_is_put_is_there(box: outbox.Outbox) -> None:
    assert box.problem() is None
    assert (box.names(), box.read("a.csv")) == ([], None)
    box.write("a.csv", b"one")
    box.write("a.csv", b"two")
    assert (box.names(), box.read("a.csv")) == (["a.csv"], b"two")


def test_an_unfinished_file_is_none(box: outbox.Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.write("a.csv", b"one")

    def dies(*_given: Any, **_options: Any) -> None:
        raise ConnectionResetError("user anna, hush")

    for name in ("mv", "pipe_file"):
        monkeypatch.setattr(Server, name, dies)
    with pytest.raises(SourceError) as caught:
        box.write("a.csv", b"two")
    assert box.place in str(caught.value)
    assert "hush" not in str(caught.value)
    assert (box.names(), box.read("a.csv")) == (["a.csv"], b"one")
