"""Tuning against FLAML's AutoML at equal time, on the same train, validation and test rows.

    python benchmarks/bench_training.py [--seconds 60] [--seeds 3] [--data breast_cancer digits wine diabetes]
    [--workers 2] [--flaml-refits]

FLAML (pip install flaml[automl]) gets X_val, y_val and `time_budget`; ours is told 85 % of the same seconds
for its trials, so that choice and last fit lie within them too. Both optimise the same metric, on two cores,
in a process of their own whose imports are not counted. Both learn from the train rows alone; with
--flaml-refits FLAML fits its choice once more on train and validation together, as it does when it is left
alone. Shown is the score on the test rows, and the difference with a 95 % interval: test rows are drawn 2000
times within each seed, the same for both.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

METRICS = {"binary": "auc", "multiclass": "log_loss", "regression": "r2"}
SHOWN = {"binary": ("log_loss",), "multiclass": ("auc", "accuracy"), "regression": ("rmse",)}
FLAML_NAMES = {"auc": "roc_auc"}
DATA = ("breast_cancer", "digits", "wine", "diabetes")
SHARE = 0.85
DRAWS = 2000
CORES = 2


def parts(name: str, seed: int) -> tuple[Any, Any]:
    """The data set, and its split by this seed."""
    from trainer_tui.training.data import load
    from trainer_tui.training.spec import TrainSpec
    from trainer_tui.training.splits.make import make_split

    dataset = load(TrainSpec(f"sklearn:{name}", name), Path.cwd())
    return dataset, make_split(dataset, seed=seed)


def ours(name: str, seed: int, seconds: float, workers: int) -> tuple[Any, float, str]:
    """Test scores, wall time, what was chosen."""
    import lightgbm
    import optuna
    import torch
    import xgboost

    from trainer_tui.training.algorithms.scores import scores_of
    from trainer_tui.training.spec import TrainSpec
    from trainer_tui.training.tuning import refit, tune

    assert all((lightgbm, optuna, torch, xgboost))
    dataset, split = parts(name, seed)
    spec = TrainSpec(
        f"sklearn:{name}",
        name,
        seed=seed,
        trials=10**6,
        tuning_s=SHARE * seconds,
        workers=workers,
        metric=METRICS[dataset.task],
    )
    began = time.monotonic()
    rows = split.positions("train")
    tuned = tune(dataset, split, spec, rows, split.positions("validation"))
    preprocessor, model = refit(dataset, rows, tuned.algorithm, tuned.params, seed)
    wall = time.monotonic() - began
    X = preprocessor.transform(dataset.X.iloc[split.positions("test")])
    chosen = [m["algorithm"] for m in tuned.params.get("members", ())] or [tuned.algorithm]
    what = f"{len(tuned.trials)} trials: {' + '.join(chosen)}"
    return scores_of(model, X, dataset.task, len(dataset.classes)), wall, what


def flaml(name: str, seed: int, seconds: float, refits: bool) -> tuple[Any, float, str]:
    """The same of FLAML."""
    import numpy as np
    from flaml import AutoML

    dataset, split = parts(name, seed)
    train, validation, test = (split.positions(part) for part in ("train", "validation", "test"))
    X, y = dataset.X.to_numpy(), dataset.y.to_numpy()
    automl = AutoML()
    began = time.monotonic()
    automl.fit(
        X_train=X[train],
        y_train=y[train],
        X_val=X[validation],
        y_val=y[validation],
        task="regression" if dataset.task == "regression" else "classification",
        metric=FLAML_NAMES.get(METRICS[dataset.task], METRICS[dataset.task]),
        time_budget=seconds,
        n_jobs=CORES,
        seed=seed,
        eval_method="holdout",
        retrain_full=refits,
        verbose=0,
    )
    wall = time.monotonic() - began
    if dataset.task == "regression":
        scores = automl.predict(X[test])
    else:
        scores = automl.predict_proba(X[test])
        scores = scores[:, 1] if dataset.task == "binary" else scores
    return np.asarray(scores, dtype=float), wall, str(automl.best_estimator)


def one(arguments: argparse.Namespace) -> None:
    """What a child process does: one contender, one data set, one seed."""
    import numpy as np

    who, name, seed, target = arguments.one
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    found = (
        ours(name, int(seed), arguments.seconds, arguments.workers)
        if who == "ours"
        else flaml(name, int(seed), arguments.seconds, arguments.flaml_refits)
    )
    np.savez(target, scores=found[0], wall=found[1], what=found[2])


def run(who: str, name: str, seed: int, arguments: argparse.Namespace) -> tuple[Any, float, str]:
    """The same in a fresh process."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "found.npz"
        command = [sys.executable, __file__, "--one", who, name, str(seed), str(target)]
        command += ["--seconds", str(arguments.seconds), "--workers", str(arguments.workers)]
        command += ["--flaml-refits"] if arguments.flaml_refits else []
        subprocess.run(command, check=True, env=os.environ | {"PYTHONWARNINGS": "ignore"})
        found = np.load(target)
        return found["scores"], float(found["wall"]), str(found["what"])


