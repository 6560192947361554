"""Two writers of one entry: nothing of either is lost, and only what both changed is a conflict."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.diary import append_to_section, ranges, replace_section, section_text, set_status
from trainer_tui.diary.conflicts import conflicts_of, git_conflicts, marker_lines
from trainer_tui.diary.document import parse
from trainer_tui.diary.merge import merge_entry
from trainer_tui.diary.saving import save_into

BASE = """## Dev Diary Entry #2

**Tags**: lr

### The Struggle

It broke.

### The Investigation

<!-- what did you try? -->

### The Fix

### The Why (Physical Interpretation)

### Actionable Next Steps

1. look

**Status**: OPEN

"""
BEFORE, AFTER = "# Dev Diary\n\n## Dev Diary Entry #1\n\nx\n\n", "## Search Log\n\n| a |\n"


def edit(text: str = BASE, **sections: str) -> str:
    for name, body in sections.items():
        text = replace_section(text, name, body)
    return text


def test_changes_of_different_sections_are_one_entry() -> None:
    mine, theirs = edit(fix="clipped", why="because"), edit(struggle="It broke at 50.", next="2. more")
    found = merge_entry(BASE, mine, theirs)
    assert found is not None and not found.conflicts
    assert found.text == edit(fix="clipped", why="because", struggle="It broke at 50.", next="2. more")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_changed_one_section(newline: str) -> None:
    mine, theirs = (
        edit(fix=body, next=own).replace("\n", newline) for body, own in (("A\n```py", "n"), ("B", "n"))
    )
    base = BASE.replace("\n", newline)
    found = merge_entry(base, mine, theirs)
    assert found is not None and found.conflicts == ("fix",)
    assert list(ranges(found.text)) == list(ranges(base))
    assert "\n" not in found.text.replace(newline, "")
    (conflict,) = conflicts_of(found.text)
    assert conflict.theirs.strip() == "B" and conflict.mine.split() == ["A", "```py", "```"]
    assert len(marker_lines(found.text)) == 3
    start, end = ranges(found.text)["fix"]
    assert (
        found.text[:start] + found.text[end:]
        == theirs[: ranges(theirs)["fix"][0]] + theirs[ranges(theirs)["fix"][1] :]
    )


def test_an_editor_that_goes_on_typing_changes_its_version_of_a_conflict() -> None:
    first, theirs = edit(fix="A"), edit(fix="B")
    diary = parse(BEFORE + theirs + AFTER)
    diary, result = save_into(diary, 2, BASE, first)
    assert (result.outcome, result.sections) == ("conflict", ("fix",)) and "The Fix" in result.sentence
    diary, result = save_into(diary, 2, first, edit(fix="A and more"))
    (conflict,) = conflicts_of(diary.text)
    assert conflict.theirs.strip() == "B" and conflict.mine.strip() == "A and more"
    # The other way to go on: with the text of the file in the buffer.
    settled = replace_section(result.text, "fix", "A and B")
    diary, result = save_into(diary, 2, result.text, settled)
    assert result.outcome == "saved" and not marker_lines(diary.text)
    assert diary.text == BEFORE + edit(fix="A and B") + AFTER


def test_what_a_machine_adds_is_no_conflict() -> None:
    block = "<!-- test: model_3/008-full -->\n**Test 1**: lr 0.1 → 0.01\n- Result: converged"
    theirs = set_status(append_to_section(BASE, "investigation", block), "✅ RESOLVED")
    mine = append_to_section(edit(next="1. look\n2. more"), "investigation", "I looked at the data.")
    found = merge_entry(BASE, mine, theirs)
    assert found is not None and not found.conflicts
    body = section_text(found.text, "investigation")
    assert body.index("I looked") < body.index("<!-- test") and "✅ RESOLVED" in found.text
    other = merge_entry(BASE, theirs, mine)
    assert other is not None and not other.conflicts and "I looked" in other.text and block in other.text


def test_an_addition_goes_below_a_change_further_up() -> None:
    theirs = append_to_section(BASE, "struggle", "Again at 45.")
    found = merge_entry(BASE, edit(struggle="It really broke."), theirs)
    assert found is not None and not found.conflicts
    assert section_text(found.text, "struggle") == "It really broke.\n\nAgain at 45.\n"
    both = merge_entry(BASE, append_to_section(BASE, "struggle", "Mine."), theirs)
    assert both is not None and both.conflicts == ("struggle",)


def test_status_and_tags_are_merged_by_themselves() -> None:
    mine = edit(next="1. look\n2. sleep")
    found = merge_entry(BASE, mine, set_status(BASE, "RESOLVED").replace("lr", "lr, nan"))
    assert found is not None and not found.conflicts
    assert found.text == set_status(mine, "RESOLVED").replace("lr", "lr, nan")


LINES = (
    "x",
    "",
    "```",
    "<!-- hint -->",
    "<!--",
    "-->",
    "### The Fix",
    "### The Why",
    "### Own",
    "The Fix",
    "---",
    "- a",
    "\tb ",
)
bodies = st.lists(st.sampled_from(LINES), max_size=6)


def lines_of(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.split("\n") if line.strip())


@given(bodies, bodies, bodies, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=400, deadline=None)
def test_nothing_that_either_wrote_is_lost(
    old: list[str], ours: list[str], others: list[str], newline: str
) -> None:
    base, mine, theirs = (
        "## Dev Diary Entry #2\n" + "".join(line + "\n" for line in body)
        for body in (old, [*ours, "mine"], [*others, "theirs"])
    )
    whole = parse((BEFORE + theirs + "\n" + AFTER).replace("\n", newline))
    after, result = save_into(whole, 2, base, mine)
    kept = lines_of(after.text.replace("\r\n", "\n"))
    for version in (mine, theirs):
        assert not (lines_of(version) - lines_of(base)) - kept, (version, after.text)
    assert {e.number for e in after.entries} == {1, 2} and "## Search Log" in after.text
    assert after.text.startswith(BEFORE.replace("\n", newline))
    # Saving once more with either way to go on changes nothing.
    for text in (mine, result.text):
        assert save_into(after, result.number, text, text)[0].text == after.text


GIT = """<<<<<<< HEAD
### The Fix
ours
=======
### The Fix
theirs
>>>>>>> branch
"""


def test_git_s_marks_are_never_touched() -> None:
    theirs = BASE.replace("### The Fix\n", GIT)
    assert [found.line for found in git_conflicts(theirs)] == [12]
    diary, result = save_into(parse(BEFORE + theirs + AFTER), 2, BASE, edit(why="because"))
    assert result.outcome == "conflict" and theirs in diary.text and "because" in diary.text
    assert git_conflicts("a <<<<<<< b\n<<<<<<<\n>>>>>>> x\n=======\n") == []


def test_a_copy_is_not_put_between_git_s_marks() -> None:
    one, two = BASE, BASE.replace("#2", "#3").replace("broke", "failed")
    text = BEFORE + "<<<<<<< HEAD\n" + one + "=======\n" + two + ">>>>>>> other\n\n" + AFTER
    diary, result = save_into(parse(text), 2, edit(fix="A"), edit(fix="B"))
    assert result.outcome == "conflict"
    marked = git_conflicts(diary.text)[0]
    old = git_conflicts(text)[0]
    assert diary.text[marked.start : marked.end] == text[old.start : old.end]
