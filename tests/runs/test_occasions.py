"""What somebody who does not look is told of, and how often."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from trainer_tui.runs.incident import Incident
from trainer_tui.runs.occasions import Occasion, occasions
from trainer_tui.runs.state import RunState

RUNNING = RunState("m/001-full", "m", 1, "full", status="running")
NAN = Incident("a", "error", "nan-loss", "the loss is NaN", fate="confirmed")


def told(*states: RunState) -> list[tuple[str, str]]:
    """Kind and title of everything that is told on the way through these states."""
    found: list[Occasion] = []
    for before, after in pairwise(states):
        found += occasions(before, after)
    return [(occasion.kind, occasion.title.partition(": ")[2]) for occasion in found]


def ended(reason: str, **fields: object) -> RunState:
    return replace(RUNNING, status="ended", reason=reason, sentence="why", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (ended("passed"), "ended"),
        (ended("stopped-by-user"), "ended"),
        (ended("exception"), "failed"),
        (ended("gate-failed"), "failed"),
        (ended("of-a-newer-version"), "failed"),
        (ended("passed", phase="quick"), "gate"),
        (ended("gate-failed", phase="quick"), "failed"),
    ],
)
def test_an_end_is_told_once(end: RunState, kind: str) -> None:
    assert [k for k, _ in told(RUNNING, end, end)] == [kind]


def test_a_phase_that_was_skipped_is_no_news() -> None:
    assert told(RUNNING, ended("skipped", phase="quick")) == []


def test_an_error_of_the_end_is_told_with_the_end_alone() -> None:
    judged = replace(RUNNING, status="finishing", incidents=(NAN,))
    assert told(RUNNING, judged, ended("nan-loss", incidents=(NAN,))) == [("failed", "nan-loss")]


def test_a_failure_that_goes_on_is_told_at_once_and_its_end_later() -> None:
    failing = replace(RUNNING, incidents=(NAN,))
    assert told(RUNNING, failing, failing, ended("nan-loss", incidents=(NAN,))) == [
        ("failed", "failed: nan-loss"),
        ("ended", "nan-loss"),
    ]


def test_what_is_only_suspected_is_not_told() -> None:
    assert told(RUNNING, replace(RUNNING, incidents=(NAN.with_fate("suspected"),))) == []


def test_each_silence_is_told_once_and_work_is_no_silence() -> None:
    hang = Incident("h", "warning", "hang", "no output for 10 minutes")
    slow = Incident("s", "notice", "slowdown", "it writes a checkpoint")
    silent = replace(RUNNING, incidents=(hang, slow))
    awake = replace(RUNNING, incidents=(hang.with_fate("recovered"), slow))
    again = replace(RUNNING, incidents=(hang.with_fate("recovered"), slow, replace(hang, id="h2")))
    assert told(RUNNING, silent, silent, awake, again) == [("silent", "fell silent")] * 2


def test_what_is_told_holds_no_control_sequence() -> None:
    end = replace(ended("exception"), sentence="\x1b]0;EVIL\x07bad \x1b[2J\nline", model="\x1b[31mm")
    (occasion,) = occasions(RUNNING, end)
    assert "\x1b" not in occasion.title + occasion.text and "\n" not in occasion.text
    assert "bad" in occasion.text
