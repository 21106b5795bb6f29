"""File drop on another machine: what is fetched, what is archived, what an error says.

The file system is fsspec's own in memory; tests/contract/test_filedrop_servers.py uses servers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filedrop_tools import HEADER, SURVEYS, Drop
from fsspec.implementations.memory import MemoryFileSystem
from pydantic import ValidationError

from connectors.errors import ConfigurationError, SourceError
from connectors.protocol import Source
from connectors.sources.filedrop import remote

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
S3 = {"folder": "s3://club/in", "archive": "s3://club/done"}
SFTP = {
    "folder": "sftp://files.example.org/in",
    "archive": "sftp://files.example.org/done",
    "username": "anna",
    "password": "hush",
}


class Server(MemoryFileSystem):
    """Files in memory that tell what a server of the kind would: ETags, or times of change."""

    store: dict[str, Any] = {}  # noqa: RUF012 - fsspec's own shape, kept apart per test
    pseudo_dirs: list[str] = [""]  # noqa: RUF012
    cachable = False
    tags = True
    fetched: list[str]

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        return self._told(super().info(path, **options))

    def glob(self, path: str, **options: Any) -> Any:
        return {name: self._told(one) for name, one in super().glob(path, **options).items()}

    def mv(self, path1: str, path2: str, **options: Any) -> None:
        self.store[path2] = self.store.pop(path1)  # a rename keeps the time of change

    def _told(self, info: dict[str, Any]) -> dict[str, Any]:
        info = dict(info)
        if info["type"] == "file":
            file = self.store["/" + info["name"].lstrip("/")]
            created = info.pop("created")
            if self.tags:
                info["ETag"] = f'"{hash(file.getvalue())}"'
            info["mtime"] = getattr(file, "told", created)
        return info

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode == "rb":
            self.fetched.append(path.rpartition("/")[2])
        return super().open(path, mode, **options)

    def put_text(self, path: str, *lines: str, at: datetime | None = None) -> None:
        self.pipe_file(path, ("\n".join(lines) + "\n").encode())
        if at:
            self.store["/" + path.lstrip("/")].told = at


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


@pytest.fixture(params=["s3", "sftp"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    made.fetched = []
    made.tags = request.param == "s3"
    made.pseudo_dirs[:] = ["", "/club/in", "/in"]
    made.store.clear()
    monkeypatch.setattr(remote, "connect", lambda _settings: made)
    yield made
    made.store.clear()


def place(server: Server) -> str:
    return "/club" if server.tags else ""


def source(drop: Drop, server: Server, **more: Any) -> Source:
    return drop.source(SURVEYS, **({**S3} if server.tags else {**SFTP}), **more)


def test_reads_and_archives(drop: Drop, server: Server) -> None:
    at = place(server)
    server.put_text(f"{at}/in/surveys-1.csv", HEADER, "R1;;nps;9;", at=LONG_AGO)
    server.put_text(f"{at}/done/surveys-1.csv", "an older one")
    (item,) = source(drop, server).check()
    assert item.detail == "1 files; surveys-1.csv: 1 rows."
    assert drop.read(source(drop, server)).rows == {"surveys": 1}
    assert sorted(server.store) == [f"{at}/done/surveys-1.csv", f"{at}/in/surveys-1.csv"]
    assert drop.read(source(drop, server)).rows == {"surveys": 0}
    assert sorted(server.store) == [f"{at}/done/surveys-1-2.csv", f"{at}/done/surveys-1.csv"]
    assert drop.surveys() == [("R1", 9.0)]


def test_an_unchanged_file_is_not_fetched_again(drop: Drop, server: Server) -> None:
    path = f"{place(server)}/in/surveys-1.csv"
    server.put_text(path, HEADER, "R1;;nps;9;", at=LONG_AGO)
    keep = {"archive": None}
    first = drop.source(SURVEYS, **{**(S3 if server.tags else SFTP), **keep})
    drop.read(first)
    server.fetched.clear()
    assert drop.read(first).rows == {"surveys": 0}
    assert server.fetched == []
    server.put_text(path, HEADER, "R1;;nps;7;", at=LONG_AGO + timedelta(days=1))
    assert drop.read(first).rows == {"surveys": 1}
    assert drop.surveys() == [("R1", 7.0)]


def test_a_new_stamp_with_the_old_content_loads_nothing(drop: Drop, server: Server) -> None:
    if server.tags:
        pytest.skip("an ETag follows the content")
    keep = drop.source(SURVEYS, **{**SFTP, "archive": None})
    server.put_text("/in/surveys-1.csv", HEADER, "R1;;nps;9;", at=LONG_AGO)
    drop.read(keep)
    server.put_text("/in/surveys-1.csv", HEADER, "R1;;nps;9;", at=LONG_AGO + timedelta(days=1))
    assert drop.read(keep).rows == {"surveys": 0}
    server.fetched.clear()
    drop.read(keep)
    assert server.fetched == [], "the new stamp was not remembered"


@pytest.mark.parametrize(("recheck_days", "found"), [(7, 9.0), (0, 7.0)])
def test_size_and_time_are_believed_only_so_long(
    drop: Drop, server: Server, recheck_days: int, found: float
) -> None:
    if server.tags:
        found = 7.0  # the ETag gives it away
    told = {**(S3 if server.tags else SFTP), "archive": None, "recheck_days": recheck_days}
    path = f"{place(server)}/in/surveys-1.csv"
    for score in (9, 7):  # same size, same time
        server.put_text(path, HEADER, f"R1;;nps;{score};", at=LONG_AGO)
        drop.read(drop.source(SURVEYS, **told))
    assert drop.surveys() == [("R1", found)]


def test_a_young_time_is_never_believed(drop: Drop, server: Server) -> None:
    """Two versions within one tick of a server's clock look the same."""
    keep = drop.source(SURVEYS, **{**(S3 if server.tags else SFTP), "archive": None})
    now = datetime.now(UTC)
    for score in (9, 7):
        server.put_text(f"{place(server)}/in/surveys-1.csv", HEADER, f"R1;;nps;{score};", at=now)
        drop.read(keep)
    assert drop.surveys() == [("R1", 7.0)]


