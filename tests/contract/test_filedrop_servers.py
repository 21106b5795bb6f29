"""A file drop on real servers: SFTP (asyncssh) and S3 (moto), where those packages are installed.

Neither belongs to the project's own environment. To run this:
`pip install 'member-journey[files]' asyncssh 'moto[server]'`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.engine import BatchReceipt, extract
from connectors.landing.loader import Loader
from connectors.landing.state import SyncStates, connect_to_read
from connectors.landing.store import Landing
from connectors.registry import SourceContext, build_source

FILES = [
    {
        "entity": "surveys",
        "glob": "*.csv",
        "columns": {"id": "source_response_id", "score": "score"},
    }
]


def sync(home: Path, settings: dict[str, Any]) -> BatchReceipt:
    context = SourceContext(home / "data" / "state")
    source = build_source("filedrop", "filedrop", {"files": FILES, **settings}, context)
    assert [item.ok for item in source.check()] == [True]
    landing, raw = Landing(home / "landing"), home / "raw.duckdb"
    receipt = extract(source, "surveys", landing=landing, states=SyncStates(raw))
    Loader(raw).load(landing, "filedrop", source.streams(), str(receipt.batch_id))
    return receipt


def scores(home: Path) -> list[tuple[Any, ...]]:
    db = connect_to_read(home / "raw.duckdb")
    try:
        return db.execute(
            "select source_response_id, score from filedrop.surveys"
            " where _known_to is null order by all"
        ).fetchall()
    finally:
        db.close()


@contextmanager
def sftp_server(root: Path) -> Iterator[tuple[int, str]]:
    """Port and host key of a server that shows `root` to the user anna with the password right."""
    asyncssh = pytest.importorskip("asyncssh", reason="needs an SFTP server: pip install asyncssh")
    key = asyncssh.generate_private_key("ssh-ed25519")

    class Door(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("anna", "right")

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[key],
            server_factory=Door,
            sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=str(root).encode()),
        )

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield server.get_port(), key.export_public_key().decode().strip()
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_sftp(tmp_path: Path) -> None:
    pytest.importorskip("paramiko", reason="needs the extra `files`")
    root = tmp_path / "server"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.csv").write_text("id;score\nR1;9\n", encoding="utf-8")
    with sftp_server(root) as (port, key):
        settings = {
            "folder": f"sftp://127.0.0.1:{port}/in",
            "archive": f"sftp://127.0.0.1:{port}/done",
            "username": "anna",
            "password": "right",
            "host_key": key,
        }
        assert sync(tmp_path, settings).rows == {"surveys": 1}
        assert (root / "in" / "a.csv").exists(), "landed is not loaded when it was read"
        (root / "in" / "b.csv").write_text("id;score\nR2;8\n", encoding="utf-8")
        assert sync(tmp_path, settings).rows == {"surveys": 1}
        assert [p.name for p in (root / "done").iterdir()] == ["a.csv"]
        assert [p.name for p in (root / "in").iterdir()] == ["b.csv"]
        assert scores(tmp_path) == [("R1", 9.0), ("R2", 8.0)]

        context = SourceContext(tmp_path / "data" / "state")
        wrong = {"files": FILES, **settings, "password": "wrong"}
        (item,) = build_source("filedrop", "filedrop", wrong, context).check()
        assert not item.ok
        assert "refuses the credentials" in item.detail
        assert "wrong" not in item.detail
        stranger = {"files": FILES, **settings, "host_key": key[:-8] + "AAAAAAAA"}
        (item,) = build_source("filedrop", "filedrop", stranger, context).check()
        assert "shows a key that is not the known one" in item.detail


def test_s3(tmp_path: Path) -> None:
    pytest.importorskip("s3fs", reason="needs the extra `files`")
    server_module = pytest.importorskip(
        "moto.server", reason="needs an S3 server: pip install 'moto[server]'"
    )
    import boto3

    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)

    def names(prefix: str) -> list[str]:
        found = client.list_objects_v2(Bucket="club", Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    try:
        client.create_bucket(Bucket="club")
        client.put_object(Bucket="club", Key="in/a.csv", Body=b"id;score\nR1;9\n")
        settings = {
            "folder": "s3://club/in",
            "archive": "s3://club/done",
            "endpoint_url": url,
            "region": "us-east-1",
            "access_key_id": "key",
            "secret_access_key": "secret",
        }
        assert sync(tmp_path, settings).rows == {"surveys": 1}
        client.put_object(Bucket="club", Key="in/b.csv", Body=b"id;score\nR2;8\n")
        client.put_object(Bucket="club", Key="done/a.csv", Body=b"an older one")
        assert sync(tmp_path, settings).rows == {"surveys": 1}
        assert names("in/") == ["in/b.csv"]
        assert names("done/") == ["done/a-2.csv", "done/a.csv"]
        assert scores(tmp_path) == [("R1", 9.0), ("R2", 8.0)]
    finally:
        client.close()
        server.stop()
