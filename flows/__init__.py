"""What runs when: configuration, the `journey` command and the Prefect flow around one night.

Data flow: config/*.yml + clock -> night (ingest, load, validate, build, audit, publish, push)
-> published warehouse, segments on the platforms, receipts.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("member-journey")
except PackageNotFoundError:  # run from a folder without installing
    __version__ = "0"
