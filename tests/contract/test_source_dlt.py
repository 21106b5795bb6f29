"""dlt resources as a source: items become rows, and nothing else of dlt is used."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.clock import ManualClock
from connectors.discovery import offers
from connectors.engine import BatchReceipt, extract
from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    JourneyConnectorError,
    RetryableError,
    SourceError,
)
from connectors.landing.loader import Loader, LoadReceipt
from connectors.landing.state import SyncStates, connect_to_read
from connectors.landing.store import Landing
from connectors.protocol import Source
from connectors.registry import SOURCES, SourceContext, build_source

PEOPLE: dict[str, Any] = {
    "entity": "people",
    "resource": "members",
    "columns": {"id": "source_record_id", "name.first": "first_name"},
}
BY_TIME = {"kind": "updated_since", "field": "changed", "lookback_hours": 0}
CODE = """
import dlt, requests

MEMBERS = []
CALLS = []


def member(number, name, minute):
    return {"id": number, "name": {"first": name}, "changed": f"2026-06-01T10:{minute:02d}:00Z"}


@dlt.resource(name="members", primary_key="id")
def members(since=None, api_key=None, fails=None):
    CALLS.append((since, api_key))
    if fails == "status":
        answer = requests.Response()
        answer.status_code = 401
        raise requests.HTTPError("Anna Example s3cret", response=answer)
    if fails == "away":
        raise requests.ConnectionError("Anna Example s3cret")
    if fails == "code":
        yield MEMBERS[0]
        raise KeyError("Anna Example s3cret")
    if fails == "items":
        yield "Anna Example s3cret"
    start = (since or "").replace("+00:00", "Z")
    found = [one for one in MEMBERS if one["changed"] >= start]
    yield from found[:1]
    yield found[1:]


@dlt.resource(name="plans")
def plans(changed=dlt.sources.incremental("changed", initial_value="2000")):
    import pyarrow
    yield pyarrow.Table.from_pylist([{"id": "p1", "changed": "2026-01-01"}])


@dlt.transformer(data_from=plans)
def prices(items):
    for item in items.to_pylist():
        yield {"id": item["id"] + "-price"}


@dlt.source
def association(since=None, api_key=dlt.secrets.value, fails=None):
    return members(since, api_key, fails), plans, prices


def nothing():
    return 5
