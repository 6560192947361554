"""What the Diary screen works with, without a screen."""

from __future__ import annotations

import math
import stat
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui_world import ENTRY

from trainer_tui.diary import parse
from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.tui.diary import advice, buffer, colours, outside, parts
from trainer_tui.tui.diary.curve import curve_around, curve_rows
from trainer_tui.tui.diary.rows import Register, chosen, lines_of, row_of, sign_of

TEXT = ENTRY.format(number=7, run="007-full")
ANY = st.text(st.sampled_from("ab \n\x0b\x0c\x85\u2028\x1c#`"), max_size=40)


def entry(text: str = TEXT):  # type: ignore[no-untyped-def]
    return parse(text).entries[0]


@given(ANY)
def test_a_text_that_nobody_touched_comes_back_as_it_was(text: str) -> None:
    assert buffer.typed(text, buffer.shown(text)) == text


def put(text: str, change: buffer.Change) -> str:
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:at]) for at in range(len(lines))]
    for line, column in (change.start, change.end):
        assert column <= len(lines[line]), "no such place"
    start, end = (starts[line] + column for line, column in (change.start, change.end))
    return text[:start] + change.insert + text[end:]


@given(ANY, ANY)
def test_changes_make_one_text_of_the_other(before: str, after: str) -> None:
    text = before
    for change in buffer.changes(before, after):
        text = put(text, change)
    assert text == after
    whole = buffer.change(before, after)
    assert (before if whole is None else put(before, whole)) == after


def test_lines_between_two_changes_are_left_alone() -> None:
    found = buffer.changes("a\nb\nc\n", "a1\nb\nc1\n")
    assert found == [buffer.Change("1", (2, 1), (2, 1)), buffer.Change("1", (0, 1), (0, 1))]


def test_separators_that_the_editor_cannot_show_stay_on_lines_that_were_not_touched() -> None:
    text = "one\x0ctwo\u2028three\nfour\n"
    assert buffer.shown(text) == "one\ntwo\nthree\nfour\n"
    assert buffer.typed(text, "one\ntwo\nthree\nfive\n") == "one\x0ctwo\u2028three\nfive\n"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", [8, 7]),
        ("nan EPOCH", [8, 7]),
        ("model:model_3", [8, 7]),
        ("model:mod", [8, 7]),
        ("model:other", []),
        ("status:op", [7]),
        ("status:resolved", [8]),
        ("tag:le", [8]),
        ("kind:struggle status:open", [7]),
        ("learning", [8]),
        ("zebra", []),
    ],
)
def test_the_filter(typed: str, found: list[int]) -> None:
    other = TEXT.replace("#7", "#8").replace("OPEN", "✅ RESOLVED").replace("/007", "/008")
    other = other.replace("**Phase**", "**Tags**: learning-rate\n**Phase**")
    rows = Register().rows(parse(TEXT + "\n" + other).entries)
    assert [row.number for row in chosen(rows, typed)] == found


def test_an_entry_that_did_not_change_is_not_read_again() -> None:
    register = Register()
    first = register.rows([entry()])
    assert register.rows([entry()])[0] is first[0]
    assert register.rows([entry(TEXT.replace("OPEN", "PASSED"))])[0] is not first[0]


@pytest.mark.parametrize("width", [12, 30, 42, 90])
def test_a_row_fits_its_width_and_says_what_happened(width: int) -> None:
    row = row_of(entry())
    for line in lines_of(row, width, True):
        assert sum(len(text) for text, _ in line) <= max(width, 16)
    assert row.words == "NaN at epoch 50"
    assert sign_of(row) == ("○", "warning")
    assert sign_of(row_of(entry(TEXT.replace("OPEN", "✅ RESOLVED")))) == ("✔", "good")


def test_sections_and_the_way_between_them() -> None:
    found = parts.parts(TEXT)
    assert [part.name for part in found] == ["head", "struggle", "investigation", "fix", "why", "next"]
    fix = found[3]
    assert found[parts.part_at(found, fix.line + 1)] == fix
    assert parts.step_to(found, fix.line, -1) == found[2].line
    assert parts.step_to(found, fix.line + 2, -1) == fix.line
    assert parts.step_to(found, found[-1].line, 1) == found[-1].line


def test_a_template_fills_an_empty_section_alone() -> None:
    new, why = parts.with_template(TEXT, "why")
    assert new is not None and "**Root Cause**:" in new and not why
    assert new.replace(new[new.index("**Root") : new.index("### Act")], "") == TEXT
    assert parts.with_template(new, "why") == (None, "its template is in it already")
    assert parts.with_template(TEXT, "struggle")[0] is None
    assert parts.with_template(TEXT, "head")[0] is None


