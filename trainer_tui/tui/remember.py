"""What a user chose on the screen, kept for the next time: one small file, whose loss costs nothing."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.plain import PRIVATE_MODE

_LOCK = threading.Lock()


def state_file() -> Path:
    """Where it lies: in the user's folder for state (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if os.path.isabs(state) else Path(os.path.expanduser("~/.local/state"))
    return folder / "trainer-tui" / "screen.json"


def remembered(name: str, default: str = "") -> str:
    """A text that was remembered; `default` where there is none, or the file cannot be read."""
    value = _read().get(name)
    return value if isinstance(value, str) else default


def remember(**choices: str) -> None:
    """Keep choices, in a thread; an empty one is forgotten. What the disk refuses is not kept."""
    threading.Thread(target=_keep, args=(choices,), name="remember", daemon=True).start()


def _keep(choices: dict[str, str]) -> None:
    with _LOCK:
        known = {**_read(), **choices}
        try:
            state_file().parent.mkdir(0o700, parents=True, exist_ok=True)
            kept = {k: v for k, v in known.items() if v != ""}
            replace_json(state_file(), kept, fsync=False, mode=PRIVATE_MODE)
        except OSError:
            return  # next time it looks as it did before the choice; nothing else is lost


def _read() -> dict[str, Any]:
    try:
        return read_json(state_file()) or {}
    except (OSError, ValueError):
        return {}