"""


class Organisation:
    """A folder with a module of dlt resources in it."""

    def __init__(self, root: Path) -> None:
        self.context = SourceContext(root / "data" / "state")
        (root / "own_resources.py").write_text(CODE, encoding="utf-8")
        self.landing = Landing(root / "data" / "landing")
        self.raw = root / "raw.duckdb"
        self.clock = ManualClock()
        self.loader = Loader(self.raw, clock=self.clock)

    @property
    def module(self) -> Any:
        self.source().check()
        return sys.modules["own_resources"]

    def put(self, *members: tuple[int, str, int]) -> None:
        self.module.MEMBERS[:] = [self.module.member(*one) for one in members]

    def source(self, *streams: dict[str, Any], **settings: Any) -> Source:
        wanted = {
            "function": "own_resources:association",
            "argument_secrets": {"secret_1": "api_key"},
            "secret_1": "k-1234",
            "page_size": 2,
            "streams": list(streams) or [PEOPLE],
        }
        return build_source("own", "dlt", {**wanted, **settings}, self.context)

    def extract(self, source: Source, stream: str = "people", **options: Any) -> BatchReceipt:
        states = SyncStates(self.raw)
        return extract(
            source, stream, landing=self.landing, states=states, clock=self.clock, **options
        )

    def sync(self, source: Source, stream: str = "people", **options: Any) -> LoadReceipt:
        receipt = self.extract(source, stream, **options)
        loaded = self.loader.load(self.landing, "own", source.streams(), str(receipt.batch_id))
        self.clock.advance(60)
        return loaded

    def current(self, columns: str, stream: str = "people") -> Sequence[tuple[Any, ...]]:
        db = connect_to_read(self.raw)
        try:
            return db.execute(
                f"select {columns} from own.{stream}"
                " where _known_to is null and not _is_deleted order by all"
            ).fetchall()
        finally:
            db.close()


@pytest.fixture
def org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Organisation]:
    pytest.importorskip("dlt", reason="dlt is not installed (the extra `dlt`)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_resources", raising=False)
    made = Organisation(tmp_path)
    made.put((1, "Anna", 1), (2, "Ben", 2), (3, "Cleo", 3))
    yield made
    sys.modules.pop("own_resources", None)


def problems(stream: dict[str, Any], **settings: Any) -> str:
    wanted = {"function": "own:members", "streams": [stream], **settings}
    with pytest.raises(ValidationError) as caught:
        SOURCES["dlt"].settings.model_validate(wanted)
    assert "s3cret" not in str(caught.value)
    return str(caught.value)


def test_settings_say_what_does_not_fit() -> None:
    assert "function" in problems(PEOPLE, function="own")
    assert "needs `field`" in problems({**PEOPLE, "cursor": {"kind": "updated_since"}})
    assert "needs cursor" in problems({**PEOPLE, "since_argument": "since"})
    assert "needs `deleted_field`" in problems({**PEOPLE, "deletes": "flag"})
    assert "looks like a secret" in problems(PEOPLE, arguments={"api_key": "s3cret"})
    assert "does not say where" in problems(PEOPLE, secret_1="s3cret")
    assert "needs the secret" in problems(PEOPLE, argument_secrets={"secret_1": "api_key"})
    assert "more than once" in problems(PEOPLE, streams=[PEOPLE, PEOPLE])


def test_without_dlt_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    settings = {"function": "own_resources:members", "streams": [PEOPLE]}
    source = build_source("own", "dlt", settings, SourceContext(tmp_path / "data" / "state"))
    (item,) = source.check()
    assert not item.ok
    assert "member-journey[dlt]" in item.detail
    assert [spec.name for spec in source.streams()] == ["people"]


def test_what_is_new_is_taken(org: Organisation) -> None:
    stream = {**PEOPLE, "cursor": BY_TIME}
    assert org.sync(org.source(stream)).inserted == {"people": 3}
    org.put((1, "Hanna", 1), (2, "Benno", 9), (3, "Cleo", 3), (4, "Dora", 8))
    receipt = org.sync(org.source(stream))
    assert (receipt.inserted, receipt.updated) == ({"people": 1}, {"people": 1})
    assert [name for (name,) in org.current("first_name")] == ["Anna", "Benno", "Cleo", "Dora"]
    assert org.sync(org.source(stream), full=True).updated == {"people": 1}
    assert [call for call in org.module.CALLS if call[0]] == []
    assert org.module.CALLS[-1][1] == "k-1234"


def test_the_system_may_be_asked_for_less(org: Organisation) -> None:
    stream = {**PEOPLE, "cursor": BY_TIME, "since_argument": "since", "deletes": "id_reconcile"}
    org.sync(org.source(stream))
    assert org.module.CALLS[-1][0] is None
    org.put((2, "Ben", 2), (3, "Cleo", 3), (4, "Dora", 4))
    receipt = org.sync(org.source(stream), reconcile="always")
    assert ("2026-06-01T10:03:00+00:00", "k-1234") in org.module.CALLS
    assert (receipt.inserted, receipt.deleted) == ({"people": 1}, {"people": 1})
    assert len(org.current("first_name")) == 3


def test_everything_each_time(org: Organisation) -> None:
    stream = {**PEOPLE, "deletes": "id_reconcile"}
    org.sync(org.source(stream))
    calls = len(org.module.CALLS)
    org.put((1, "Anna", 1), (2, "Benno", 2))
    receipt = org.sync(org.source(stream))
    assert len(org.module.CALLS) == calls + 1, "read once for rows and keys"
    assert (receipt.updated, receipt.deleted) == ({"people": 1}, {"people": 1})
    with pytest.raises(SourceError, match="slice of time"):
        org.extract(org.source(), since=org.clock.now())


def test_tables_and_transformers(org: Organisation) -> None:
    plans = {"entity": "plans", "resource": "plans", "columns": {"id": "source_plan_id"}}
    for resource, key in (("plans", "p1"), ("prices", "p1-price"), ("plans", "p1")):
        source = org.source({**plans, "resource": resource})
        org.sync(source, "plans", full=True)
        assert (key,) in org.current("source_plan_id", "plans")


def test_a_resource_by_itself(org: Organisation) -> None:
    stream = {key: value for key, value in PEOPLE.items() if key != "resource"}
    source = org.source(stream, function="own_resources:members")
    assert org.sync(source).inserted == {"people": 3}
    assert offers(source) == []


@pytest.mark.parametrize(
    ("fails", "error", "said"),
    [
        ("status", AuthenticationError, "401"),
        ("away", RetryableError, "ConnectionError"),
        ("code", SourceError, "KeyError"),
        ("items", SourceError, "yields str"),
    ],
)
def test_what_fails_inside_is_told_without_its_message(
    org: Organisation, fails: str, error: type[JourneyConnectorError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        org.extract(org.source(arguments={"fails": fails}))
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__!r}"
    assert "Anna" not in str(caught.value)
    org.sync(org.source())
    assert len(org.current("first_name")) == 3


def test_check_and_what_else_there_is(org: Organisation) -> None:
    function, people = org.source({**PEOPLE, "cursor": BY_TIME}).check()
    assert function.ok
    assert people.ok
    assert "by changed" in people.detail
    assert [offer.name for offer in offers(org.source())] == ["plans", "prices"]
    assert (
        "no resource 'membres'" in org.source({**PEOPLE, "resource": "membres"}).check()[1].detail
    )
    several = {key: value for key, value in PEOPLE.items() if key != "resource"}
    assert "several resources" in org.source(several).check()[1].detail
    for changed, said in (
        ({"function": "nosuch_module:members"}, "no module nosuch_module"),
        ({"function": "own_resources:membres"}, "has no membres"),
        ({"function": "own_resources:nothing", **NO_SECRET}, "gives a int"),
        ({"arguments": {"colour": "red"}}, "called with these arguments"),
        (NO_SECRET, "lacks an argument"),
    ):
        (item,) = org.source(**changed).check()
        assert not item.ok
        assert said in item.detail
    with pytest.raises(ConfigurationError, match="no resource"):
        org.extract(org.source({**PEOPLE, "resource": "membres"}))


NO_SECRET: dict[str, Any] = {"argument_secrets": {}, "secret_1": None}
