"""Landing: a page is there when its manifest line is, whatever a crash leaves behind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from landing_tools import START, Home, Shop, order, page

from connectors.errors import RetryableError, SourceError
from connectors.landing.store import Batch, Header, Landing
from connectors.protocol import Page, Request


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def interrupted(home: Home, pages: int = 3) -> Batch:
    """A batch whose read broke after that many pages."""

    def feed(_: Request) -> Iterator[Page]:
        for number in range(pages):
            yield page(order(number), token=str(number), position=str(number))
        raise RetryableError("broke")

    with pytest.raises(RetryableError):
        home.extract(Shop(feed))
    batch = home.landing.unfinished("shop", "order")
    assert batch is not None
    return batch


def test_manifest_tells_everything(home: Home) -> None:
    home.extract(Shop([page(order(1), token="t", position="p", server_time=START)]))
    (batch,) = home.landing.batches("shop")
    manifest = (batch.folder / "manifest.jsonl").read_text()
    lines = [json.loads(line) for line in manifest.splitlines()]
    assert [line["kind"] for line in lines] == ["batch", "page", "rows_done", "complete"]
    assert lines[0]["stream"] == "order"
    assert lines[1]["token"] == "t"
    assert lines[1]["position"] == "p"
    assert lines[1]["parts"]["order"]["rows"] == 1
    assert len(lines[1]["parts"]["order"]["sha256"]) == 64
    assert batch.header.full
    row = json.loads(gzip.decompress(batch.part_files("order")[0].read_bytes()))
    assert row["r"]["name"] == "order 1"


def test_a_torn_last_line_never_happened(home: Home) -> None:
    batch = interrupted(home)
    manifest = batch.folder / "manifest.jsonl"
    whole = manifest.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in (1, len(lines[-1]) // 2, len(lines[-1]) - 1):
        manifest.write_bytes(b"".join(lines[:-1]) + lines[-1][:cut])
        again = home.landing.unfinished("shop", "order")
        assert again is not None
        assert len(again.pages) == 2
        assert manifest.read_bytes() == b"".join(lines[:-1])


def test_parts_without_a_line_are_removed(home: Home) -> None:
    batch = interrupted(home)
    (batch.folder / "part-00003.ndjson.gz").write_bytes(b"half")
    (batch.folder / ".part-00004.ndjson.gz.x.tmp").write_bytes(b"half")
    again = home.landing.unfinished("shop", "order")
    assert again is not None
    names = sorted(path.name for path in again.folder.iterdir())
    assert names == ["manifest.jsonl", *(f"part-{n:05d}.ndjson.gz" for n in range(3))]


def test_a_folder_without_a_header_is_rubbish(home: Home) -> None:
    batch = interrupted(home)
    (batch.folder / "manifest.jsonl").write_bytes(b'{"kind":"ba')
    assert home.landing.unfinished("shop", "order") is None
    assert not batch.folder.exists()


def test_only_complete_batches_can_be_loaded(home: Home) -> None:
    batch = interrupted(home)
    assert home.landing.batches("shop") == []
    with pytest.raises(SourceError, match="no complete batch"):
        home.landing.open("shop", batch.batch_id)


def test_a_damaged_part_is_found_and_read_again(home: Home) -> None:
    shop = Shop([page(order(1))])
    receipt = home.extract(shop)
    (batch,) = home.landing.batches("shop")
    part = batch.part_files("order")[0]
    part.write_bytes(part.read_bytes()[:-3])
    with pytest.raises(SourceError, match=r"part-00000.ndjson.gz .* damaged"):
        home.load(shop, receipt)
    assert home.mark() is None
    home.sync(shop)
    assert home.current() == [(1, "order 1")]


def test_batch_ids_sort_even_when_the_clock_stands_still(tmp_path: Path) -> None:
    landing, ids = Landing(tmp_path), []
    for hours in (0, 0, -5, 1):
        now = START + timedelta(hours=hours)
        batch_id = landing.next_id("shop", "order", now)
        landing.begin(Header("shop", "order", batch_id, now))
        ids.append(batch_id)
    assert ids == sorted(ids)
    assert len(set(ids)) == 4


def test_pruning_keeps_what_was_not_loaded(home: Home) -> None:
    shop = Shop([page(order(1))])
    old = home.extract(shop)
    home.load(shop, old)
    home.clock.advance(10 * 86400)
    waiting = home.extract(shop)
    home.clock.advance(10 * 86400)
    loaded = home.loader.loaded("shop")
    assert loaded == {old.batch_id}
    before = home.clock.now() - timedelta(days=30)
    assert home.landing.prune("shop", loaded=loaded, before=before) == []
    before = home.clock.now() - timedelta(days=5)
    assert home.landing.prune("shop", loaded=loaded, before=before) == [old.batch_id]
    assert [b.batch_id for b in home.landing.batches("shop")] == [waiting.batch_id]


@pytest.mark.parametrize("name", ["../x", "a/b", "", "Orders", "1st", "a b", 'x"; drop'])
def test_names_are_plain_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="not a usable name"):
        Landing(tmp_path).begin(Header("shop", name, "id", START))


def test_an_interrupted_key_list_is_begun_again_without_reading_rows(home: Home) -> None:
    from landing_tools import spec

    declared = [spec(deletes="id_reconcile")]

    class Breaking(Shop):
        broken = True

        def ids(self, stream: str) -> Iterator[list[tuple[int]]]:
            yield [(1,)]
            if self.broken:
                raise RetryableError("broke")
            yield [(2,)]

    shop = Breaking([page(order(1), order(2), order(3))], declared)
    with pytest.raises(RetryableError):
        home.extract(shop, reconcile="always")
    shop.broken = False
    receipt = home.extract(shop, reconcile="always")
    assert receipt.resumed
    assert len(shop.requests) == 1
    assert home.load(shop, receipt).deleted["order"] == 1
    assert [row[0] for row in home.current("id")] == [1, 2]
