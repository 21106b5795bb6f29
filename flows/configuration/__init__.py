"""An organisation's configuration, read and checked as a whole.

Data flow: config/*.yml + environment/.env -> `load_configuration` -> Configuration,
or ConfigurationInvalid with every problem of every file. Nothing is started before that.
"""

from __future__ import annotations

from flows.configuration.clock import Today, read_clock
from flows.configuration.loader import Configuration, load_configuration
from flows.configuration.measures import Stages
from flows.configuration.models import Organisation

__all__ = [
    "Configuration",
    "Organisation",
    "Stages",
    "Today",
    "load_configuration",
    "read_clock",
]
