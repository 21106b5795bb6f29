"""Which kinds of source exist, and how a configured one is built.

Data flow: config/sources.yml -> build_source() -> Source -> engine.

Every folder of `connectors/sources` is a kind, imported only when it is used. Other packages add
kinds through the entry-point group `member_journey.sources`: the entry's name is the kind, its
value a `SourceType`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel

from connectors.errors import ConfigurationError
from connectors.protocol import Source, StreamSpec

ENTRY_POINT_GROUP = "member_journey.sources"
BUILT_IN = tuple(
    sorted(
        module.name
        for module in iter_modules([str(Path(__file__).parent / "sources")])
        if module.ispkg
    )
)


@dataclass(frozen=True)
class SourceContext:
    """What every source gets besides its settings: a folder for its state, and its user agent."""

    state_dir: Path
    user_agent: str = "member-journey"

    @property
    def home(self) -> Path:
        """The organisation's folder: state lies in <home>/data/state."""
        return self.state_dir.parent.parent


@dataclass(frozen=True)
class SourceType:
    """One kind of source: its settings class, its builder, and the streams it declares.

    `build(name, settings, context)` does no I/O. `specs` gives every stream of the kind without a
    configured source; by default the kind's module `streams` is asked for its `STREAMS`.
    `is_mapped`: its configuration maps it to the conformed entities, whose names its streams have;
    there may be several sources of such a kind.
    """

    settings: type[BaseModel]
    build: Callable[[str, Any, SourceContext], Source]
    specs: Callable[[], Sequence[StreamSpec]] | None = None
    is_mapped: bool = False


class _Kinds(Mapping[str, SourceType]):
    """Kinds by name; looking one up imports it."""

    def __getitem__(self, kind: str) -> SourceType:
        return _load(kind)

    def __iter__(self) -> Iterator[str]:
        yield from BUILT_IN
        yield from (entry.name for entry in _entries() if entry.name not in BUILT_IN)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, kind: object) -> bool:
        return kind in list(iter(self))


SOURCES: Mapping[str, SourceType] = _Kinds()


def build_source(
    name: str, kind: str, settings: Mapping[str, Any], context: SourceContext
) -> Source:
    """The source `name`, ready to use, without I/O; pydantic's ValidationError on bad settings."""
    if kind not in SOURCES:
        raise ConfigurationError(
            f"there is no source kind {kind!r}.",
            source=name,
            todo=f"Use one of: {', '.join(sorted(SOURCES))}.",
        )
    source_type = SOURCES[kind]
    return source_type.build(name, source_type.settings.model_validate(dict(settings)), context)


def specs_of(kind: str) -> list[StreamSpec]:
    """Every stream the kind declares, parents before children."""
    source_type = SOURCES[kind]
    if source_type.specs is not None:
        return list(source_type.specs())
    return list(import_module(f"connectors.sources.{kind}.streams").STREAMS)


def is_mapped(kind: str) -> bool:
    """Whether sources of this kind are mapped to the conformed entities by their configuration."""
    return SOURCES[kind].is_mapped


def all_specs() -> dict[str, list[StreamSpec]]:
    """Kind -> its streams, for creating the raw tables of sources nobody configured yet."""
    return {kind: specs_of(kind) for kind in SOURCES}


@cache
def _load(kind: str) -> SourceType:
    if kind in BUILT_IN:
        loaded: object = import_module(f"connectors.sources.{kind}").SOURCE_TYPE
    else:
        found = [entry for entry in _entries() if entry.name == kind]
        if not found:
            raise KeyError(kind)
        loaded = found[0].load()
    if not isinstance(loaded, SourceType):
        raise ConfigurationError(
            f"source kind {kind!r} does not give a SourceType.",
            todo=f"Point its entry in {ENTRY_POINT_GROUP} at a SourceType.",
        )
    return loaded


def _entries() -> list[Any]:
    return list(entry_points(group=ENTRY_POINT_GROUP))
