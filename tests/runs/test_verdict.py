"""The words for how a run ended, and the exit codes that go with them."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from trainer_tui.runs.verdict import (
    EXIT_CODES,
    EXIT_PASSED,
    GATE_MARKS,
    GATE_NAMES,
    REASONS,
    GateResult,
    GateState,
)


def test_every_reason_has_a_known_exit_code_and_a_meaning() -> None:
    assert {reason.exit_code for reason in REASONS.values()} <= set(EXIT_CODES)
    assert all(reason.meaning for reason in REASONS.values())


def test_only_what_passed_exits_with_zero() -> None:
    assert [name for name, reason in REASONS.items() if reason.exit_code == EXIT_PASSED] == ["passed"]


def test_what_somebody_wanted_is_neither_good_nor_bad_and_is_not_started_again() -> None:
    tones = {name: reason.tone for name, reason in REASONS.items()}
    assert [name for name, tone in tones.items() if tone == "good"] == ["passed"]
    wanted = {"preempted", "cancelled", "time-limit", "stopped-by-user", "skipped"}
    assert {name for name, tone in tones.items() if tone == "neutral"} == wanted
    assert {name for name in wanted if REASONS[name].restartable} == {"preempted"}
    assert all(reason.exit_code != EXIT_PASSED for reason in REASONS.values() if reason.restartable)


def test_the_reasons_of_the_design_are_there() -> None:
    names = "passed gate-failed exception cpu-oom cuda-oom signal hang time-limit stopped-by-user lost"
    assert set(names.split()) <= set(REASONS)


@pytest.mark.parametrize("state", get_args(GateState))
def test_a_gate_comes_back_from_an_event(state: GateState) -> None:
    result = GateResult("window", state, "2:11, required are 2:00:00", "train longer")
    assert GateResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    assert GateResult.from_dict({"name": "window", "state": state}) == GateResult("window", state, "")


def test_every_gate_state_has_a_sign_of_its_own() -> None:
    assert set(GATE_MARKS) == set(get_args(GateState))
    assert len(set(GATE_MARKS.values())) == len(GATE_MARKS)


def test_gates_are_named_once() -> None:
    assert len(set(GATE_NAMES)) == len(GATE_NAMES)
    assert {"exit", "incidents", "results"} <= set(GATE_NAMES)
