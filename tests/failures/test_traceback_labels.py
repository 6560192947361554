"""Tracebacks behind labels that no list knows, groups of one, and those that a library only mentions."""

from __future__ import annotations

import pytest

from trainer_tui.failures import Scanner
from trainer_tui.runs.incident import Incident


def scan(text: str) -> list[Incident]:
    scanner = Scanner()
    return scanner.feed(text.encode()) + scanner.finish()


def last(text: str) -> Incident:
    return scan(text)[-1]


@pytest.mark.parametrize(
    "label",
    ["n1: ", "worker-1: ", "[stderr]: ", "[worker 3] ", "[2026-01-01 00:00:0%d] ",
     "2026-01-01 00:00:00,12%d ", "Jan  1 00:00:00 n1 python[77]: ", "[pod/train-0/main] "],
)  # fmt: skip
def test_a_label_in_front_of_every_line_is_taken_off(label: str) -> None:
    lines = [
        "epoch 1",
        "Traceback (most recent call last):",
        '  File "/w/train.py", line 3, in main',
        "    step()",
        "ValueError: bad label 7",
        "epoch 2",
    ]
    text = "".join((label % i if "%" in label else label) + line + "\n" for i, line in enumerate(lines))
    (found,) = scan(text)
    assert (found.severity, found.line, found.message) == ("error", 2, "ValueError: bad label 7")
    assert found.frames == ("/w/train.py:3 in main",)


def test_what_two_nodes_write_into_each_other_gives_the_first_exception() -> None:
    lines = ["Traceback (most recent call last):", '  File "/w/t.py", line 3, in main', "KeyError: 'a'"]
    text = "".join(f"{node}: {line}\n" for line in lines for node in ("n1", "gpu-b"))
    errors = {i.id: i for i in scan(text)}.values()
    assert [i.message for i in errors if i.severity == "error"] == ["KeyError: 'a'"]


def test_a_group_of_one_says_what_is_in_it() -> None:
    found = last(
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/w/t.py", line 12, in main\n'
        "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | Traceback (most recent call last):\n"
        '    |   File "/w/t.py", line 3, in work\n'
        "    | ValueError: bad label\n"
        "    +------------------------------------\n"
    )
    assert (found.line, found.message) == (1, "ValueError: bad label")


def test_the_echo_of_ctrl_c_is_no_part_of_the_exception() -> None:
    found = last("step 1\n^CKeyboardInterrupt\n")
    assert (found.kind, found.message) == ("interrupted", "KeyboardInterrupt")


@pytest.mark.parametrize("words", ["Detailed Traceback:", "Below are more details about the failures:\n---"])
def test_what_a_library_skipped_is_a_warning(words: str) -> None:
    trace = 'Traceback (most recent call last):\n  File "/e/a.py", line 3, in f\nValueError: x\n'
    text = f"fitting 3 of 9\n{words}\n{trace}"
    assert [incident.severity for incident in scan(text)] == ["warning"]
