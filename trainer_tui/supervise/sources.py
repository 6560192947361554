"""What a run was made of: copies of its sources, their digest, the state of the repository."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_GIT_TIMEOUT_S = 2.0


def copy_sources(sources: Iterable[str], root: Path, into: Path) -> None:
    """Keep each source file under `into`, by its path below `root` (by its name when it lies elsewhere)."""
    for name in sources:
        source = Path(name)
        if not source.is_file():
            continue
        target = into / _relative(source, root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def digest_of(folder: Path) -> str:
    """SHA-256 over names and contents of every file below `folder`; empty when there are none."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    if not files:
        return ""
    digest = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def diff_sources(before: Path, after: Path) -> str:
    """Unified diff of two `source/` folders; empty when they are alike."""
    import difflib

    names = sorted(
        {p.relative_to(folder) for folder in (before, after) for p in folder.rglob("*") if p.is_file()}
    )
    parts: list[str] = []
    for name in names:
        old, new = _lines(before / name), _lines(after / name)
        parts += difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(parts)


def git_state(root: Path) -> dict[str, Any]:
    """Commit and whether the tree differs from it; empty outside a repository."""
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return {}
    return {"commit": commit, "dirty": bool(_git(root, "status", "--porcelain", "--untracked-files=no"))}


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _relative(source: Path, root: Path) -> Path:
    try:
        return source.resolve().relative_to(root.resolve())
    except ValueError:
        return Path(source.name)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
