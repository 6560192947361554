"""An edit of one section changes its bytes alone, in every entry that there can be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from diary_texts import ENDINGS, PIECES, documents
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.diary import append_to_section, ranges, replace_section, section_text, set_field, set_status
from trainer_tui.diary.document import parse
from trainer_tui.diary.lines import closed

MORE = (
    *PIECES,
    "The Fix",
    "-----",
    "The Why",
    "===",
    "**Tags**: a, b",
    "\x0b",
    "<<<<<<< HEAD",
    "=======",
    ">>>>>>> x",
)
entries = st.lists(st.tuples(st.sampled_from(MORE), st.sampled_from(ENDINGS)), max_size=20).map(
    lambda pairs: next(
        (e.text for e in parse("## Dev Diary Entry #1\n" + "".join(a + b for a, b in pairs)).entries), ""
    )
)

SAMPLE = """## 🔥 Dev Diary Entry #3: NaN

**Date**: 2026-01-25 14:30
**Tags**: lr

### The Struggle
tight

### 🔧 The Fix

<!-- what did you change? -->

### Narrative Value

```markdown
### The Why
```

### The Why (Physical Interpretation)

because

### Actionable Next Steps

1. test

**Status**: OPEN

"""


@given(entries)
@settings(max_examples=300)
def test_ranges_touch_and_cover_the_text(text: str) -> None:
    found = list(ranges(text).values())
    assert found[0][0] == 0 and found[-1][1] == len(text)
    assert all(one[1] == two[0] for one, two in pairwise(found))


@given(entries, documents, st.data())
@settings(max_examples=300)
def test_an_edit_of_a_section_keeps_every_other_byte(text: str, body: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(ranges(text))))
    start, end = ranges(text)[name]
    for edit in (replace_section, append_to_section):
        new = edit(text, name, body)
        assert new.startswith(text[:start]) and new.endswith(text[end:])
        # What was put in cannot swallow what follows: the sections behind are still there.
        if closed(text) == text:
            behind = list(ranges(text).values())[list(ranges(text)).index(name) + 1 :]
            assert [text[a:b] for a, b in behind] == [new[a:b] for a, b in ranges(new).values()][
                -len(behind) or 99 :
            ]


@given(entries, st.sampled_from(["fix", "why"]), st.text("abc \n\t", min_size=1))
def test_what_is_put_in_is_read_out(text: str, name: str, body: str) -> None:
    if name not in ranges(text) or closed(text) != text:
        return
    new = replace_section(text, name, body)
    assert section_text(new, name).split() == body.split()
    assert replace_section(new, name, body) == new
    more = append_to_section(new, name, "added at the end")
    assert section_text(more, name).rstrip().endswith("added at the end")


@given(entries, st.text("ABC ✅", min_size=1, max_size=5).filter(str.strip))
def test_a_status_is_one_line(text: str, status: str) -> None:
    new = set_status(text, status)
    (entry,) = parse(new).entries
    assert entry.text == new
    assert set_status(new, status) == new
    old = [line for line in text.splitlines() if not line.lstrip().startswith("**Status**")]
    rest = iter(new.splitlines())
    assert all(any(line.rstrip() == other.rstrip() for other in rest) for line in old)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_seed_document_s_own_form(newline: str) -> None:
    text = SAMPLE.replace("\n", newline)
    assert list(ranges(text)) == ["head", "struggle", "fix", "narrative-value", "why", "next"]
    fixed = replace_section(text, "The Fix", "clipped\n\n```python\nx = 1")
    want = SAMPLE.replace("<!-- what did you change? -->", "clipped\n\n```python\nx = 1\n```")
    assert fixed == want.replace("\n", newline)
    steps = append_to_section(text, "next", "2. more")
    assert steps == SAMPLE.replace("1. test\n", "1. test\n\n2. more\n").replace("\n", newline)
    hinted = append_to_section(text, "fix", "**Test 1**: x")
    assert hinted == SAMPLE.replace("change? -->\n", "change? -->\n\n**Test 1**: x\n").replace("\n", newline)
    assert set_status(text, "✅ RESOLVED") == text.replace("**: OPEN", "**: ✅ RESOLVED")
    assert set_field(text, "Tags", "lr, nan") == text.replace(": lr", ": lr, nan")
    tagless = text.replace(f"**Tags**: lr{newline}", "")
    assert set_field(tagless, "Tags", "lr") == text
    with pytest.raises(KeyError, match="it has head, struggle, fix"):
        replace_section(text, "Validation", "x")


def test_a_text_without_a_final_newline_keeps_none() -> None:
    text = "## Dev Diary Entry #1\n### The Fix\nold"
    assert replace_section(text, "fix", "new\n") == "## Dev Diary Entry #1\n### The Fix\nnew"
    assert append_to_section(text, "fix", "new\n") == text + "\n\nnew"
    assert set_status(text, "OPEN") == text + "\n\n**Status**: OPEN"
    assert replace_section("## Dev Diary Entry #1\n### The Fix", "fix", "new").endswith("### The Fix\n\nnew")


def test_an_empty_section_between_two_headings_keeps_them_apart() -> None:
    text = "## Dev Diary Entry #1\n### The Fix\n### The Why\nx\n"
    assert replace_section(text, "fix", "a") == "## Dev Diary Entry #1\n### The Fix\n\na\n\n### The Why\nx\n"


def test_underlined_sections_are_sections_and_rules_are_not() -> None:
    text = "## Dev Diary Entry #1\n\nThe Fix\n-------\nx\n\nsome words\n---\n\nThe Why\n=======\ny\n"
    assert list(ranges(text)) == ["head", "fix", "why"]
    assert section_text(text, "fix") == "x\n\nsome words\n---\n"
