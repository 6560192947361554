"""`allow`: into which folders projects may lead. A list of the user's own, that comes with no repository."""

from __future__ import annotations

import os
from pathlib import Path

from trainer_tui.bounds import allowed_file, allowed_folders
from trainer_tui.cli.printing import print_json, say
from trainer_tui.project import ProjectError
from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.plain import PRIVATE_MODE
from trainer_tui.runs.verdict import EXIT_PASSED


def allow(folders: list[str], forget: bool, as_json: bool) -> int:
    """Add folders to the list or take them off it, then show all. Raises ProjectError for what is none."""
    if folders:
        _change([_folder(text) for text in folders], forget)
    elif forget:
        raise ProjectError("--forget needs a folder", "`trainer-tui allow` lists them")
    found = list(dict.fromkeys(allowed_folders()))
    if as_json:
        print_json(found)
    for folder in () if as_json else found:
        say(folder)
    if not found and not as_json:
        say("no folder beyond a project's own is allowed")
    return EXIT_PASSED


def _folder(text: str) -> str:
    folder = os.path.abspath(os.path.expanduser(text))
    if not text or any(character in folder for character in "\n\r\0"):
        raise ProjectError(f"{text!r} cannot be allowed", "name a folder, as in /scratch/ada")
    return folder


def _change(folders: list[str], forget: bool) -> None:
    path: Path = allowed_file()
    try:
        known = path.read_text("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        known = []
    kept = [line for line in known if line not in folders] + ([] if forget else folders)
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    text = "".join(f"{line}\n" for line in kept)
    replace_atomic(path, text.encode("utf-8", "surrogateescape"), mode=PRIVATE_MODE)
