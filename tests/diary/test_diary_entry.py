"""Entries hold every fact, leave the rest to a person, and cannot be broken by what a log says."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.diary.blanks import first_empty_section, has_content
from trainer_tui.diary.checks import complete, entries_for_model, entries_for_run, is_note, status_of
from trainer_tui.diary.document import parse
from trainer_tui.diary.entry import EntryFacts, render, render_note
from trainer_tui.diary.lines import closed
from trainer_tui.diary.markdown import code
from trainer_tui.diary.marker import about
from trainer_tui.diary.sections import SECTION_TITLES
from trainer_tui.runs.incident import Incident

INCIDENT = Incident(
    id="log:1234",
    severity="error",
    kind="nan-loss",
    message="FloatingPointError: loss is NaN",
    fate="confirmed",
    rule="loss-nan",
    line=812,
    offset=1234,
    excerpt='Traceback (most recent call last):\n  File "fit.py", line 9\nFloatingPointError: loss is NaN',
    hypotheses=("The learning rate is too high.", "A row of the data is not finite."),
    facts={"exit_code": 1, "stacks": "main\n step"},
)
FACTS = EntryFacts(
    when="2026-01-25 14:30",
    phase="Phase 5B (full training)",
    model="model_3",
    run="model_3/007-full",
    author="ada",
    incident=INCIDENT,
    last_metrics=[
        {"epoch": 49, "train_loss": 0.5, "grad_norm": 910.0},
        {"epoch": 50, "train_loss": math.nan},
    ],
    resources={"memory_used_bytes": 10 * 2**30, "gpus": [{"name": "H200"}]},
    changes="--- a/fit.py\n+++ b/fit.py\n-lr = 0.01\n+lr = 0.1\n",
    command="python fit.py",
    log="logs/model_3/007-full.log",
    attempt=2,
    duration_s=3723,
)

# Lines that would break an entry if they came out as they went in.
nasty = st.lists(
    st.sampled_from(
        [
            "## Dev Diary Entry #9",
            "### The Fix",
            "```",
            "`````",
            "~~~",
            "<!--",
            "-->",
            "x",
            "",
            "\x1b[31m",
            "a|b",
            "\ud800",
            "\r",
            "\u2028",
        ]
    ),
    max_size=6,
).map("\n".join)


def test_every_fact_is_in_the_entry() -> None:
    text = render(FACTS, 3)
    for fact in (
        "## Dev Diary Entry #3\n",
        "<!-- run: model_3/007-full incident: log:1234 -->",
        "**Date**: 2026-01-25 14:30",
        "**Phase**: Phase 5B (full training)",
        "**Model**: model_3",
        "**Author**: ada",
        "after epoch 50",
        "line 812 (byte 1234)",
        "`loss-nan`",
        "exit_code: 1",
        "```text\nTraceback",
        "| 49 | 0.5 | 910 |",
        "| 50 | NaN |  |",
        "memory_used_bytes: 10 GiB",
        "gpus.0.name: H200",
        "```diff\n--- a/fit.py",
        "1. Hypothesis: The learning rate",
        "Evidence: `FloatingPointError: loss is NaN`",
        "`python fit.py`",
        "main\n step",
        "attempt 2",
        "1 h 02 min",
    ):
        assert fact in text, fact
    (entry,) = parse(text).entries
    assert [section.kind for section in entry.sections] == list(SECTION_TITLES)
    assert [section.title_line.strip() for section in entry.sections] == [
        f"### {t}" for t in SECTION_TITLES.values()
    ]
    assert text.rstrip().endswith("**Status**: OPEN") and status_of(entry) == "OPEN"


def test_a_person_still_has_to_write_three_sections() -> None:
    (entry,) = parse(render(FACTS, 3)).entries
    problems = complete(entry)
    assert [p.text for p in problems] == [
        "entry #3: The Investigation is empty",
        "entry #3: The Fix is empty",
        "entry #3: The Why (Physical Interpretation) is empty",
    ]
    lines = entry.text.splitlines()
    assert lines[problems[0].line - 1] == "### The Investigation"


def test_the_cursor_walks_through_the_empty_sections() -> None:
    text = render(FACTS, 3)
    seen = []
    for _ in range(4):
        lines = text.split("\n")
        at = first_empty_section(text)
        assert lines[at] == "" and lines[at - 1].startswith("<!--")
        seen.append(next(line for line in reversed(lines[:at]) if line.startswith("###")))
        lines[at] = "Because of the batch."
        text = "\n".join(lines)
    assert [title.removeprefix("### ") for title in seen] == list(SECTION_TITLES.values())[1:]
    assert complete(parse(text).entries[0]) == []
    assert first_empty_section(text) == len(text.splitlines()) - 1


def test_what_counts_as_empty() -> None:
    for body in (
        "",
        "\n \n",
        "<!-- why? -->\n",
        "<!-- a\nb\n-->\n",
        "**Root Cause**:\n<!-- x -->\n",
        "**Root Cause:** \n",
        "- \n1.\n- [ ]\n",
        "TODO\n",
        "- tbd.\n",
        "```python\n```\n",
        "---\n",
        "**Status**: OPEN\n",
        "#### Sub\n",
        "**Root Cause**: <!-- why? -->\n",
    ):
        assert not has_content(body), body
    for body in (
        "x",
        "<!-- why? --> because\n",
        "<!-- a\n--> because\n",
        "```\n<!-- x -->\n```\n",
        "**Root Cause**: heat\n",
        "- [x] done\n",
        "1. clip\n",
        "todo list was empty\n",
    ):
        assert has_content(body), body


def test_a_note_asks_for_the_why_only() -> None:
    text = render_note(replace(FACTS, incident=None, results={"rmse": 4.2}), 4)
    assert (
        "passed in 1 h 02 min" in text and "- rmse: 4.2" in text and "<!-- run: model_3/007-full -->" in text
    )
    (entry,) = parse(text).entries
    assert is_note(entry) and [p.text for p in complete(entry)] == [
        "entry #4: The Why (Physical Interpretation) is empty"
    ]
    assert text.split("\n")[first_empty_section(text) - 2] == "**Root Cause**:"


def test_missing_and_conflicting_sections_are_problems() -> None:
    text = "x\n\n## Dev Diary Entry #1 (conflict copy)\n### The Struggle\nx\n"
    (entry,) = parse(text).entries
    assert [(p.line, p.text.split(" ", 2)[2]) for p in complete(entry)] == [
        (3, "has a conflict copy that is not merged yet"),
        (3, "has no section The Investigation"),
        (3, "has no section The Fix"),
        (3, "has no section The Why (Physical Interpretation)"),
    ]


def test_entries_are_found_by_marker_and_by_line() -> None:
    hand = "## Dev Diary Entry #1\n\n**Model**: `model_3`\n**Run**: model_3/002-full (x)\n\n### The Fix\n"
    other = "## Dev Diary Entry #2\n**Model:** model_30\n### The Fix\n<!-- run: model_3/007-full -->\n"
    diary = parse(hand + other + render(FACTS, 3))
    assert [e.number for e in entries_for_model(diary, "model_3")] == [1, 3]
    assert [e.number for e in entries_for_model(diary, "model_30")] == [2]
    assert [e.number for e in entries_for_run(diary, "model_3/007-full")] == [3]
    assert [e.number for e in entries_for_run(diary, "model_3/002-full")] == [1]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_nothing_from_outside_breaks_an_entry(data: st.DataObject) -> None:
    def draw() -> str:
        return data.draw(nasty)

    incident = Incident(
        id=draw() or "i",
        severity="error",
        kind=draw(),
        message=draw(),
        rule=draw(),
        source=draw(),
        excerpt=draw(),
        frames=(draw(),),
        hypotheses=(draw(),),
        facts={draw(): draw(), "nested": {draw(): [draw()]}},
    )
    facts = EntryFacts(
        draw(),
        draw(),
        draw(),
        draw(),
        draw(),
        incident,
        [{draw(): draw()}],
        {draw(): draw()},
        draw(),
        draw(),
        draw(),
    )
    for one, kinds in (
        (facts, list(SECTION_TITLES)),
        (replace(facts, incident=None), ["other", "why", "next"]),
    ):
        text = render(one, 5)
        diary = parse(text)
        (entry,) = diary.entries
        assert diary.preamble == "" and entry.after == "" and entry.number == 5
        assert [section.kind for section in entry.sections] == kinds
        assert closed(text) == text and text.count("\n") == len(text.splitlines())
        assert about(entry, one.run, one.incident.id if one.incident else None)
        assert first_empty_section(text) > 0
        text.encode()


def test_code_keeps_backticks() -> None:
    assert code("a `b` c") == "``a `b` c``" and code("`x`") == "`` `x` ``"
