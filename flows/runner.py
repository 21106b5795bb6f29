"""How the steps of a night are called: plainly in this process, or as Prefect tasks.

Data flow: the night's fixed order -> Runner.step / Runner.parallel -> the steps' results.
One order, two executors: a night without a Prefect server costs no server start (7-18 s measured).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")
MAX_PARALLEL = 8


class Runner(Protocol):
    """Calls steps; a step's exception comes out of the call."""

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Run one step and return its result."""

    def parallel(self, name: str, work: Mapping[str, Callable[[], T]]) -> list[T]:
        """Run independent steps at the same time; results in the mapping's order."""

    def table(self, key: str, rows: list[dict[str, object]], description: str) -> None:
        """Show a table where this runner's users look; nothing is lost when it is ignored."""

    def link(self, key: str, target: str, description: str) -> None:
        """Show where a file is."""


class PlainRunner:
    """No orchestrator: calls in this process, threads for the parallel ones."""

    def step(self, name: str, work: Callable[[], T]) -> T:  # noqa: ARG002
        return work()

    def parallel(self, name: str, work: Mapping[str, Callable[[], T]]) -> list[T]:
        with ThreadPoolExecutor(MAX_PARALLEL, thread_name_prefix=name) as pool:
            waiting = [pool.submit(job) for job in work.values()]
        return [future.result() for future in waiting]

    def table(self, key: str, rows: list[dict[str, object]], description: str) -> None:
        """Tables are in the receipt; `journey status` shows them."""

    def link(self, key: str, target: str, description: str) -> None:
        """Links are in the summary the command prints."""
