"""Where the product's own files are: in the repository, or in site-packages once installed.

Data flow: this module's place -> the dbt project, the shipped example.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
DBT_PROJECT = _HERE.parent / "dbt_project"
_PACKAGED_EXAMPLE = _HERE / "example"
# The wheel carries the repository's config/ and prefect.yaml as flows/example.
EXAMPLE = _PACKAGED_EXAMPLE if _PACKAGED_EXAMPLE.is_dir() else _HERE.parent
