"""Versions of the run folder: which ones this program can carry on, and what it says about newer ones.

Any version is read: unknown kinds and fields are passed over, absent ones take their default. To carry a run
on means to act on its plan; one that may say what we do not know is left to the version that made it.
"""

from __future__ import annotations

from typing import Any

SCHEMA = 1
"""The version that we write: raised when an older program that acts on the folder would do wrong."""


class NewerVersionError(Exception):
    """A run that is not over was begun by a newer trainer-tui; the message is one sentence for the user."""


def version_of(document: dict[str, Any]) -> int:
    """The version of a `run.json`; 1 where it says none, one above ours where it says what we cannot read."""
    found = document.get("schema", 1)
    return found if isinstance(found, int) and found >= 1 else SCHEMA + 1


def is_newer(version: int) -> bool:
    """Whether a folder of this version must not be carried on by this program."""
    return version > SCHEMA


def told_as_newer(version: int) -> str:
    """That a folder is of a newer version, for people."""
    return f"written by a newer trainer-tui (run folder version {version}, this one knows {SCHEMA})"
