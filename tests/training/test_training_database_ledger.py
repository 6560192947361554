"""The ledger as the pipeline uses it: who may look, who may go on after a kill, what is told, what stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

sys.path.insert(0, str(Path(__file__).parent))

from registered import OTHER, SPLIT, registered

from trainer_tui.training.database import journal
from trainer_tui.training.database.errors import LedgerUnreachableError
from trainer_tui.training.database.ledger import metrics_digest, open_test, record, unlock
from trainer_tui.training.database.opening import default_url, open_database
from trainer_tui.training.database.standing import find_split, standings
from trainer_tui.training.errors import ModelTrainerError, SplitLockedError

METRICS = {"auc": 0.875, "brier_score": 1e-05, "threshold": float("nan"), "n": 15}


@pytest.fixture
def ledger(engine: Engine) -> Engine:
    """A database with one registered split."""
    return registered(engine)


def test_a_test_part_is_opened_once(ledger: Engine) -> None:
    first = open_test(ledger, SPLIT, "cancer/002-full", by="ada@gpu01")
    with pytest.raises(SplitLockedError) as before:
        open_test(ledger, SPLIT, "cancer/004-full")
    assert "by cancer/002-full (ada@gpu01, final evaluation), which ended before" in str(before.value)
    assert record(ledger, first, METRICS) == metrics_digest(METRICS)
    with pytest.raises(SplitLockedError) as after:
        open_test(ledger, SPLIT, "cancer/004-full")
    assert f"The test part of split {SPLIT[:16]} was evaluated on 20" in str(after.value)
    assert f'`trainer-tui train unlock {SPLIT[:16]} --test --why "…"` allows one more' in str(after.value)
    assert "ended before" not in str(after.value)
    with pytest.raises(SplitLockedError, match="never changed"):
        record(ledger, first, {"auc": 0.99})


def test_an_unlock_allows_exactly_one_more(ledger: Engine) -> None:
    open_test(ledger, SPLIT, "m/001-full")
    granted = unlock(ledger, SPLIT, "test", "the labels were mended", by="ada@gpu01")
    with pytest.raises(ModelTrainerError, match=r"was unlocked on .* by ada@gpu01 .*the labels were mended"):
        unlock(ledger, SPLIT, "test", "again")
    again = open_test(ledger, SPLIT, "m/002-full")
    assert again.grant_id == granted.grant_id
    with pytest.raises(SplitLockedError):
        open_test(ledger, SPLIT, "m/003-full")
    unlock(ledger, SPLIT, "test", "and once more")
    assert open_test(ledger, SPLIT, "m/003-full").grant_id != granted.grant_id


def test_the_holdout_is_locked_until_somebody_unlocks_it(ledger: Engine) -> None:
    with pytest.raises(
        SplitLockedError, match=r"holdout of split \w+ is locked: .*--holdout .* allows one, and"
    ):
        open_test(ledger, SPLIT, "m/001-full", part="holdout")
    unlock(ledger, SPLIT, "holdout", "deployed since May")
    opened = open_test(ledger, SPLIT, "m/001-full", part="holdout", purpose="after deployment")
    record(ledger, opened, METRICS)
    with pytest.raises(SplitLockedError, match=r"is locked; it was evaluated on .* after deployment"):
        open_test(ledger, SPLIT, "m/001-full", part="holdout")


def test_a_run_that_was_killed_finishes_its_own_evaluation(ledger: Engine) -> None:
    first = open_test(ledger, SPLIT, "m/001-full", model_digest="d1")
    for run, model in (("m/001-full", "d2"), ("m/002-full", "d1")):
        with pytest.raises(SplitLockedError):
            open_test(ledger, SPLIT, run, model_digest=model)
    again = open_test(ledger, SPLIT, "m/001-full", model_digest="d1")
    assert (again.evaluation_id, again.openings) == (first.evaluation_id, 2)
    record(ledger, again, METRICS)
    with pytest.raises(SplitLockedError):
        open_test(ledger, SPLIT, "m/001-full", model_digest="d1")
    [standing] = standings(ledger)
    assert [(e.state, e.openings) for e in standing.evaluations] == [("recorded", 2)]


def test_another_split_of_the_same_data_names_the_first(ledger: Engine) -> None:
    open_test(ledger, SPLIT, "m/001-full")
    registered(ledger, OTHER, seed=1)
    with pytest.raises(SplitLockedError, match=f"evaluated as split {SPLIT[:16]} on .* by m/001-full"):
        open_test(ledger, OTHER, "m/002-full")
    unlock(ledger, OTHER, "test", "a new draw")
    open_test(ledger, OTHER, "m/002-full")


@pytest.mark.parametrize(
    ("split", "part", "why", "words"),
    [
        (SPLIT, "test", "because", "not evaluated yet"),
        (SPLIT, "holdout", " \n", "needs a reason"),
        (SPLIT, "train", "because", "Only test and holdout"),
        (OTHER, "test", "because", "no registered split"),
    ],
)
def test_what_cannot_be_unlocked(ledger: Engine, split: str, part: str, why: str, words: str) -> None:
    with pytest.raises(ModelTrainerError, match=words):
        unlock(ledger, split, part, why)
    assert standings(ledger)[0].grants == ()


def test_a_split_that_nobody_registered_is_not_opened(ledger: Engine) -> None:
    with pytest.raises(SplitLockedError, match="not registered"):
        open_test(ledger, OTHER, "m/001-full")
    with pytest.raises(ValueError, match="test and holdout"):
        open_test(ledger, SPLIT, "m/001-full", part="train")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_ledger_out_of_reach_keeps_the_part_closed(ledger: Engine, migrated: str) -> None:
    ledger.dispose()
    path = Path(migrated.removeprefix("sqlite:///"))
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(LedgerUnreachableError, match=r"cannot be asked .*stays closed"):
        open_test(ledger, SPLIT, "m/001-full")


OPENER = """
import sys
from trainer_tui.training.database.ledger import open_test
from trainer_tui.training.database.opening import open_database
from trainer_tui.training.errors import SplitLockedError
url, split, run = sys.argv[1:]
engine = open_database(url)
print("ready", flush=True)
sys.stdin.readline()
try:
    print("won" if open_test(engine, split, run).grant_id is None else "granted")
