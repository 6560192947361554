"""The snippets of docs/training-scripts.md do what the page says."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "training-scripts.md").read_text()
SNIPPETS = dict(re.findall(r"^## ([^\n]+)\n\n```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
CASES = [
    ("Plain Python", (), 400, "model_final.pkl"),
    ("PyTorch", ("torch",), 200, "model_final.pt"),
    ("scikit-learn", ("sklearn", "pandas"), 8, "model_final.pkl"),
]


def test_every_snippet_is_tried() -> None:
    assert sorted(SNIPPETS) == sorted(case[0] for case in CASES)
    assert PAGE.count("```python") == len(SNIPPETS)


@pytest.mark.parametrize("phase", ["quick", "full"])
@pytest.mark.parametrize(("title", "packages", "rows", "model"), CASES, ids=[case[0] for case in CASES])
def test_a_snippet_runs(
    title: str, packages: tuple[str, ...], rows: int, model: str, phase: str, tmp_path: Path
) -> None:
    for package in packages:
        pytest.importorskip(package)
    (tmp_path / "train.py").write_text(SNIPPETS[title])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRAINER_")}
    environment |= {"PYTHONPATH": str(ROOT), "TRAINER_PHASE": phase}
    ran = subprocess.run(
        [sys.executable, "train.py"],
        cwd=tmp_path,
        env=environment,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    folder = tmp_path / "output" / "train" / "alone-001"
    with (folder / "training_history.csv").open(newline="") as file:
        history = list(csv.DictReader(file))
    fewer = 2 if title == "scikit-learn" else 4  # trees are halved, epochs quartered
    assert len(history) == (rows if phase == "full" else rows // fewer)
    losses = [float(row["train_loss"]) for row in history]
    assert losses[-1] < losses[0] or title == "scikit-learn"  # more trees are steadier, not always better
    assert (folder / "results.csv").stat().st_size > 0
    assert (folder / model).exists()


def test_the_page_names_every_public_call() -> None:
    from trainer_tui import TrainingRun

    public = [name for name in vars(TrainingRun) if not name.startswith("_") and name != "current"]
    assert [name for name in public if f"`run.{name}" not in PAGE] == []
