"""Great Expectations, imported once: telemetry off, and without its dependencies' warnings.

Data flow: great_expectations -> `gx` (contexts, checkpoints), `gxe` (expectation classes).
Both are plain modules to the type checker: the package does not mark what it exports.
"""

from __future__ import annotations

import os
import warnings
from importlib import import_module

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    gx = import_module("great_expectations")
    gxe = import_module("great_expectations.expectations")
