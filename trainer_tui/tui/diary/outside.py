"""An entry in the user's own editor: a copy of it in a file, taken back when the editor is left."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


class OutsideError(Exception):
    """The editor gave nothing back; the message is for the user."""


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """What `$VISUAL` or `$EDITOR` say, else `vi`. Raises OutsideError when it cannot be read."""
    asked = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    try:
        words = shlex.split(asked)
    except ValueError:
        words = []
    if not words:
        raise OutsideError(f"$EDITOR is no command: {asked!r}")
    return words


def edited_outside(text: str, number: int, command: list[str]) -> str:
    """The text as the editor left it. The caller has given the terminal away.

    Raises:
        OutsideError: it cannot be started, or failed; what it wrote by then stays in the file that is named.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"dev_diary-entry-{number}-", suffix=".md")
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise OutsideError(f"no file for the editor: {error.strerror or error}") from None
    path = Path(name)
    try:
        code = subprocess.run([*command, name]).returncode
        written = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        path.unlink(missing_ok=True)
        why = error.strerror or str(error)
        raise OutsideError(f"the editor {command[0]!r} cannot be used: {why}") from None
    new = written.replace("\r\n", "\n").replace("\r", "\n")
    if code:
        kept = "" if new == text else f"; what was written is in {path}"
        if not kept:
            path.unlink(missing_ok=True)
        raise OutsideError(f"{command[0]} ended with exit code {code}, nothing was taken over{kept}")
    path.unlink(missing_ok=True)
    return new
