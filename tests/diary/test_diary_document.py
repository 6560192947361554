"""Cutting a diary into entries and sections loses no byte and is not fooled by fences."""

from __future__ import annotations

import re

import pytest
from diary_texts import documents
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.diary.document import edited, parse, replace_entry
from trainer_tui.diary.headings import split
from trainer_tui.diary.lines import closed, restore_line_endings, scan

SAMPLE = """# Dev Diary

Kept by hand.

## Dev Diary Entry #1

**Date**: 2026-02-01 09:00

### The Struggle

Out of memory:
```
## Dev Diary Entry #9
### The Fix
```

### 🔍 The Investigation
- halved the batch

## Dev Diary Entry #2 – slow ⏳
### The Fix ✅
four workers

## Hyperparameter Search Log

### Results
| LR | Val |

## Dev Diary Entry #3
### The Why (Physical Interpretation)
"""


@given(documents)
@settings(max_examples=300)
def test_parts_join_to_the_text(text: str) -> None:
    diary = parse(text)
    assert diary.text == text
    assert "".join(line.raw for line in scan(text)) == text
    for entry in diary.entries:
        assert text[entry.start : entry.end] == entry.text
        assert entry.text.startswith(entry.title_line)
        assert split(text)[entry.line - 1] == entry.title_line
        assert entry.head + "".join(section.text for section in entry.sections) == entry.text


@given(st.binary(max_size=300) | documents.map(str.encode))
def test_any_bytes_come_back(data: bytes) -> None:
    assert parse(data).to_bytes() == data


@given(documents, st.text(max_size=60), st.data())
def test_replacing_a_part_changes_nothing_else(text: str, new: str, data: st.DataObject) -> None:
    diary = parse(text)
    if not diary.entries:
        return
    entry = data.draw(st.sampled_from(diary.entries))
    assert replace_entry(diary, entry, new).text == text[: entry.start] + new + text[entry.end :]


@given(documents, documents, st.data())
@settings(max_examples=300)
def test_an_edit_gives_what_parsing_again_would(text: str, new: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert edited(parse(text), start, end, new) == parse(text[:start] + new + text[end:])


@given(documents)
def test_closing_keeps_every_line_and_every_entry(text: str) -> None:
    whole = closed(text)
    assert closed(whole) == whole
    assert [e.number for e in parse(whole).entries] == [e.number for e in parse(text).entries]
    rest = iter(split(whole))
    assert all(any(line.rstrip() == other.rstrip() for other in rest) for line in split(text))
    # What follows a closed text is read as if it stood alone.
    tail = "\n## Dev Diary Entry #77\n```\n"
    assert parse(whole + tail).entries[-1].number == 77


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_entries_and_sections_of_a_diary(newline: str) -> None:
    diary = parse(SAMPLE.replace("\n", newline))
    assert [entry.number for entry in diary.entries] == [1, 2, 3]
    assert diary.preamble.startswith("# Dev Diary")
    assert [[s.kind for s in e.sections] for e in diary.entries] == [
        ["struggle", "investigation"],
        ["fix"],
        ["why"],
    ]
    assert diary.entries[1].after.startswith("## Hyperparameter Search Log")
    assert "Results" not in diary.entries[1].text
    assert diary.next_number == 4
    assert diary.find(2) == diary.entries[1] and diary.find(9) is None


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("## Dev Diary Entry #3", 3),
        ("##\tDev Diary Entry #3 ##", 3),
        ("## 🔥 Dev Diary Entry #3: why", 3),
        ("  ## DEV DIARY ENTRY 3", 3),
        ("\ufeff## Dev Diary Entry #3", 3),
        ("## **Dev Diary Entry #3**", 3),
        ("    ## Dev Diary Entry #3", None),
        ("\t## Dev Diary Entry #3", None),
        ("##Dev Diary Entry #3", None),
        ("# Dev Diary Entry #3", None),
        ("### Dev Diary Entry #3", None),
        ("## About Dev Diary Entry #3", None),
        ("> ## Dev Diary Entry #3", None),
        ("## Dev Diary Entry", None),
        ("## Dev Diary Entry #" + "9" * 5000, None),
    ],
)
def test_what_is_an_entry_heading(line: str, number: int | None) -> None:
    assert [entry.number for entry in parse(line + "\n").entries] == ([] if number is None else [number])


@pytest.mark.parametrize(
    "block",
    [
        "```\n{}\n```",
        "````md\n```\n{}\n```\n````",
        "~~~\n```\n{}\n~~~",
        "<!--\n{}\n-->",
        "   ```\n{}\n  ``` ",
        "```\n~~~\n{}\n``` x\n```",
    ],
)
def test_headings_in_fences_and_comments_are_text(block: str) -> None:
    inside = "## Dev Diary Entry #9\n### The Fix"
    diary = parse(f"## Dev Diary Entry #1\n{block.format(inside)}\n## Dev Diary Entry #2\n")
    assert [entry.number for entry in diary.entries] == [1, 2]
    assert diary.entries[0].sections == ()


def test_a_fence_never_closed_does_not_hide_the_next_entry() -> None:
    diary = parse("## Dev Diary Entry #1\n```\nx = 1\n### The Fix\n\n## Dev Diary Entry #2\n### The Fix\n")
    assert [entry.number for entry in diary.entries] == [1, 2]
    assert [len(entry.sections) for entry in diary.entries] == [0, 1]


def test_code_comments_without_a_fence_stay_in_their_entry() -> None:
    diary = parse("## Dev Diary Entry #1\n# before: lr = 0.1\n### The Why\nbecause\n")
    assert [s.kind for s in diary.entries[0].sections] == ["why"]


def test_many_open_fences_take_linear_time() -> None:
    text = "".join(f"## Dev Diary Entry #{n}\n```x\n<!--\n" for n in range(4000))
    assert len(parse(text).entries) == 4000


def test_line_endings_of_untouched_lines_come_back() -> None:
    base = "a\r\nb\nc\r\nd"
    assert restore_line_endings(base, "a\nb\nnew\nc\nd") == "a\r\nb\nnew\nc\r\nd"
    assert restore_line_endings("a\r\nb\r\n", "a\nx\nb\n") == "a\r\nx\r\nb\r\n"


@given(documents)
def test_an_editor_that_knows_one_ending_changes_nothing(text: str) -> None:
    assert restore_line_endings(text, re.sub(r"\r\n?", "\n", text)) == text
