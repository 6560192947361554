"""Settings and links of a repository lead nowhere that its user has not allowed."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from trainer_tui.bounds import VARIABLE, allowed_file, way_out
from trainer_tui.cli.app import main
from trainer_tui.settings import SettingsError, load_settings, open_project


@pytest.fixture
def cloned(tmp_path, monkeypatch) -> Path:
    """A repository beside a folder that is none of its business."""
    root = tmp_path / "repo"
    (root / "models").mkdir(parents=True)
    (root / "models/m.py").write_text("print(1)\n")
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return root


def said(words: list[str], capsys) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main(words)
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out + captured.err


KEYS = {
    "output": '[project]\nname_of_nobody = 1\n'.replace("name_of_nobody = 1", 'output = "WHERE"'),
    "models": '[project]\nmodels = "WHERE"\n',
    "logs": '[project]\n\nlogs = "WHERE"\n',
    "index": '[index]\nurl = "sqlite:///WHERE/runs.db"\n',
    "driver": '[index]\nurl = "sqlite+pysqlite:///WHERE/runs.db"\n',
    "encoded": '[index]\nurl = "sqlite:///..%2Fscratch%2Fruns.db"\n',
    "uri": '[index]\nurl = "sqlite:///file:WHERE/runs.db?mode=rwc&uri=true"\n',
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "where", ["absolute", "../scratch", "../scratch/new/deep", "models/../../scratch", "link"]
)
def test_what_leads_out_is_refused_with_its_line_and_what_allows_it(cloned, key, where):
    os.symlink("../scratch", cloned / "link")
    scratch = cloned.parent / "scratch"
    text = KEYS[key].replace("WHERE", str(scratch) if where == "absolute" else where)
    (cloned / "trainer.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        open_project(cloned, {"XDG_CONFIG_HOME": str(cloned.parent / "config")})
    (problem,) = caught.value.problems
    line = text[: text.index(" =")].count("\n") + 1
    assert problem.startswith(f"trainer.toml:{line}: ") and "leads out of the project, to " in problem
    assert f"`trainer-tui allow {scratch}" in problem and "\n" not in problem
    open_project(cloned, {VARIABLE: f"/nowhere:{scratch}"})
    allowed_file({"XDG_CONFIG_HOME": str(cloned.parent / "config")}).parent.mkdir(parents=True)
    (cloned.parent / "config/trainer-tui/allowed").write_text(f"{scratch}\n")
    open_project(cloned, {"XDG_CONFIG_HOME": str(cloned.parent / "config")})


@pytest.mark.parametrize("name", ["output", "logs", "models", "output/runs.db", "output/m", "logs/m"])
def test_a_link_that_came_with_the_repository_is_refused_too(cloned, name, capsys):
    scratch = cloned.parent / "scratch"
    (cloned / "models/m.py").rename(scratch / "m.py")
    path = cloned / name
    (cloned / "models").rmdir() if name == "models" else (scratch / "m.py").rename(cloned / "models/m.py")
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(scratch / "runs.db" if name.endswith("db") else scratch)
    (cloned / "trainer.toml").write_text("")
    before = sorted(scratch.iterdir())
    for words in (["watch", "m", "--headless"], ["status", "m"], ["stop", "m"], ["retry", "m"]):
        code, text = said(words, capsys)
        assert code == 2 and "leads out of the project" in text and "trainer-tui allow" in text, words
        assert len(text.splitlines()) == 1 and "Traceback" not in text
    assert sorted(scratch.iterdir()) == before


@pytest.mark.parametrize("where", ["../scratch/x.csv", "link", "~/x.csv", "/etc/passwd"])
def test_foreign_metrics_stay_inside_too(cloned, capsys, where):
    os.symlink("../scratch", cloned / "link")
    (cloned / "trainer.toml").write_text(f'[models.m]\n\nhistory = "{where}"\n')
    code, text = said(["watch", "m", "--headless"], capsys)
    assert code == 2 and text.startswith("trainer-tui: trainer.toml:3: models.m.history: it leads out")
    assert not (cloned / "output").exists()


@pytest.mark.parametrize("text", ['[project]\noutput = "a\\u0000b"', '[models.m]\nhistory = "a\\u0000b"'])
def test_what_is_no_path_is_one_sentence(cloned, capsys, text):
    (cloned / "trainer.toml").write_text(text)
    code, text = said(["watch", "m", "--headless"], capsys)
    assert code == 2 and "not a path" in text and len(text.splitlines()) == 1


def test_inside_or_by_the_users_own_hand_nothing_is_asked(cloned):
    scratch = cloned.parent / "scratch"
    (cloned / "trainer.toml").write_text(
        f'[project]\noutput = "deep/out"\nlogs = "{cloned}/l"\n[index]\nurl = "postgresql://h/x"\n'
    )
    open_project(cloned, {})
    (cloned / "deep").mkdir()
    os.symlink("../models", cloned / "deep/out")
    open_project(cloned, {})
    project, _ = open_project(cloned, {"TRAINER_TUI_PROJECT__OUTPUT": str(scratch)})
    assert project.output == scratch
    (cloned / "trainer.toml").write_text("")
    load_settings(cloned, {"TRAINER_TUI_PROJECT__OUTPUT": str(scratch)})  # its database goes there, too
    load_settings(cloned, {"TRAINER_TUI_INDEX__URL": f"sqlite:///{scratch}/x.db"})
    assert way_out(f"{cloned}x", [cloned]) == f"{cloned}x", "a name that begins alike is another folder"
    (cloned.parent / "other").symlink_to(cloned)
    assert way_out(cloned / "output", [cloned.parent / "other"]) is None


def test_the_list_is_kept_and_forgotten(cloned, capsys):
    scratch = str(cloned.parent / "scratch")
    assert said(["allow"], capsys) == (0, "no folder beyond a project's own is allowed\n")
    assert said(["allow", "../scratch", "/data"], capsys) == (0, f"{scratch}\n/data\n")
    assert said(["allow", scratch, "--json"], capsys) == (0, json.dumps(["/data", scratch]) + "\n")
    assert stat.S_IMODE(allowed_file().stat().st_mode) == 0o600
    (cloned / "trainer.toml").write_text(f'[project]\noutput = "{scratch}"\n')
    assert open_project()[0].output == Path(scratch)
    assert said(["allow", "--forget", scratch], capsys) == (0, "/data\n")
    with pytest.raises(SettingsError):
        open_project()
    for words in (["allow", ""], ["allow", "a\nb"], ["allow", "--forget"]):
        code, text = said(words, capsys)
        assert code == 2 and len(text.splitlines()) == 1
