"""What the page says of a training: what was tried, what was checked, how good it is."""

from __future__ import annotations

import json
from pathlib import Path

from report_world import World

from trainer_tui.report import as_html, as_markdown, page_of

DOCUMENTS = Path(__file__).parents[1] / "data" / "training_run"


def a_training(world: World) -> Path:
    run = world.run("full")
    run.end("passed", "exit code 0, 6 of 6 gates passed", 120)
    folder: Path = run.folder.path
    lines = [
        {"study": {"metric": "auc", "direction": "maximize", "trials": 3, "unit": ""}},
        {"number": 0, "state": "complete", "value": 0.9, "algorithm": "forest", "params": {"depth": 4}},
        {"number": 1, "state": "complete", "value": 0.95, "algorithm": "linear", "params": {"C": 0.1}},
        {"number": 2, "state": "failed", "value": None, "algorithm": "<b>x</b>", "params": {}, "error": "x"},
    ]
    (folder / "trials.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    split = json.loads((DOCUMENTS / "split.json").read_text())
    split["findings"] = [
        {
            "check": "near-duplicates",
            "severity": "critical",
            "message": "3 rows are alike.",
            "rows": [1, 2, 3],
        }
    ]
    split["accepted"] = {"near-duplicates": "they are replicates"}
    (folder / "split.json").write_text(json.dumps(split))
    evaluation = json.loads((DOCUMENTS / "evaluation.json").read_text())
    evaluation["test_refused"] = "The test part is spent."
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    return folder


def test_a_training_has_a_block_of_its_own(world: World) -> None:
    a_training(world)
    page = page_of(world.facts())
    text = as_markdown(page)
    for told in (
        "Trials and evaluation",
        "3 trials: 2 complete, 1 failed",
        "best auc 0.95: trial 1, linear",
        "C 0.1",
        "near-duplicates: 3 rows are alike.",
        "accepted: they are replicates",
        "10 of 11 leakage checks found nothing",
        "better than the previous best",
        "the test part was not evaluated: The test part is spent.",
        "threshold 0.3969, found on validation",
    ):
        assert told in text.replace("\\", ""), told
    assert "<b>x" not in as_html(page)


def test_other_runs_and_damaged_files_leave_the_page_as_it_was(world: World) -> None:
    run = world.run("full")
    run.end("passed", "exit code 0", 120)
    assert "Trials and evaluation" not in as_markdown(page_of(world.facts()))
    for name in ("trials.jsonl", "split.json", "evaluation.json"):
        (run.folder.path / name).write_text('{"parts": [')
    assert "Trials and evaluation" not in as_markdown(page_of(world.facts()))