def test_a_file_that_changed_since_it_was_loaded_is_not_archived(
    drop: Drop, server: Server
) -> None:
    path = f"{place(server)}/in/surveys-1.csv"
    server.put_text(path, HEADER, "R1;;nps;9;", at=LONG_AGO)
    drop.read(source(drop, server))
    server.put_text(path, HEADER, "R1;;nps;7;", at=LONG_AGO)  # same size, same time
    drop.read(source(drop, server, recheck_days=0))
    assert [name for name in server.store if "/done/" in name] == []
    assert drop.surveys() == [("R1", 7.0)]


def test_a_file_that_changes_during_the_move_stays(
    drop: Drop, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{place(server)}/in/surveys-1.csv"
    server.put_text(path, HEADER, "R1;;nps;9;", at=LONG_AGO)
    drop.read(source(drop, server))
    moving = "cp_file" if server.tags else "mv"
    move = getattr(server, moving)

    def meanwhile(origin: str, target: str, **options: Any) -> None:
        if target.endswith("done/surveys-1.csv"):
            at = LONG_AGO + timedelta(days=1)
            server.put_text(path, HEADER, "R1;;nps;7;", at=at)
        move(origin, target, **options)

    monkeypatch.setattr(server, moving, meanwhile)
    drop.read(source(drop, server))
    assert list(server.store) == [path]
    assert drop.surveys() == [("R1", 7.0)]


def test_a_broken_connection_is_told_without_its_words(
    drop: Drop, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise OSError("something about anna@example.org")

    monkeypatch.setattr(server, "glob", down)
    with pytest.raises(SourceError, match=r"in can not be used \(OSError\)") as caught:
        drop.read(source(drop, server))
    assert "anna@" not in str(caught.value)
    (item,) = source(drop, server).check()
    assert not item.ok


def test_a_missing_package_names_the_extra(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(ConfigurationError, match=r"package paramiko.*member-journey\[files\]"):
        drop.read(drop.source(SURVEYS, **SFTP))


def test_settings_of_a_remote_folder_are_checked(drop: Drop) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"folder": "ftp://files.example.org/in"}, "sftp://host/path or s3://"),
        ({"folder": "sftp://anna:pw@files.example.org/in"}, "without user name, password"),
        ({**SFTP, "username": None}, "needs username"),
        ({**SFTP, "password": None}, "needs the secret password or key_file"),
        ({**S3, "password": "x"}, "password can only be used with sftp://"),
        ({**S3, "access_key_id": "x"}, "only good together"),
        ({"region": "eu"}, "region can only be used with s3://"),
        ({**S3, "archive": "data/done"}, "not on the same system"),
        ({**S3, "archive": "s3://other/done"}, "not on the same system"),
        ({"folder": "data/drop", "archive": "data"}, "around it"),
        ({"folder": "data/drop", "archive": "data/drop"}, "the folder itself"),
    ]
    for change, message in wrong:
        with pytest.raises(ValidationError, match=message) as caught:
            drop.source(SURVEYS, **change)
        assert "pw" not in str(caught.value).replace("password", "")
    assert "hush" not in repr(drop.source(SURVEYS, **SFTP).__dict__["_settings"])