except SplitLockedError as error:
    print("lost" if "was evaluated" in str(error) else error)
"""


def test_of_trainings_that_end_at_once_one_is_evaluated(ledger: Engine, migrated: str) -> None:
    def race() -> list[str]:
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", OPENER, migrated, SPLIT, f"m/{number:03d}-full"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )
            for number in range(2)
        ]
        for run in runs:
            assert run.stdout is not None and run.stdout.readline() == "ready\n"
        for run in runs:
            assert run.stdin is not None
            run.stdin.write("\n")
            run.stdin.flush()
        return sorted(run.communicate(timeout=60)[0].strip() for run in runs)

    assert race() == ["lost", "won"]


KILLED = """
import os, signal, sys
from trainer_tui.training.database.ledger import open_test
from trainer_tui.training.database.opening import open_database
open_test(open_database(sys.argv[1]), sys.argv[2], "m/001-full", model_digest="d1")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_after_opening_costs_the_evaluation(ledger: Engine, migrated: str) -> None:
    """It was let at the rows, and nobody can say whether it looked."""
    killed = subprocess.run([sys.executable, "-c", KILLED, migrated, SPLIT], cwd=Path(__file__).parents[2])
    assert killed.returncode == -9
    with pytest.raises(SplitLockedError, match=r"m/001-full .*ended before it had written its metrics"):
        open_test(ledger, SPLIT, "m/002-full", model_digest="d1")
    record(ledger, open_test(ledger, SPLIT, "m/001-full", model_digest="d1"), METRICS)


