"""The fault table at a smaller size: some of the ways to hurt us, real processes, and a few random kills."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import fault_kills
import faults
from fault_compare import Seen, compare
from fault_runs import trial
from fault_storm import storm
from fault_table import Outcome

SOME = ("all-of-ours-gate", "stop-both", "pid-reuse", "ignores-term")


def test_the_table_is_whole() -> None:
    names = [fault.name for fault in faults.faults()]
    assert len(set(names)) == len(names) and set(SOME) <= set(names)
    assert all(fault.promise.endswith(".") and fault.times > 0 for fault in faults.faults())


@pytest.mark.parametrize(
    "fault", [f for f in fault_kills.FAULTS if f.name in SOME], ids=lambda fault: fault.name
)
def test_the_promise_is_kept(fault, monkeypatch) -> None:
    monkeypatch.setattr(fault_kills, "STOP_S", 0.5)
    why = fault.needs() if fault.needs is not None else ""
    if why:
        pytest.skip(why)
    outcome = fault.inject(Random(fault.name))
    assert outcome.survived and not outcome.wrong, outcome


@pytest.mark.parametrize("step", [11, 39])
def test_a_supervisor_that_dies_at_a_step(step: int) -> None:
    """Before it tells of the shim, and before it opens the entry in the diary."""
    from fault_steps_cases import supervisor

    with trial(phases=("full",), skip_quick="a test") as hurt:
        supervisor(hurt, step)
        hurt.come_back()
        hurt.finish()
        assert not compare(hurt).outcome().wrong


def test_random_kills() -> None:
    fallen, outcomes = storm(3, seed=1, side=1)
    assert sum(fallen.values()) >= 3
    assert not [outcome.wrong for outcome in outcomes if outcome.wrong]


def test_what_is_not_there_is_noticed() -> None:
    """The comparison itself can fail: events, lines and rows that are taken away, or written twice."""
    with trial(phases=("full",), steps=10) as hurt:
        hurt.begin()
        hurt.finish()
        assert compare(hurt).outcome() == Outcome(True)
        run = hurt.runs()[0]
        events = run.events.read_text().splitlines()
        kept = [line for line in events if '"kind":"gates"' not in line]
        run.events.write_text("\n".join([*kept, next(e for e in events if '"kind":"ended"' in e)]) + "\n")
        run.log().write_text(run.log().read_text().replace("line 4\n", ""))
        run.history.write_text("\n".join(run.history.read_text().splitlines()[:-1]) + "\n")
        seen = compare(hurt)
        assert len(seen.lost) == 3 and len(seen.doubled) == 1, seen
    assert Seen(hurt=["stopped"]).outcome().survived is False


def test_the_driver_prints_and_counts(monkeypatch, capsys) -> None:
    good = Outcome(True, seconds=0.5)
    bad = Outcome(False, lost=2, doubled=1, wrong="an event is gone")
    table = [
        faults.Fault("good", "nothing", "A promise.", lambda random: good, 3),
        faults.Fault("bad", "nothing", "A promise.", lambda random: bad, 2),
        faults.Fault("raises", "nothing", "A promise.", lambda random: 1 / 0, 1),  # type: ignore[arg-type]
        faults.Fault("barred", "nothing", "A promise.", lambda random: bad, 1, lambda: "no right to it"),
    ]
    monkeypatch.setattr(faults, "faults", lambda: table)
    assert faults.main(["good"]) == 0
    assert faults.main(["--kills", "0"]) == 1
    said = capsys.readouterr().out
    assert "✔ good                       3         3     0        0   0.50   0.50" in said
    assert "✘ bad                        2         0     4        2" in said and "an event is gone" in said
    assert "ZeroDivisionError" in said and "barred" in said and "no right to it" in said
    assert faults.main(["--list"]) == 0 and "A promise." in capsys.readouterr().out
