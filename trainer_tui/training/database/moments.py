"""Who does something, and when, as it is written into the database."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime

from trainer_tui.runs.process import host_name


def now() -> str:
    """The time in UTC as the whole database of runs has it: `2026-01-25T14:00:01.000Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def whoever() -> str:
    """`ada@gpu01`: the user on this machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "somebody"  # a user id without a name, as in many containers
    return f"{user}@{host_name()}"


def day(moment: str) -> str:
    """`2026-01-25 14:00 UTC`."""
    return f"{moment[:16].replace('T', ' ')} UTC"
