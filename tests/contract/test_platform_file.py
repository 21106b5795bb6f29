"""Files for print and phone houses: whole pushes by post, formulas, crashes, nothing half written.

Data flow: published file -> push() -> FileAdapter -> folder -> read with Python's csv and openpyxl.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pydantic import ValidationError
from test_platform_push import YAML

from activation.ledger import Ledger
from activation.push import push
from activation.report import PushReport
from activation.segments import Segment, read_segment
from activation.testing import Person, write_published
from connectors.clock import ManualClock
from connectors.errors import ConfigurationError, ShortReadError
from connectors.platforms.file import FileAdapter, FilePlatformSettings, build_file
from connectors.platforms.file.outbox import LocalOutbox
from connectors.platforms.file.table import harmless, read_table, write_table
from connectors.platforms.protocol import FieldUpdate, PlatformAdapter, PushPolicy
from connectors.testing.platform_conformance_tools import create, plain

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)


def made(folder: Path, day: str = "2026-06-30", **settings: Any) -> FileAdapter:
    folder.mkdir(exist_ok=True)
    given = {"folder": str(folder), "account": "print", "channel": "post", **settings}
    checked = FilePlatformSettings.model_validate(given)
    clock = ManualClock(datetime.fromisoformat(f"{day}T21:00:00+00:00"))
    return FileAdapter("print", checked, LocalOutbox(checked.folder), clock=clock)


def rows(folder: Path, name: str) -> list[list[str]]:
    text = (folder / name).read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def segment(name: str, channel: str) -> Segment:
    text = YAML.format(id=name).replace("channel: email", f"channel: {channel}")
    found, problems = read_segment(text, {"stage"}, file="x.yml")
    assert found is not None, problems
    return found


class World:
    """People who may be written to by post, a ledger and a folder."""

    def __init__(self, home: Path, channel: str = "post") -> None:
        self.home, self.channel, self.folder = home, channel, home / "out"
        self.ledger = Ledger(home / "ledger.sqlite")
        yes = {channel: "granted"}
        self.people = [
            Person(f"m{n}", None, street="Ring 1", phone=f"+43316{n}", channels=yes)
            for n in range(4)
        ]
        self.wanted = {"01_a": ["m0", "m1", "m2", "m3"]}
        self.runs = 0

    def push(self, day: str = "2026-06-30", **settings: Any) -> PushReport:
        self.runs += 1
        path = self.home / "activation.duckdb"
        return push(
            write_published(path, self.people, self.wanted, channel=self.channel),
            [segment(name, self.channel) for name in self.wanted],
            made(self.folder, day, channel=self.channel, **settings),
            self.ledger,
            policy=PushPolicy(first_push="allow"),
            dry_run=False,
            audited=True,
            build_version="b1",
            as_of=date(2026, 6, 30),
            now=NOW,
            run_id=f"r{self.runs}",
        )

    def names(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())

    def ids(self, name: str) -> list[str]:
        return [row[0] for row in rows(self.folder, name)[1:]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_letters_go_to_people_without_an_email_address(world: World) -> None:
    """One household, one letter box, four people: each gets a letter."""
    assert world.push().status == "pushed"
    assert world.names() == ["mj-01_a_2026-06-30.csv", "mj-01_a_2026-06-30.json"]
    head, first, *_ = rows(world.folder, "mj-01_a_2026-06-30.csv")
    assert head == ["id", "first_name", "last_name", "street", "postal_code", "city"]
    assert first == ["m0", "Ada", "Example", "Ring 1", "8010", "Graz"]
    assert world.ids("mj-01_a_2026-06-30.csv") == ["m0", "m1", "m2", "m3"]
    manifest = json.loads((world.folder / "mj-01_a_2026-06-30.json").read_text())
    content = (world.folder / manifest["file"]).read_bytes()
    assert (manifest["rows"], manifest["sha256"]) == (4, hashlib.sha256(content).hexdigest())
    assert (world.folder / manifest["file"]).stat().st_mode & 0o077 == 0


def test_a_push_without_change_writes_nothing(world: World) -> None:
    world.push()
    before = {name: (world.folder / name).stat().st_mtime_ns for name in world.names()}
    assert world.push("2026-07-01").contacts == {}
    assert {n: (world.folder / n).stat().st_mtime_ns for n in world.names()} == before


def test_a_day_later_the_whole_segment_stands_in_a_new_file(world: World) -> None:
    world.push()
    world.wanted = {"01_a": ["m1", "m2"]}
    world.people[1].first_name = "Zoë"
    world.push("2026-07-01")
    new = "mj-01_a_2026-07-01.csv"
    assert [row[:2] for row in rows(world.folder, new)[1:]] == [["m1", "Zoë"], ["m2", "Ada"]]
    assert world.ids("mj-01_a_2026-06-30.csv") == ["m0", "m1", "m2", "m3"], "history stays"
    world.wanted = {"01_a": []}
    world.push("2026-07-02")
    assert world.ids("mj-01_a_2026-07-02.csv") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"channels": {}}, "no_consent"),
        ({"channels": {}, "email": "m0@example.org"}, "no_consent"),  # a consent for e-mail only
        ({"channels": {"post": "withdrawn"}}, "withdrawn"),
        ({"channels": {"post": "granted", "all": "suppressed"}}, "suppressed"),
        ({"street": None}, "no_post_address"),
        ({"hold": "bereavement"}, "hold"),
        ({"is_deceased": True}, "deceased"),
        ({"is_erased": True}, "erased"),
    ],
)
def test_nobody_gets_a_letter_against_their_will(
    world: World, change: dict[str, Any], reason: str
) -> None:
    world.push()
    for name, value in change.items():
        setattr(world.people[0], name, value)
    report = world.push()
    assert dict(report.segments[0].suppressed) == {reason: 1}
    assert world.ids("mj-01_a_2026-06-30.csv") == ["m1", "m2", "m3"]


def test_an_opt_out_of_email_is_none_of_post(world: World) -> None:
    world.people[0] = Person(
        "m0", "m0@example.org", suppressed="opt_out", street="Ring 1", channels={"post": "granted"}
    )
    world.push()
    assert world.ids("mj-01_a_2026-06-30.csv") == ["m0", "m1", "m2", "m3"]


def test_a_segment_of_another_channel_goes_nowhere(tmp_path: Path) -> None:
    world = World(tmp_path, "phone")
    world.channel = "email"  # of the segment; the folder stays one for calls
    path = write_published(tmp_path / "a.duckdb", world.people, world.wanted, channel="email")
    report = push(
        path,
        [segment("01_a", "email")],
        made(tmp_path / "out", channel="phone"),
        world.ledger,
        policy=PushPolicy(first_push="allow"),
        dry_run=False,
        audited=True,
        build_version="b1",
        as_of=date(2026, 6, 30),
        now=NOW,
        run_id="r",
    )
    assert report.segments[0].suppressed == {"unknown_purpose": 4}
    assert list((tmp_path / "out").iterdir()) == []


def test_phone_numbers_go_to_the_phone_house(tmp_path: Path) -> None:
    world = World(tmp_path, "phone")
    world.people[1].phone = None
    report = world.push()
    assert dict(report.segments[0].suppressed) == {"no_phone": 1}
    assert rows(world.folder, "mj-01_a_2026-06-30.csv")[1] == ["m0", "Ada", "Example", "'+433160"]
    assert world.push().contacts == {}, "the apostrophe is no change"


@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\t=", "'=", "''+"])
def test_no_cell_begins_a_formula(tmp_path: Path, format: str, begin: str) -> None:
    value = f"{begin}cmd|' /C calc'!A0"
    how = "," if format == "csv" else "xlsx"
    people = {"m1": {"name": value, "note": 'O\'Neil, "Bo"; 李'}, "=m2": {"name": "'t Hooft"}}
    content = write_table(people, ["name", "note"], how)
    if format == "csv":
        cells = [c for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for c in row]
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(content))["people"]
        cells = [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]
        assert {c.data_type for row in sheet.iter_rows() for c in row if c.value} == {"s"}
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert "'t Hooft" in cells, "an apostrophe of one's own stays as it is"
    back = read_table(content, how)
    assert back["=m2"]["name"] == "'t Hooft"
    if format == "csv":
        assert back["m1"] == people["m1"]


def test_values_are_one_line_and_no_control_characters() -> None:
    assert harmless("\x00a\n b\ud800\x1b\x7f ") == "a b"
    assert len(harmless("x" * 999)) == 255


@pytest.mark.parametrize("step", ["file", "manifest"])
@pytest.mark.parametrize("day", ["2026-06-30", "2026-07-01"])
def test_a_crash_between_file_and_manifest_heals(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, day: str
) -> None:
    world.push()
    real = LocalOutbox.write

    def die(self: LocalOutbox, name: str, content: bytes) -> None:
        if name.endswith(".json") == (step == "manifest"):
            raise KeyboardInterrupt
        real(self, name, content)

    world.wanted = {"01_a": ["m0"]}
    monkeypatch.setattr(LocalOutbox, "write", die)
    with pytest.raises(KeyboardInterrupt):
        world.push(day)
    assert len(list(made(world.folder, day).read_statuses())) == 4, "the old state counts"
    monkeypatch.setattr(LocalOutbox, "write", real)
    assert world.push(day).status == "pushed"
    assert world.ids(f"mj-01_a_{day}.csv") == ["m0"]
    assert world.push(day).contacts == {}


def test_nobody_ever_sees_part_of_a_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    real = Path.replace

    def look(self: Path, target: Path) -> Path:
        seen.append(LocalOutbox(str(world.folder)).names())
        return real(self, target)

    monkeypatch.setattr(Path, "replace", look)
    world.push()
    assert seen == [[], ["mj-01_a_2026-06-30.csv"]]


def test_a_full_disk_is_no_success(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.push()
    world.wanted = {"01_a": ["m0"]}

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        report = world.push("2026-07-01")
    assert report.segments[0].unknown == 3
    assert world.names() == ["mj-01_a_2026-06-30.csv", "mj-01_a_2026-06-30.json"]
    assert world.push("2026-07-01").status == "pushed"
    assert world.ids("mj-01_a_2026-07-01.csv") == ["m0"]


def test_a_changed_file_is_not_believed(world: World) -> None:
    world.push()
    file = world.folder / "mj-01_a_2026-06-30.csv"
    file.write_bytes(file.read_bytes() + b"x,Eve,Example,,,\r\n")
    with pytest.raises(ShortReadError, match="changed"):
        made(world.folder).read_statuses()
    assert world.push().status == "blocked"


def test_only_owned_files_are_touched(world: World) -> None:
    world.folder.mkdir()
    theirs = world.folder / "staff_2026-06-30.json"
    theirs.write_text("{}")
    world.push()
    assert theirs.read_text() == "{}"
    assert list(made(world.folder).find_segments([])) == ["mj-01_a"]


def test_every_row_has_one_outcome(tmp_path: Path) -> None:
    adapter = made(tmp_path / "out")
    assert isinstance(adapter, PlatformAdapter)
    ref = adapter.ensure_segment("01_x")
    assert create(adapter, "m1").outcome == "acknowledged"
    assert plain(adapter.add_members(ref, ["m1", "m2"])) == {"m1": "acknowledged", "m2": "failed"}
    unknown = adapter.update_fields(FieldUpdate("m2", {}))
    assert (unknown.outcome, unknown.reason) == ("failed", "not_on_list")
    assert plain(adapter.remove_members(ref, ["m1", "m2"])) == dict.fromkeys(
        ["m1", "m2"], "acknowledged"
    )
    assert adapter.read_segment(ref) == []


def test_a_missing_folder_is_said_plainly(tmp_path: Path) -> None:
    adapter = build_file(
        "print",
        FilePlatformSettings.model_validate(
            {"folder": str(tmp_path / "none"), "account": "a", "channel": "post"}
        ),
    )
    (item,) = adapter.check()
    assert (item.ok, "create it" in item.detail) == (False, True)
    with pytest.raises(ConfigurationError, match="does not exist"):
        adapter.read_statuses()


def test_settings() -> None:
    base = {"folder": "out", "account": "a", "channel": "post"}
    assert list(FilePlatformSettings.model_validate({**base, "union_mode": True}).shown)[2:] == [
        "street",
        "postal_code",
        "city",
    ]
    for bad in (
        {"columns": {"id": "first_name"}},
        {"columns": {"=x": "first_name"}},
        {"columns": {"stage": "stage"}},
        {"union_mode": True, "columns": {"number": "member_number"}},
        {"union_mode": True, "columns": {"phone": "phone"}},
        {"channel": "email"},
        {"folder": "ftp://host/x"},
        {"folder": "sftp://host/x"},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            FilePlatformSettings.model_validate({**base, **bad})
