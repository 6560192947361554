"""`train splits` and `train unlock`, as functions: what they print, what they return, what they refuse."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

sys.path.insert(0, str(Path(__file__).parent))

from registered import OTHER, SPLIT, registered

from trainer_tui.cli import train_ledger
from trainer_tui.project import ProjectError
from trainer_tui.training.database import journal
from trainer_tui.training.database.ledger import open_test, record
from trainer_tui.training.database.opening import default_url, open_database


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without any run."""
    (tmp_path / "output").mkdir()
    (tmp_path / "trainer.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ledger(project: Path) -> Engine:
    """With a registered split."""
    return registered(open_database(default_url(project / "output")))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_nothing_is_made_where_there_is_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_ledger.splits("", False) == 0
    assert "no split is registered yet" in said(capsys)
    assert train_ledger.splits("", True) == 0
    assert json.loads(said(capsys)) == {"splits": [], "problems": []}
    with pytest.raises(ProjectError, match="no split is registered"):
        train_ledger.unlock("3f", True, False, "why", False)
    assert list((project / "output").iterdir()) == []


def test_splits_are_listed_with_what_is_open(ledger: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_ledger.splits("", False) == 0
    text = said(capsys)
    assert SPLIT[:16] in text and "not evaluated yet" in text and "✔ every rule" in text
    registered(ledger, OTHER, seed=1)
    record(ledger, open_test(ledger, SPLIT, "m/001-full", by="ada@gpu01"), {"auc": 0.5})
    train_ledger.splits("", False)
    text = said(capsys)
    assert "evaluated (once, 20" in text and "by m/001-full)" in text
    assert "evaluated (with another split of these data)" in text
    train_ledger.splits(SPLIT[:8], False)
    text = said(capsys)
    assert SPLIT in text and "test by m/001-full (ada@gpu01): final evaluation, metrics " in text
    assert f"other splits of the same data: {OTHER[:16]}" in text
    train_ledger.splits("", True)
    [first, _] = json.loads(said(capsys))["splits"]
    assert first["state"] == {"test": "spent", "holdout": "locked"} and len(first["evaluations"]) == 1


def test_unlocking_is_recorded_here_and_beside_the_split(
    ledger: Engine, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_test(ledger, SPLIT, "m/001-full")
    assert train_ledger.unlock(SPLIT[:6], True, False, "labels mended", False) == 0
    assert "open for one evaluation" in said(capsys)
    kept = json.loads(journal.path_of(project / "output" / "splits", SPLIT).read_text())
    assert [grant["reason"] for grant in kept["grants"]] == ["labels mended"]
    assert train_ledger.unlock(SPLIT, False, True, "deployed", True) == 0
    assert json.loads(said(capsys))["part"] == "holdout"
    train_ledger.splits("3f", False)
    text = said(capsys)
    assert "unlocked for one" in text and ": labels mended" in text and "no metrics were written" in text


def test_what_is_refused_is_a_sentence(ledger: Engine) -> None:
    for test, holdout in ((True, True), (False, False)):
        with pytest.raises(ProjectError, match="one of --test and --holdout"):
            train_ledger.unlock(SPLIT, test, holdout, "why", False)
    with pytest.raises(ProjectError, match="needs a reason"):
        train_ledger.unlock(SPLIT, False, True, " ", False)
    with pytest.raises(ProjectError, match="not evaluated yet"):
        train_ledger.unlock(SPLIT, True, False, "why", False)
    with pytest.raises(ProjectError, match="no registered split zz"):
        train_ledger.splits("zz", False)


def test_a_missing_rule_is_told(ledger: Engine, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(project / "output" / "runs.db") as database:
        database.execute("DROP TRIGGER tt_evaluations_delete")
    database.close()
    assert train_ledger.splits("", False) == 1
    told = capsys.readouterr()
    assert "tt_evaluations_delete is missing" in told.err and "every rule" not in told.out
    assert train_ledger.splits("", True) == 1
    assert len(json.loads(said(capsys))["problems"]) == 1


def test_a_newer_database_is_a_sentence(ledger: Engine, project: Path) -> None:
    with sqlite3.connect(project / "output" / "runs.db") as database:
        database.execute("UPDATE ml_schema_version SET version_num = 'r0099'")
    database.close()
    with pytest.raises(ProjectError, match="newer trainer-tui"):
        train_ledger.splits("", False)
