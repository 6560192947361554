"""The environment of a watch: all its runs see the one in which it was started, whoever supervises them.

It is kept in `environment.json`, readable by its owner alone. What looks like a secret is not written down;
that comes from the environment of whoever supervises.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.supervise.launchers.local import SCRIPT_VARIABLES

_FILE = "environment.json"
_SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH|COOKIE|(?:^|_)(?:PASS|PWD|PAT)$", re.I
)
_SECRET_VALUE = re.compile(r"://[^/\s@]*:[^/\s@]+@")
"""A password in an address."""
_NO_SECRETS = frozenset({"PWD", "OLDPWD"})


def keep(model: ModelFolder, run: RunFolder, watch: int | None) -> None:
    """Write down the environment of a new run: ours for the first of a watch (None), else that of the watch.

    Raises OSError when the disk refuses.
    """
    ours = {name: value for name, value in os.environ.items() if not _is_left_out(name, value)}
    recorded = None if watch is None else _of_watch(model, watch, run)
    replace_json(run.path / _FILE, ours if recorded is None else recorded, mode=0o600)


def of_run(run: RunFolder) -> dict[str, str]:
    """The environment for the shim of a run; ours where none was kept, or where we may not read it."""
    living = {name: value for name, value in os.environ.items() if name not in SCRIPT_VARIABLES}
    recorded = _read(run)
    if recorded is None:
        return living
    return recorded | {name: value for name, value in living.items() if _is_left_out(name, value)}


def _of_watch(model: ModelFolder, watch: int, run: RunFolder) -> Mapping[str, str] | None:
    earlier = (other for other in model.watch_runs(watch) if other.number < run.number)
    return next((found for other in earlier if (found := _read(other)) is not None), None)


def _read(run: RunFolder) -> dict[str, str] | None:
    document = read_json(run.path / _FILE)
    if document is None:
        return None
    return {name: value for name, value in document.items() if isinstance(value, str)}


def _is_left_out(name: str, value: str) -> bool:
    if name in SCRIPT_VARIABLES:
        return True
    if name not in _NO_SECRETS and (_SECRET_NAME.search(name) or _SECRET_VALUE.search(value)):
        return True
    # What is not UTF-8 cannot stand in a JSON document.
    return any("\ud800" <= character <= "\udfff" for character in name + value)
