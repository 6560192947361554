"""The state of a repository, asked of git in a way that runs nothing which the repository brings along."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TIMEOUT_S = 2.0

_HARMLESS = (
    *("-c", "core.fsmonitor=false"),  # a program that git would ask what has changed
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.sshCommand=false"),  # objects that are missing are not fetched
    *("-c", "protocol.allow=never"),
)
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
_STATUS = ("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
_OF_REPOSITORY = ("local", "worktree")
"""Where git finds a setting that came with the repository; the user's own filters (LFS) stay."""


def git_state(root: Path) -> dict[str, Any]:
    """Commit and whether the tree differs from it; empty outside a repository."""
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return {}
    filters = list(_filters(root))
    if any("=" in key for key in filters):  # cannot be switched off: then git is not asked
        return {"commit": commit}
    off = [word for key in filters for word in ("-c", f"{key}=")]
    return {"commit": commit, "dirty": bool(_git(root, *off, *_STATUS))}


def _filters(root: Path) -> Iterator[str]:
    """The settings of the repository that name a program to put file contents through."""
    wanted = r"^filter\..*\.(clean|smudge|process|required)$"
    for line in _git(root, "config", "--show-scope", "--name-only", "--get-regexp", wanted).splitlines():
        scope, _, key = line.partition("\t")
        if scope in _OF_REPOSITORY:
            yield key


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *_HARMLESS, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
