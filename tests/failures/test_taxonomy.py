"""Every kind that any detector gives has its class; what fits none says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import trainer_tui
from trainer_tui.failures import DEFAULT_RULES
from trainer_tui.failures.exceptions import hints_for, kind_of
from trainer_tui.failures.taxonomy import CLASSES, KINDS, class_of

ROOMS = [Path(trainer_tui.__file__).parent / room for room in ("failures", "supervise")]
MAKERS = {"Incident": "kind", "incident": 0, "_flag": 0}
"""Who makes incidents, and which argument is the kind."""


def constants(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be; none where it is computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def kinds_in(path: Path) -> Iterator[str]:
    """Kinds written down in a module: arguments of what makes incidents, and keys of tables of detectors."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = MAKERS.get(name)
            for keyword in node.keywords:
                if keyword.arg == "kind" and place is not None:
                    yield from constants(keyword.value)
            if isinstance(place, int) and len(node.args) > place:
                yield from constants(node.args[place])
        if isinstance(node, ast.AnnAssign) and "Detector]" in ast.unparse(node.annotation):
            assert isinstance(node.value, ast.Dict)
            for key in node.value.keys:
                assert isinstance(key, ast.Constant)
                yield str(key.value)


def test_every_kind_has_a_class() -> None:
    written = {kind for room in ROOMS for path in room.rglob("*.py") for kind in kinds_in(path)}
    assert {"hang", "cpu-oom", "nan-loss"} <= written  # the search finds what is there
    from trainer_tui.failures import exceptions, exit_words

    tables = {rule.kind for rule in DEFAULT_RULES} | set(exceptions._BY_NAME.values()) | {kind_of("Whatever")}
    tables |= {code.kind for code in exit_words.CODES.values() if code.kind}
    assert sorted((written | tables) - set(KINDS)) == []


def test_classes_are_numbered_and_worded() -> None:
    assert [known.id for known in CLASSES] == [f"F{number:02d}" for number in range(1, 23)]
    assert all(known.advice.endswith(".") and known.title for known in CLASSES)
    assert {known.id for known in KINDS.values()} == {known.id for known in CLASSES}


def test_what_nothing_knows_is_unclassified() -> None:
    assert class_of("my-beam").id == class_of("unclassified").id == "F22"
    assert "No rule knows" in class_of("unclassified").advice


def test_examples() -> None:
    expected = {
        "cpu-oom": "F01", "bad-input": "F02", "environment": "F03", "native-crash": "F04",
        "checkpoint": "F05", "disk-full": "F06", "cuda-oom": "F07", "distributed": "F08",
        "gpu-hardware": "F09", "exception": "F10",
        "dataloader": "F11", "network": "F12", "permission": "F13", "nan-loss": "F14", "hang": "F16",
        "throughput-drop": "F17", "time-limit": "F19", "overfitting": "F20", "blind": "F21",
    }  # fmt: skip
    assert {kind: class_of(kind).id for kind in expected} == expected
    assert class_of("cuda-oom").retry == "change" and class_of("time-limit").retry == "resume"


def test_hints_of_known_kinds_end_like_sentences() -> None:
    assert all(hint.endswith(".") for kind in KINDS for hint in hints_for(kind))


def test_the_page_on_detection_has_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "detection.md").read_text("utf-8")
    for known in CLASSES:
        (row,) = (line for line in page.splitlines() if line.startswith(f"| {known.id} |"))
        assert known.title in row and known.advice in row
        assert all(f"`{kind}`" in row for kind, its in KINDS.items() if its is known)
