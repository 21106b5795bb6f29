"""The night as a Prefect flow: same steps, same order, visible with tasks and artifacts.

Data flow: deployment parameters -> nightly() -> flows.night.run_night with a PrefectRunner.
Run alone: `python -c "from flows.nightly import nightly; nightly(home='.', dry_run=True)"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from flows.logs import configure_logs, quiet_environment

quiet_environment()  # before Prefect, which reads its settings when it is imported

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed

from flows.home import find_home
from flows.night import run_night
from flows.session import Options

T = TypeVar("T")
ARTIFACT_ROWS = 400


class PrefectRunner:
    """Each step is a task without arguments, so that no setting or secret reaches the API."""

    def step(self, name: str, work: Callable[[], T]) -> T:
        result: T = _task(name, work)()
        return result

    def parallel(self, name: str, work: Mapping[str, Callable[[], T]]) -> list[T]:
        waiting: list[PrefectFuture[T]] = [
            _task(f"{name} {item}", job).submit() for item, job in work.items()
        ]
        return [future.result() for future in waiting]

    def table(self, key: str, rows: list[dict[str, object]], description: str) -> None:
        create_table_artifact(
            key=f"journey-{key}", table=rows[:ARTIFACT_ROWS], description=description
        )

    def link(self, key: str, target: str, description: str) -> None:
        create_link_artifact(key=f"journey-{key}", link=target, description=description)


def _task(name: str, work: Callable[[], T]) -> Any:
    """A task around `work`; no retries: the engine retries requests, a night is run again."""

    @task(name=name, cache_policy=NO_CACHE, persist_result=False, retries=0)
    def run_step() -> T:
        return work()

    return run_step


@flow(name="nightly", persist_result=False, validate_parameters=True)
def nightly(
    home: str | None = None,
    as_of: date | None = None,
    dry_run: bool = True,
    allow_drops: list[str] | None = None,
    full: bool = False,
    docs: bool = True,
) -> State[Any]:
    """Sources -> warehouse -> segments for one organisation, whose folder is `home`.

    Writes data/ of that folder and, with `dry_run=False` (the dangerous one: the default
    only plans), the platforms. `allow_drops` lets named sources pass the volume guard and is
    logged; `full` reads every source from its beginning. A held push ends in the state "Held".
    """
    configure_logs()
    options = Options(
        as_of=as_of,
        dry_run=dry_run,
        allow_drops=tuple(allow_drops or ()),
        full=full,
        docs=docs,
    )
    receipt = run_night(find_home(Path(home) if home else None), options, PrefectRunner())
    if receipt.state == "held":
        return Completed(name="Held", message=receipt.error)
    return Completed(message=f"Published {receipt.version}")