def test_what_can_be_resolved() -> None:
    assert parts.resolving(TEXT) is None
    written = TEXT.replace("<!-- what did you change? -->", "clipping at 1.0")
    assert "as you wrote it" in str(parts.resolving(written))
    proposed = TEXT.replace("<!-- what did you change? -->", "<!-- fix-proposed: model_3/008-full -->\nx")
    assert "proposed fix" in str(parts.resolving(proposed))
    assert "**Status**: ✅ RESOLVED" in parts.resolved(TEXT)


def test_advice_names_lines_of_the_entry_and_goes_round() -> None:
    hints = advice.hints_for(TEXT, {})
    lines = TEXT.split("\n")
    assert [lines[hint.line] for hint in hints if hint.sentence.endswith("is empty")] == [
        "### The Investigation",
        "### The Fix",
        "### The Why (Physical Interpretation)",
    ]
    first = hints[0].line
    assert advice.next_hint(hints, first) == hints[1].line
    assert advice.next_hint(hints, 999) == first
    assert advice.next_hint((), 0) is None
    row = advice.hint_row(hints, first, first, 80)
    assert sum(len(text) for text, _ in row) <= 80
    assert f"line {first + 1}" in row[2][0]
    assert "nothing is missing" in advice.hint_row((), 0, 0, 80)[0][0]


def test_code_is_no_heading_in_the_colours() -> None:
    text = "# a\n```\n# b\n```\n**x** `y` <!-- z -->\n> q\n- i\n"
    kinds = colours.kinds(text)
    found = [colours.spans(line, kind) for line, kind in zip(text.split("\n"), kinds, strict=False)]
    assert [[colour for _, _, colour in spans] for spans in found] == [
        ["heading"],
        ["comment"],
        ["code"],
        ["comment"],
        ["comment", "code", "label"],
        ["quote"],
        ["mark"],
    ]
    assert colours.spans("#" + "x" * 5000, "text") == []


def history(values: list[float]) -> History:
    steps = array("d", range(1, len(values) + 1))
    return History({"epoch": steps, "val_loss": array("d", values)}, [], len(values))


@pytest.mark.parametrize("width", [8, 30, 44])
def test_the_curve_ends_around_the_incident(width: int) -> None:
    incident = Incident("i", "error", "nan-loss", "x", facts={"row": 400})
    curve = curve_around(history([1 / (n + 1) for n in range(1000)]), "val_loss", incident, {})
    assert curve is not None and (curve.left, curve.right, curve.at) == (321, 421, 401)
    rows = curve_rows(curve, width, 6)
    assert len(rows) == 8
    assert all(sum(len(text) for text, _ in row) <= max(width, 22) for row in rows)
    assert any(0x2800 < ord(sign) < 0x2900 for row in rows for text, _ in row for sign in text)


@pytest.mark.parametrize("values", [[], [math.nan] * 5, [3.0], [2.0] * 9, [1.0, math.inf, 2.0]])
def test_a_curve_of_nearly_nothing_is_no_error(values: list[float]) -> None:
    curve = curve_around(history(values), "val_loss", None, {})
    assert curve is None or curve_rows(curve, 30, 4)


def editor(tmp_path: Path, body: str) -> list[str]:
    path = tmp_path / "my editor"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


def test_another_editor_gives_the_text_back(tmp_path: Path) -> None:
    command = editor(tmp_path, 'printf "more\\r\\n" >> "$1"')
    assert outside.edited_outside("text \udcff\n", 7, command) == "text \udcff\nmore\n"


def test_another_editor_that_fails_changes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    command = editor(tmp_path, 'printf mine > "$1"; exit 3')
    with pytest.raises(outside.OutsideError, match=r"exit code 3.*what was written is in") as caught:
        outside.edited_outside("text", 7, command)
    kept = Path(str(caught.value).rpartition(" ")[2])
    assert kept.read_text() == "mine"
    kept.unlink()
    with pytest.raises(outside.OutsideError, match="cannot be used"):
        outside.edited_outside("text", 7, [str(tmp_path / "nothing")])


def test_the_editor_is_the_one_of_the_environment() -> None:
    assert outside.editor_command({"EDITOR": "nano -w"}) == ["nano", "-w"]
    assert outside.editor_command({"EDITOR": "nano", "VISUAL": "code --wait"}) == ["code", "--wait"]
    assert outside.editor_command({}) == ["vi"]
    with pytest.raises(outside.OutsideError, match="no command"):
        outside.editor_command({"EDITOR": "'"})
