"""The folder of a training: documents that the real parts wrote about scikit-learn's breast cancer data, and
trials by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tui_world import FakeRun, World

DOCUMENTS = Path(__file__).parent.parent / "data" / "training_run"

FINDINGS = [
    {
        "check": "near-duplicates",
        "severity": "critical",
        "message": "3 rows of train and test differ by less than neighbours do: drop one of each pair.",
        "columns": [],
        "rows": [17, 203, 411],
        "affected": 3,
        "details": {},
    },
    {
        "check": "hidden-group",
        "severity": "critical",
        "message": "The column `clinic` groups rows and is not declared: name it as group.",
        "columns": ["clinic"],
        "rows": [],
        "affected": 569,
        "details": {},
    },
    {
        "check": "adversarial-validation",
        "severity": "warning",
        "message": "A model tells train and test apart with an AUC of 0.62: they may come from other times.",
        "columns": ["worst area"],
        "rows": [],
        "affected": 0,
        "details": {},
    },
]


def document(name: str) -> dict[str, Any]:
    """`data`, `split` or `evaluation` as it was written."""
    found: dict[str, Any] = json.loads((DOCUMENTS / f"{name}.json").read_text())
    return found


def trial(number: int) -> dict[str, Any]:
    """One of a search that gets better; every eighth is pruned, one failed."""
    wave = math.sin(number * 2.3)
    algorithm = ("lightgbm", "random_forest", "logistic_regression")[(number * 7) % 3]
    params: dict[str, Any] = {
        "lightgbm": {
            "learning_rate": round(10 ** (-2 + wave), 5),
            "num_leaves": 15 + (number * 11) % 100,
            "min_child_samples": 5 + (number * 3) % 40,
            "subsample": round(0.75 + 0.25 * math.cos(number), 3),
        },
        "random_forest": {
            "n_estimators": 100 + (number * 37) % 400,
            "max_depth": 3 + number % 9,
            "criterion": ("gini", "entropy")[number % 2],
        },
        "logistic_regression": {"C": round(10 ** (3 * wave), 5), "penalty": ("l1", "l2")[number % 2]},
    }[algorithm]
    state = "failed" if number == 11 else "pruned" if number % 8 == 5 else "complete"
    value = 0.995 - 0.05 / (1 + number / 6) - 0.012 * abs(wave)
    found = {
        "number": number,
        "state": state,
        "value": None if state == "failed" else round(value, 6),
        "algorithm": algorithm,
        "params": params,
        "seconds": round(1.5 + 3 * abs(wave), 2),
        "started": f"2026-01-25T13:{number // 60:02d}:{number % 60:02d}.000Z",
        "worker": str(number % 2),
        "steps": {str(14 * step): round(value - 0.1 / (step + 1), 5) for step in range(1, 8)},
        "reason": "",
    }
    if state == "failed":
        found |= {"params": {}, "reason": "ValueError: Input X contains infinity"}
    return found


def write_trials(path: Path, count: int, *, direction: str = "maximize", running: bool = True) -> None:
    """A search of so many trials."""
    lines: list[dict[str, Any]] = [
        {"study": {"metric": "auc", "direction": direction, "trials": count + 10, "unit": ""}}
    ]
    lines += [trial(number) for number in range(count)]
    if running:
        lines.append({"number": count, "state": "running", "algorithm": "lightgbm", "params": {}})
    lines.append(
        {"importances": {"learning_rate": 0.61, "num_leaves": 0.22, "min_child_samples": 0.12, "C": 0.05}}
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def a_training(world: World, count: int = 60, *, findings: bool = True) -> FakeRun:
    """A run with every file of a training."""
    run = world.run("full")
    folder = run.folder.path
    write_trials(folder / "trials.jsonl", count)
    split = document("split")
    if findings:
        split["findings"] = FINDINGS
        split["accepted"] = {"hidden-group": "clinics share one protocol, agreed with the hospital"}
    for name, content in (
        ("data", document("data")),
        ("split", split),
        ("evaluation", document("evaluation")),
    ):
        (folder / f"{name}.json").write_text(json.dumps(content))
    return run
