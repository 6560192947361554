"""`trainer-tui log`: what it opens, and what it refuses with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_tui.cli.log import log
from trainer_tui.project import ProjectError


def test_a_log_needs_a_terminal_and_says_which_file_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("x\n")
    with pytest.raises(ProjectError, match=r"read on a terminal; the file is .*a\.log"):
        log(str(path), None)


@pytest.mark.parametrize(("name", "why"), [("", "is a folder"), ("missing.log", "there is no file")])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(ProjectError, match=why):
        log(f"{tmp_path}/{name}", None)


def test_an_unknown_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError):
        log("no_such_model", None)
