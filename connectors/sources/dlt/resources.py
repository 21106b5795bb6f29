"""From `module:function` to the items of a dlt resource, and what its errors mean.

Data flow: settings -> function of dlt code -> resource -> items (dictionaries), one after another.

A resource is iterated as it is: no pipeline, no destination, no schema of dlt. Its own incremental
state begins anew with each run (docs of dlt: a resource outside a pipeline has no stored state), so
`dlt.sources.incremental` inside it reads from its initial value on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
    SourceError,
)

_PASSING = ("Timeout", "ConnectionError", "ConnectTimeout", "ReadTimeout", "TimeoutError")


def load_function(path: str, home: Path) -> Callable[..., Any]:
    """The function. ConfigurationError when dlt, the module or the function is not there."""
    # dlt would tell its makers how it is used.
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    try:
        import_module("dlt")
    except ImportError:
        raise ConfigurationError(
            "dlt is not installed.",
            todo='Install it beside the product: pip install "member-journey[dlt]".',
        ) from None
    if str(home) not in sys.path:
        sys.path.append(str(home))
    module, _, name = path.partition(":")
    try:
        found: Callable[..., Any] = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"there is no module {error.name}.",
            todo="Install it, or put it into the organisation's folder; correct `function`.",
        ) from error
    except AttributeError as error:
        raise ConfigurationError(
            f"the module {module} has no {name}.", todo="Correct `function`."
        ) from error
    except Exception as error:
        raise ConfigurationError(
            f"the module {module} can not be imported ({type(error).__name__}).",
            todo="Import it by hand: its message is not repeated here.",
        ) from error
    return found


def resources_of(found: Any) -> dict[str, Any]:
    """The resources of a dlt source by name; a resource by itself has its own name alone."""
    resources = getattr(found, "resources", None)
    if isinstance(resources, Mapping):
        return dict(resources)
    name = getattr(found, "name", None)
    if not isinstance(name, str) or not isinstance(found, Iterable):
        raise ConfigurationError(
            f"`function` gives a {type(found).__name__}, no dlt resource or source.",
            todo="Expected a function decorated with @dlt.resource or @dlt.source.",
        )
    return {name: found}


def items_of(found: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """The items of one resource, also those that come in lists or Arrow tables."""
    chosen = found.with_resources(name) if hasattr(found, "with_resources") else found
    for given in chosen:
        if isinstance(given, Mapping):
            yield given
            continue
        rows = given.to_pylist() if hasattr(given, "to_pylist") else given
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise SourceError(
                f"the resource {name} yields {type(given).__name__}, which is not read.",
                todo="Expected dictionaries, lists of them, or Arrow tables.",
            )
        yield from rows


def judged(error: Exception) -> JourneyConnectorError:
    """What an error inside the resource means; its message may hold payload and is not repeated."""
    if isinstance(error, JourneyConnectorError):
        return error
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    name = type(root).__name__
    status = getattr(getattr(root, "response", None), "status_code", None)
    if status == 401:
        return AuthenticationError(
            "the system refused the credentials (HTTP 401).", todo="Correct the secrets."
        )
    if status == 403:
        return NotPermitted("the account may not read this (HTTP 403).")
    if name in _PASSING or (isinstance(status, int) and (status >= 500 or status == 429)):
        return RetryableError(
            f"the resource could not reach its system ({name}).", todo="Run again."
        )
    if "ConfigField" in name:
        return ConfigurationError(
            f"the resource lacks an argument or a setting of dlt ({name}).",
            todo="Give it with `arguments` or `argument_secrets`.",
        )
    if isinstance(root, TypeError) and root is error:
        return ConfigurationError(
            "the function can not be called with these arguments.", todo="Correct `arguments`."
        )
    return SourceError(
        f"the resource's code failed ({name}).",
        todo="Run it by hand: its message is not repeated, as it may hold records.",
    )
