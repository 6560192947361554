"""Two runs held against each other: only what differs, whatever is missing on one side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalog_world import Yard

from trainer_tui.runs.catalog.compare import MOST_PATCH_LINES, Difference, change_text, compare, patch_of
from trainer_tui.runs.catalog.results import read_results
from trainer_tui.runs.files import replace_json
from trainer_tui.runs.layout import RunFolder


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def source(run: RunFolder, text: str | bytes, name: str = "models/m.py") -> None:
    path = run.source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def named(rows: tuple[Difference, ...]) -> dict[str, tuple[str, str]]:
    return {row.name: (row.left, row.right) for row in rows}


def test_two_runs_of_the_same_thing_differ_in_nothing_but_their_ends(yard: Yard) -> None:
    one, two = yard.ended(), yard.ended(reason="nan-loss")
    for run in (one, two):
        source(run, "LR = 1\n")
    found = compare(one, two)
    assert (found.configuration, found.environment, found.patch, found.notes) == ((), (), "", ())
    result = named(found.result)
    assert result["end"] == ("passed", "nan-loss") and result["duration"] == ("1 h", "1 h")


def test_what_was_asked_and_the_environment(yard: Yard) -> None:
    one = yard.ended(
        plan={"seed": 1, "flags": {"spike": {"factor": 3}}},
        command=["python", "m.py", "--lr", "0.1"],
        python="/a/python",
        git={"commit": "aaa", "dirty": False},
    )
    two = yard.ended(
        plan={"seed": 2},
        command=["python", "m.py", "--lr", "0.2"],
        host="gpu02",
        python="/b/python",
        git={"commit": "bbb", "dirty": False},
    )
    replace_json(one.path / "environment.json", {"OMP_NUM_THREADS": "4", "SHLVL": "1", "BATCH": "8"})
    replace_json(two.path / "environment.json", {"OMP_NUM_THREADS": "8", "SHLVL": "2"})
    found = compare(one, two)
    assert named(found.configuration) == {
        "seed": ("1", "2"),
        "flags.spike.factor": ("3", ""),
        "command": ("python m.py --lr 0.1", "python m.py --lr 0.2"),
    }
    assert named(found.environment) == {
        "host": ("gpu01", "gpu02"),
        "python": ("/a/python", "/b/python"),
        "git commit": ("aaa", "bbb"),
        "$OMP_NUM_THREADS": ("4", "8"),
        "$BATCH": ("8", ""),
    }
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_result_in_numbers(yard: Yard) -> None:
    one, two = yard.ended(rows=20), yard.ended(rows=10)
    one.results.write_text("rmse,name\n4,a\n")
    two.results.write_text("rmse,name\n3,b\n")
    rows = {row.name: row for row in compare(one, two).result}
    assert rows["steps"].change == "-50 %"
    assert rows["results: rmse"] == Difference("results: rmse", "4", "3", "-25 %")
    assert rows["results: name"] == Difference("results: name", "a", "b")
    assert float(rows["best val_loss"].left) < float(rows["best val_loss"].right)


def test_runs_with_other_metrics(yard: Yard) -> None:
    one, two = yard.ended(), yard.ended()
    two.history.write_text("epoch,accuracy\n1,0.5\n")
    rows = named(compare(one, two).result)
    assert rows["best accuracy"] == ("", "0.5") and rows["best val_loss"][1] == ""


def test_the_code_as_a_patch(yard: Yard) -> None:
    one, two = yard.ended(), yard.ended()
    source(one, "LR = 1\nsame\n")
    source(two, "LR = 2\nsame\n")
    source(two, "new \x1b[31mred\n", "models/helper.py")
    source(one, b"\0\1", "data.bin")
    source(two, b"\0\2", "data.bin")
    found = compare(one, two)
    assert "-LR = 1" in found.patch and "+LR = 2" in found.patch
    assert "--- /dev/null" in found.patch and "+new red" in found.patch and "\x1b" not in found.patch
    assert found.notes == ("data.bin: no text",)


def test_a_patch_has_an_end(yard: Yard) -> None:
    one, two = yard.ended(), yard.ended()
    source(one, "a\n" * 9000)
    source(two, "b\n" * 9000)
    patch, notes = patch_of(one.source, two.source)
    assert len(patch.splitlines()) == MOST_PATCH_LINES and "more lines" in notes[0]
    source(two, "x" * (2 << 20))
    assert "too large" in patch_of(one.source, two.source)[1][0]


def test_what_is_missing_or_broken_is_said(yard: Yard) -> None:
    one, two = yard.ended(), yard.model().new_run("full")
    (two.path / "environment.json").write_text("{")
    two.history.mkdir()
    two.results.mkdir()
    found = compare(one, two)
    assert any("002-full: its run.json is missing" in note for note in found.notes)
    assert named(found.result)["end"] == ("passed", "incomplete")
    gone = RunFolder(yard.output / "model_3" / "099-full")
    assert compare(gone, gone).notes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a,b\n", {}),
        ("a,b\n1,x\n", {"a": 1.0, "b": "x"}),
        ("a,b\n1,x\n3,y\n", {"rows": 2.0, "mean of a": 2.0}),
        ("a\n1\n\0\n", {"a": 1.0}),
        ("a,b\n1\n", {"a": 1.0}),
    ],
)
def test_results_tables(tmp_path: Path, text: str, found: dict[str, float | str]) -> None:
    (tmp_path / "results.csv").write_text(text)
    assert read_results(tmp_path / "results.csv") == found


def test_changes_in_percent() -> None:
    assert [change_text(*pair) for pair in ((2, 3), (0, 3), (2, 2), ("a", 1), (None, 1), (-1, 1))] == [
        "+50 %",
        "",
        "",
        "",
        "",
        "+200 %",
    ]
