"""Who may read what under data/, whatever the umask of the run is."""

import os
from pathlib import Path

import pytest

from flows.home import Home


@pytest.mark.parametrize("umask", [0o077, 0o022])
def test_only_published_is_open_to_other_accounts(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        home = Home(tmp_path)
        home.make()
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in home.data.iterdir()}
    assert home.data.stat().st_mode & 0o777 == 0o711
    assert modes.pop("published") == 0o755
    assert set(modes.values()) == {0o700}
