"""Settings of a folder of files as a platform.

Data flow: config/platforms.yml -> FilePlatformSettings -> FileAdapter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.platforms.fields import refuse_in_union_mode
from connectors.platforms.protocol import PlatformSettings
from connectors.sources.filedrop.access import FolderAccess
from connectors.sources.mapping import TimeZone

NeutralField = Literal[
    "first_name", "last_name", "member_number", "phone", "street", "postal_code", "city"
]
_NAMES: Mapping[str, NeutralField] = {"first_name": "first_name", "last_name": "last_name"}
_COLUMNS: Mapping[str, Mapping[str, NeutralField]] = {
    "post": {**_NAMES, "street": "street", "postal_code": "postal_code", "city": "city"},
    "phone": {**_NAMES, "phone": "phone"},
}


class FilePlatformSettings(PlatformSettings, FolderAccess):
    """One folder. `columns`: column -> what stands in it; nothing else is ever written.

    `account` names the folder in the ledger and must never change. `channel` is how its reader
    reaches people: only segments and consents of that channel are written. `prefix` marks the
    files this product owns. `neutral_names` gives them opaque codes; `union_mode` forces those and
    allows only what a letter or a call needs. `timezone` decides which day a file is of.
    """

    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    channel: Literal["post", "phone"]
    format: Literal["csv", "xlsx"] = "csv"
    delimiter: Literal[",", ";", "\t"] = ","
    prefix: str = Field(default="mj-", pattern=r"^[a-z0-9][a-z0-9_-]{1,19}$")
    neutral_names: bool = False
    union_mode: bool = False
    columns: Mapping[str, NeutralField] | None = None
    timezone: TimeZone = "UTC"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.shown:
            if not re.fullmatch(r"[^\W\d_][\w ]{0,49}", name) or name == "id":
                raise ValueError(f"'{name}' is not a column name such as first_name (not id)")
        if self.union_mode:
            refuse_in_union_mode(self.shown, self.channel)
        return self

    @property
    def shown(self) -> Mapping[str, NeutralField]:
        """Column -> neutral field name, in the order of the columns."""
        return _COLUMNS[self.channel] if self.columns is None else self.columns

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode
