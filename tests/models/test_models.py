"""The example models, quick phase, end to end as a supervisor would start them."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDS = {
    "model_1": ("sklearn",),
    "model_2": ("sklearn", "emcee", "arviz_stats"),
    "model_3": ("sklearn", "torch"),
    "diverges": ("sklearn",),
}
FIRST = ["epoch", "train_loss", "val_loss"]


def run_python(arguments: list[str], folder: Path, phase: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRAINER_")}
    environment |= {"PYTHONPATH": str(ROOT), "TRAINER_RUN_DIR": str(folder), "TRAINER_PHASE": phase}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder.parent,
        env=environment,
        text=True,
        capture_output=True,
        timeout=300,
    )


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, strict=True))


def inside(value: float, bounds: str) -> bool:
    """Whether a value keeps a range of trainer.toml."""
    low, dots, high = bounds.partition(" .. ")
    if dots:
        return float(low) <= value <= float(high)
    sign, limit = bounds.split()
    return {">": value > float(limit), ">=": value >= float(limit)}[sign]


def needs(model: str) -> None:
    for package in NEEDS[model]:
        pytest.importorskip(package)


@pytest.mark.parametrize("model", NEEDS)
def test_a_quick_run_gives_history_results_and_model(model: str, tmp_path: Path) -> None:
    needs(model)
    settings = tomllib.loads((ROOT / "trainer.toml").read_text())["models"][model]
    folder = tmp_path / "001-quick"
    ran = run_python([str(ROOT / "models" / f"{model}.py")], folder, "quick")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""  # a warning in an example would be learned by those who copy it

    history = table(folder / "training_history.csv")
    columns = list(history[0])
    assert columns[:3] == FIRST
    assert columns[-2:] == ["time_s", "elapsed_s"]
    assert settings["main_metric"] in columns
    assert [int(row["epoch"]) for row in history] == list(range(1, len(history) + 1))
    assert all(math.isfinite(float(cell)) for row in history for cell in row.values())
    # Falling, where the metric falls as long as training works: not a flat line, not noise.
    first, last = (float(history[i][settings["main_metric"]]) for i in (0, -1))
    assert last < first or model == "model_1"

    results = table(folder / "results.csv")
    for column, bounds in settings["results"].items():
        assert all(inside(float(row[column]), bounds) for row in results), column
    assert len({tuple(row.values()) for row in results}) == len(results)

    progress = json.loads((folder / "progress.json").read_bytes())
    assert progress["done"] == progress["total"]
    assert len(list(folder.glob("model_final.*"))) == 1
    assert ran.stdout.count("\n") >= len(history)


def test_diverges_fails_on_purpose(tmp_path: Path) -> None:
    needs("diverges")
    # The warm-up thirty times steeper, so that it goes wrong in a second.
    code = "import diverges; diverges.LEARNING_RATE_STEP *= 30; diverges.main()"
    folder = tmp_path / "001-full"
    ran = run_python(
        ["-c", f"import sys; sys.path.insert(0, {str(ROOT / 'models')!r}); {code}"], folder, "full"
    )
    assert ran.returncode == 1
    losses = [float(row["train_loss"]) for row in table(folder / "training_history.csv")]
    since = next(i for i, loss in enumerate(losses, 1) if math.isnan(loss))
    assert ran.stderr.splitlines()[-1] == f"FloatingPointError: train_loss is nan since epoch {since}"
    assert all(map(math.isnan, losses[since - 1 :]))
    assert len(losses) - since == 5  # NaN rows before the check gives up
    assert max(losses[: since - 1]) > 10 * losses[0]  # it climbed first
    assert not (folder / "results.csv").exists()
    assert not list(folder.glob("model_final.*"))
