"""Advice is given where something is missing, and nowhere else: the document's own entries are clean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.diary import append_to_section, parse, replace_section, set_status
from trainer_tui.diary.advice import Advice, check
from trainer_tui.diary.document import Entry

# The form, and sentences of the kinds, of the entries that the diary is made after.
GOOD = """# Dev Diary

## Dev Diary Entry #3

<!-- run: model_3/007-full incident: log:12 -->

**Date**: 2026-01-25 14:30

### The Struggle

**What Happened**:
The loss jumped from 0.5 to NaN at epoch 50.

### The Investigation

**Test 1**: Learning rate 0.1 → 0.01
- Result: Still diverged at epoch 45 ❌

**Test 2**: Gradient clipping (max_norm=1.0)
- Result: Training converged ✅
- Final loss: 0.42

### The Fix

**What I Did**:
```python
# set the rate to 0.01 and it worked
clip(max_norm=1.0)
```

**Result**:
- Convergence at epoch 80
- Validation RMSE: 4.2

### The Why (Physical Interpretation)

**Root Cause**:
Hubs have 10× more neighbours → their parameters get 100× more gradient, and plain SGD is unstable.

**Domain Insight**:
Hubs are another class of nodes and need parameters of their own.

### Actionable Next Steps

1. Test stronger regularization of the hubs

**Status**: ✅ RESOLVED
"""
RUNS = {"model_3/007-full": "nan-loss", "model_3/009-full": "passed"}


def entry(text: str) -> Entry:
    return parse(text).entries[0]


def rules(text: str, runs: dict[str, str] | None = RUNS) -> list[str]:
    return [advice.rule for advice in check(entry(text), runs)]


def changed(**sections: str) -> str:
    text = GOOD
    found = entry(text)
    new = found.text
    for name, body in sections.items():
        new = replace_section(new, name, body)
    return text.replace(found.text, new)


def test_a_good_entry_is_clean() -> None:
    assert rules(GOOD) == []
    assert rules(GOOD.replace("\n", "\r\n")) == []


@pytest.mark.parametrize(
    ("sections", "rule", "line"),
    [
        (
            {"why": "**Root Cause**:\n<!-- why? -->\n\n**Domain Insight**:\nHubs differ."},
            "root-cause",
            "### The Why",
        ),
        ({"why": "**Root Cause**:\nHubs get more gradient."}, "interpretation", "### The Why"),
        ({"why": "Hubs are large."}, "root-cause", "### The Why"),
        ({"fix": "Fixed by tuning the learning rate."}, "fixed-by-tuning", "Fixed by"),
        ({"fix": "I tweaked a bit.\n\nAfter that it just worked."}, "fixed-by-tuning", "After that"),
        ({"fix": "I set learning_rate=0.00237 and it worked."}, "magic-number", "I set"),
        ({"next": "The loss converged to 0.42."}, "number-without-meaning", "The loss"),
        ({"fix": "The run took 45."}, "number-without-unit", "The run"),
        ({"fix": "Memory: 12"}, "number-without-unit", "Memory"),
    ],
)
def test_what_a_reader_would_ask(sections: dict[str, str], rule: str, line: str) -> None:
    text = changed(**sections)
    found = [advice for advice in check(entry(text), RUNS) if advice.rule == rule]
    assert len(found) == 1, rules(text)
    assert text.splitlines()[found[0].line - 1].startswith(line) and found[0].sentence and found[0].todo


@pytest.mark.parametrize(
    "words",
    [
        "I set the rate to 0.01 and it worked, because hubs get 100 times more gradient.",
        "The loss converged to 0.42, 10 % below the baseline.",
        "Fixed by tuning the rate, since hubs get more gradient.",
        "The run took 45 min.",
        "Memory: 12 GiB",
        "Training time was 2.5 hours.",
        "See model_3/009-full for the numbers.",
        "We used 3 layers.",
        "| loss was 0.3 | took 45 |",
        "> it just worked",
    ],
)
def test_what_is_said_well_is_left_alone(words: str) -> None:
    assert rules(changed(fix=words)) == []


def test_results_need_a_run() -> None:
    unmarked = GOOD.replace("<!-- run: model_3/007-full incident: log:12 -->\n\n", "")
    assert rules(unmarked) == ["claim-without-run"]
    assert "names no run" in check(entry(unmarked), RUNS)[0].sentence
    assert rules(unmarked, None) == []
    assert rules(unmarked.replace("converged ✅", "converged in model_3/009-full")) == []
    assert rules(unmarked.replace("converged ✅", "converged in model_3/999-full")) == ["claim-without-run"]
    assert rules(GOOD, {}) == ["claim-without-run"]
    assert rules(changed(investigation="I read the code.", fix="Clipped."), {}) == []


def test_an_open_entry_with_a_later_run_that_passed() -> None:
    text = GOOD.replace("✅ RESOLVED", "OPEN")
    (advice,) = check(entry(text), RUNS)
    assert advice.rule == "passed-since" and "model_3/009-full passed since" in advice.sentence
    assert text.splitlines()[advice.line - 1] == "**Status**: OPEN"
    own = {"model_3/007-full": ""}
    for more in (
        {},
        {"model_3/009-full": "nan-loss"},
        {"model_3/006-full": "passed"},
        {"m/009-full": "passed"},
    ):
        runs = {**own, **more}
        assert rules(text, runs) == []
    assert rules(text, {"model_3/007-full": "", "model_3/008-quick": "passed"}) == []
    assert rules(GOOD.replace("**Status**: ✅ RESOLVED\n", "")) == ["status"]


def test_what_waits_is_missing_and_style_is_advice() -> None:
    text = changed(fix="", why="")
    assert [(a.rule, a.severity) for a in check(entry(text), RUNS)] == [("incomplete", "missing")] * 2
    torn = GOOD.replace("### The Fix\n", "### The Fix\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n")
    (advice,) = check(entry(torn), RUNS)
    assert (advice.rule, advice.severity) == ("git-conflict", "missing")
    assert torn.splitlines()[advice.line - 1] == "<<<<<<< HEAD"
    machine = append_to_section(
        entry(GOOD).text, "investigation", "<!-- test: model_3/009-full -->\n**Test 3**: x"
    )
    assert check(entry(machine), RUNS) == []
    assert check(entry(set_status(machine, "done")), RUNS) == []


@given(st.text())
def test_no_text_breaks_a_check(body: str) -> None:
    for found in parse("## Dev Diary Entry #1\n### The Why\n" + body).entries:
        for advice in check(found, RUNS):
            assert isinstance(advice, Advice) and advice.line >= 1
