"""Splits, quality check and leakage checks of 1,000,000 × 50 rows: seconds by step, and peak memory.

    python benchmarks/bench_splits.py [--rows 1000000] [--columns 50] [--planted]

A process of its own is measured from the finished table on; making the table is shown, but not part of the
bar (60 s, 4 GB). `--planted` copies 200 rows and adds noise to 200 more, and says whether they were found.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from trainer_tui.training.dataset import Column, Dataset
from trainer_tui.training.leakage.audits import CHECKS, audit
from trainer_tui.training.leakage.context import Context
from trainer_tui.training.leakage.isolation import prove
from trainer_tui.training.splits import store
from trainer_tui.training.splits.make import make_split

SECONDS, GIB = 60.0, 4.0


def generate(rows: int, columns: int, planted: bool, seed: int = 0) -> Dataset:
    """Correlated numbers, some whole, some missing, and four columns of labels; patients and times beside
    them."""
    rng = np.random.default_rng(seed)
    labels = min(4, columns // 4)
    numbers = columns - labels
    values = rng.normal(size=(rows, numbers))
    for j in range(1, numbers):
        values[:, j] += 0.5 * values[:, j - 1]
    score = values[:, 0] + values[:, 1] + rng.normal(size=rows)
    values[:, -5:] = np.round(values[:, -5:] * 3)
    values[rng.random(rows) < 0.03, 2] = np.nan
    frame = pd.DataFrame(values, columns=[f"x{j}" for j in range(numbers)])
    for j in range(labels):
        names = np.array([f"label {k}" for k in range(5 * 4**j)])
        frame[f"c{j}"] = pd.Categorical.from_codes(rng.integers(0, len(names), rows), categories=names)
    if planted:
        chosen = rng.choice(rows, 800, replace=False)
        frame.iloc[chosen[:200]] = frame.iloc[chosen[200:400]].to_numpy()
        noisy = frame.iloc[chosen[600:]].copy()
        noisy.iloc[:, : numbers - 5] += rng.normal(0, 0.01, (200, numbers - 5))
        frame.iloc[chosen[400:600]] = noisy.to_numpy()
    return Dataset(
        name="generated",
        X=frame,
        y=pd.Series((score > 1).astype(np.int64), name="y"),
        task="binary",
        columns=tuple(
            Column(
                name,
                "categorical" if name.startswith("c") else "numeric",
                int(frame[name].isna().sum()),
                frame[name].nunique(),
            )
            for name in frame
        ),
        target="y",
        classes=("no", "yes"),
        groups=pd.Series(rng.integers(0, rows // 4, rows), name="patient"),
        times=pd.Series(
            pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.random(rows) * 1000, unit="D"), name="time"
        ),
        fingerprint="generated",
    )


def main() -> int:
    """Runs it; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--planted", action="store_true")
    options = parser.parse_args()
    start = time.perf_counter()
    dataset = generate(options.rows, options.columns, options.planted)
    print(
        f"{options.rows:,} × {options.columns} rows, made in {time.perf_counter() - start:.1f} s, "
        f"{peak():.2f} GiB"
    )
    whole, cpu = time.perf_counter(), time.process_time()
    splits = {
        strategy: timed(
            f"split: {strategy}", lambda s=strategy: make_split(dataset, s, gap="2d" if "time" in s else "")
        )
        for strategy in ("random", "stratified", "group", "time", "group-time")
    }
    with TemporaryDirectory() as folder:
        timed("split: store", lambda: store.save(Path(folder), splits["stratified"], dataset))
        timed("split: load", lambda: store.load(Path(folder), splits["stratified"].split_id, dataset))
    try:
        from trainer_tui.training.quality import check
    except ImportError:
        print("  quality check: not there")
    else:
        timed("quality check", lambda: check(dataset))
    split = splits["stratified"]
    y = dataset.y.to_numpy().astype(np.float64)
    context = Context(dataset, split, 0, split.codes, y)
    found = []
    for one in CHECKS:
        found += timed(f"leakage: {one.names[0]}", partial(one.run, context))
    found += timed("leakage: preprocessing-isolation", lambda: prove(preprocessing, dataset, split))
    seconds, busy = time.perf_counter() - whole, time.process_time() - cpu
    for finding in found:
        print(f"  [{finding.severity}] {finding.check}: {finding.message}")
    if options.planted:
        assert {"exact-duplicates", "near-duplicates"} <= {finding.check for finding in audit(dataset, split)}
    print(
        f"together {seconds:.1f} s ({busy:.1f} s of CPU), peak {peak():.2f} GiB; bar {SECONDS:.0f} s, "
        f"{GIB:.0f} GiB"
    )
    return int(seconds > SECONDS or peak() > GIB)


def preprocessing(dataset: Dataset) -> Any:
    """Numbers filled and scaled, labels as numbers."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    labels = [column.name for column in dataset.columns if column.kind == "categorical"]
    numbers = [column.name for column in dataset.columns if column.kind == "numeric"]
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), labels),
    )


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Does it and prints how long it took."""
    start, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(
        f"  {what:36}{time.perf_counter() - start:7.2f} s {time.process_time() - cpu:7.2f} s CPU "
        f"{peak():6.2f} GiB"
    )
    return result


def peak() -> float:
    """GiB that this process has used at most."""
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(rss) / (2**30 if sys.platform == "darwin" else 2**20)


if __name__ == "__main__":
    sys.exit(main())