def test_of_trainings_that_want_one_unlock_one_gets_it(ledger: Engine) -> None:
    """Each sees the unlock before either has taken it."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    open_test(ledger, SPLIT, "m/001-full")
    unlock(ledger, SPLIT, "test", "again")
    start = Barrier(4)

    def want(number: int) -> str:
        start.wait()
        try:
            return open_test(ledger, SPLIT, f"n/{number:03d}-full").grant_id or "free"
        except SplitLockedError:
            return "lost"

    with ThreadPoolExecutor(4) as pool:
        got = sorted(pool.map(want, range(4)))
    assert got.count("lost") == 3 and "free" not in got


def test_a_digest_is_that_of_the_numbers() -> None:
    assert metrics_digest({"b": 1, "a": -0.0}) == metrics_digest({"a": 0, "b": 1.0})
    assert metrics_digest({"a": float("nan")}) == metrics_digest({"a": None})
    assert metrics_digest({"a": 0.1}) != metrics_digest({"a": 0.1 + 2**-56})


# ------------------------------------------------------------ listing


def test_standings_say_what_is_open(ledger: Engine) -> None:
    registered(ledger, OTHER, seed=1, registered_at="2026-01-26")
    first, second = standings(ledger)
    assert [one.split_id for one in (first, second)] == [SPLIT, OTHER]
    assert (first.state("test"), first.state("holdout"), first.same_data) == ("open", "locked", (OTHER,))
    open_test(ledger, SPLIT, "m/001-full")
    unlock(ledger, SPLIT, "holdout", "deployed")
    first, second = standings(ledger)
    assert (first.state("test"), first.state("holdout")) == ("spent", "unlocked")
    assert (second.state("test"), second.state("holdout")) == ("spent", "locked")
    json.dumps(first.to_dict())


def test_a_split_is_found_by_the_beginning_of_its_id(ledger: Engine) -> None:
    registered(ledger, SPLIT[:10] + "0" * 54, seed=1)
    assert find_split(ledger, SPLIT[:12]).split_id == SPLIT
    for name, words in (
        (SPLIT[:10], "2 splits begin"),
        ("zz", "no registered split zz"),
        ("", "no registered"),
    ):
        with pytest.raises(ModelTrainerError, match=words):
            find_split(ledger, name)


# ------------------------------------------------------------ the ledger outlives its database


def test_a_database_made_anew_knows_what_was_evaluated(tmp_path: Path) -> None:
    engine = registered(open_database(default_url(tmp_path)))
    record(engine, open_test(engine, SPLIT, "m/001-full"), METRICS)
    unlock(engine, SPLIT, "test", "labels mended")
    open_test(engine, SPLIT, "m/002-full")
    unlock(engine, SPLIT, "holdout", "deployed")
    folder = tmp_path / "splits"
    journal.keep(engine, folder, SPLIT)
    before = standings(engine)[0].to_dict()
    engine.dispose()
    (tmp_path / "runs.db").unlink()

    anew = registered(open_database(default_url(tmp_path)))
    journal.keep(anew, folder, SPLIT)
    assert standings(anew)[0].to_dict() == before
    with pytest.raises(SplitLockedError, match="m/002-full"):
        open_test(anew, SPLIT, "m/003-full")
    written = journal.path_of(folder, SPLIT).stat().st_mtime_ns
    journal.keep(anew, folder, SPLIT)
    assert journal.path_of(folder, SPLIT).stat().st_mtime_ns == written


def test_a_kept_ledger_that_is_damaged_does_no_harm(tmp_path: Path) -> None:
    engine = registered(open_database(default_url(tmp_path)))
    open_test(engine, SPLIT, "m/001-full")
    path = journal.path_of(tmp_path, SPLIT)
    odd = json.dumps({"grants": 5, "evaluations": [{"split_id": SPLIT}, 7]})
    for content in ("{", "[]", odd):
        path.write_text(content)
        journal.keep(engine, tmp_path, SPLIT)
        [kept] = json.loads(path.read_text())["evaluations"]
        assert kept["training_run_id"] == "m/001-full"