def compare(name: str, arguments: argparse.Namespace) -> bool:
    """Prints one data set; whether ours is not below."""
    import numpy as np

    from trainer_tui.training.evaluation import METRICS as TABLE
    from trainer_tui.training.evaluation import value

    differences, draws, totals = [], [], []
    for seed in range(arguments.seeds):
        dataset, split = parts(name, seed)
        y = dataset.y.to_numpy()[split.positions("test")]
        codes = range(len(dataset.classes))
        metric = METRICS[dataset.task]
        sign = 1.0 if TABLE[metric].direction == "maximize" else -1.0
        got = {who: run(who, name, seed, arguments) for who in ("ours", "flaml")}
        score = {who: value(metric, y, got[who][0], dataset.task, codes) for who in got}
        for who, (scores, wall, what) in got.items():
            others = " ".join(
                f"{name_} {value(name_, y, scores, dataset.task, codes):.4f}" for name_ in SHOWN[dataset.task]
            )
            print(
                f"  {name} seed {seed} {who:5} {metric} {score[who]:.4f} {others} {wall:5.1f} s  {what}",
                flush=True,
            )
        differences.append(sign * (score["ours"] - score["flaml"]))
        totals.append((score["ours"], score["flaml"]))
        draws.append(_bootstrap(metric, y, got["ours"][0], got["flaml"][0], dataset.task, codes, sign, seed))
    mean = float(np.mean(differences))
    low, high = np.nanpercentile(np.nanmean(draws, axis=0), [2.5, 97.5])
    mine, theirs = np.mean(totals, axis=0)
    verdict = "not below" if high >= 0 else "BELOW"
    print(
        f"{name}: {metric} ours {mine:.4f}, FLAML {theirs:.4f}; better by {mean:+.4f} "
        f"[{low:+.4f}, {high:+.4f}] over {arguments.seeds} seeds: {verdict}",
        flush=True,
    )
    return bool(high >= 0)


def _bootstrap(
    metric: str, y: Any, one_: Any, other: Any, task: Any, codes: range, sign: float, seed: int
) -> list[float]:
    """Differences on test rows drawn with replacement, classes by their counts."""
    import numpy as np

    from trainer_tui.training.evaluation import value

    rng = np.random.default_rng(seed)
    groups = (
        [np.arange(len(y))] if task == "regression" else [np.flatnonzero(y == code) for code in np.unique(y)]
    )
    found = []
    for _ in range(DRAWS):
        rows = np.concatenate([rng.choice(group, len(group)) for group in groups])
        a, b = (value(metric, y[rows], scores[rows], task, codes) for scores in (one_, other))
        found.append(float("nan") if a is None or b is None else sign * (a - b))
    return found


def main() -> int:
    """0: nowhere below."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parser.add_argument("--workers", type=int, default=CORES)
    parser.add_argument("--flaml-refits", action="store_true")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments)
        return 0
    if importlib.util.find_spec("flaml") is None:
        print("FLAML is not installed, so there is nothing to compare with: pip install 'flaml[automl]'")
        return 0
    verdicts = [compare(name, arguments) for name in arguments.data]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
