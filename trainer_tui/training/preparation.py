"""Everything before the first fit: data, quality gate, split, leakage checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.finding import Finding
    from trainer_tui.training.quality import QCReport
    from trainer_tui.training.spec import TrainSpec
    from trainer_tui.training.splits.split import Split

SPLITS = "splits"
"""The folder of stored splits, below the output folder."""

Watch = Callable[["Prepared"], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Data that may be trained on, as far as the checks have come."""

    dataset: Dataset
    quality: QCReport
    split: Split | None = None
    reused: bool = False
    """Whether the split was stored by an earlier training."""
    findings: tuple[Finding, ...] = ()
    """Of the leakage checks."""


def prepare(
    spec: TrainSpec,
    cwd: Path,
    splits: Path,
    on_step: Watch = lambda prepared: None,
    *,
    keep: bool = True,
) -> Prepared:
    """Loads, checks and splits the data of a spec, and looks for leaks.

    splits: the folder of stored splits. on_step: called as soon as the quality is known, then with the split,
    then with the findings, each time before the gate behind it may refuse. keep: whether a new split is
    stored. Raises DataSourceError, QCGateBlockedError, SplitRatioViolationError, DataLeakageError.
    """
    from trainer_tui.training import leakage, quality
    from trainer_tui.training.data import load
    from trainer_tui.training.leakage.isolation import prove
    from trainer_tui.training.preprocess import make_preprocessor
    from trainer_tui.training.splits import store
    from trainer_tui.training.splits.enforce import validate
    from trainer_tui.training.splits.make import make_split

    dataset = load(spec, cwd)
    report = quality.check(dataset)
    on_step(Prepared(dataset, report))
    quality.gate(report)

    reused = bool(store.find(splits, dataset, spec.strategy, spec.gap))
    if reused or keep:
        split = store.reuse(splits, dataset, spec.strategy, spec.seed, spec.gap)
    else:
        split = make_split(dataset, spec.strategy, spec.seed, spec.gap)
    validate(split)
    on_step(Prepared(dataset, report, split, reused))

    found = (
        *leakage.audit(dataset, split, spec.seed),
        *prove(lambda data: make_preprocessor(data, scale=True), dataset, split, spec.seed),
    )
    prepared = Prepared(dataset, report, split, reused, found)
    on_step(prepared)
    leakage.gate(found, spec.accepted)
    return prepared
