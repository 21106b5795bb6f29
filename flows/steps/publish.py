"""Publish an audited build: two fresh files in a fresh folder, then one atomic flip of a symlink.

Data flow: build + manifest.json -> published/<version>/{analyst,activation}.duckdb + manifest.json
+ report.html -> published/current. Readers see wholly the old version or wholly the new one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from flows.errors import JourneyError
from flows.home import Home
from flows.results import BuildResult, PublishResult
from flows.steps.relations import Relation, activation_relations, analyst_relations
from flows.waypoints import reached

# Older DuckDB clients can still open a file written in this format.
STORAGE_VERSION = "v1.4.0"
PARTIAL = ".partial-"
PRIVATE_FILE = "activation.duckdb"


def publish(
    home: Home,
    build: BuildResult,
    *,
    keep: int,
    facts: Mapping[str, Any],
    extra: Callable[[Path], None] | None = None,
) -> PublishResult:
    """Write and flip to a new version; `facts` go into its manifest.json.

    `extra(folder)` may add files (the report, operations tables) before the flip. Older versions
    beyond `keep` are removed afterwards; a reader that holds one open keeps its own snapshot.
    """
    version = build.run_id
    folder = home.published / f"{PARTIAL}{version}"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    manifest = json.loads((build.artifacts / "manifest.json").read_text(encoding="utf-8"))
    rows = _write(build.database, folder / "analyst.duckdb", analyst_relations(manifest), version)
    private = activation_relations(manifest)
    _write(build.database, folder / PRIVATE_FILE, private, version, owner_only=True)
    reached("publish:written")
    if extra:
        extra(folder)
    _refuse_write_ahead(folder)
    facts_file = folder / "manifest.json"
    facts_file.write_text(
        json.dumps({"version": version, **facts, "rows": rows}, indent=2), encoding="utf-8"
    )
    for path in folder.iterdir():
        if path.name != PRIVATE_FILE:
            path.chmod(0o444)
        _sync(path)
    _sync(folder)
    final = home.published / version
    if final.exists():
        shutil.rmtree(final)
    folder.replace(final)
    reached("publish:named")
    flip(home.current, version)
    reached("publish:flipped")
    return PublishResult(version, final, rows, prune(home, keep))


def flip(link: Path, version: str) -> None:
    """Point `link` at `version` in one atomic step."""
    beside = link.with_name(f".current-{version}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(version)
    os.replace(beside, link)  # noqa: PTH105 - the one call all of this is about
    _sync(link.parent)


def prune(home: Home, keep: int) -> tuple[str, ...]:
    """Remove versions beyond the newest `keep` and what interrupted publishes left; their names."""
    current = home.current.readlink().name if home.current.is_symlink() else ""
    versions = sorted(
        path.name
        for path in home.published.iterdir()
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    )
    old = [name for name in versions[:-keep] if name != current]
    partial = [path.name for path in home.published.glob(f"{PARTIAL}*")]
    for name in (*old, *partial):
        shutil.rmtree(home.published / name)
    for link in home.published.glob(".current-*"):
        link.unlink()
    return tuple(old)


def _write(
    source: Path,
    target: Path,
    relations: list[Relation],
    version: str,
    *,
    owner_only: bool = False,
) -> dict[str, int]:
    """Copy the relations into a fresh file; one connection, checkpointed, no write-ahead file."""
    rows: dict[str, int] = {}
    # The owner-only file must never exist with wider permissions, not even empty.
    previous = os.umask(0o077 if owner_only else 0o022)
    try:
        with duckdb.connect(":memory:") as db:
            db.execute(f"attach '{_quoted(source)}' as build (read_only)")
            db.execute(
                f"attach '{_quoted(target)}' as published (storage_version '{STORAGE_VERSION}')"
            )
            db.execute("use published.main")
            for relation in relations:
                db.execute(relation.copy_statement("build", "published"))
                if relation.view_sql:
                    continue  # counting a view of people x days would cost what writing it would
                found = db.execute(f'select count(*) from published.main."{relation.name}"')
                rows[relation.name] = int((found.fetchone() or (0,))[0])
            db.execute("create table published.main.published_version (version varchar not null)")
            db.execute("insert into published.main.published_version values (?)", [version])
            db.execute("checkpoint published")
            db.execute("use memory")
            db.execute("detach published")
    except duckdb.Error as error:
        raise JourneyError(
            f"the published file {target.name} could not be written: {error}",
            hint="Yesterday's published warehouse is untouched. Check the free disk space.",
        ) from error
    finally:
        os.umask(previous)
    return rows


def _refuse_write_ahead(folder: Path) -> None:
    left = [path.name for path in folder.glob("*.wal")]
    if left:
        raise JourneyError(f"a write-ahead file lies beside a published file: {', '.join(left)}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
