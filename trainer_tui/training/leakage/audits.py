"""All leakage checks in one table, and the gate that they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer_tui.training.errors import DataLeakageError
from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage import (
    adversarial,
    duplicates,
    encoding,
    fitted,
    identifiers,
    lagged,
    near,
    order,
    overlap,
    target,
)
from trainer_tui.training.leakage.context import Context

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.splits.split import Split


@dataclass(frozen=True, slots=True)
class Check:
    """One leakage check."""

    names: tuple[str, ...]
    """What its findings are called."""
    run: Callable[[Context], list[Finding]]
    about: str


CHECKS: tuple[Check, ...] = (
    Check(("group-overlap",), overlap.groups, "a group (a patient) in two parts, all six pairs"),
    Check(("time-order", "time-ignored"), order.times, "train before validation before test before holdout"),
    Check(
        ("exact-duplicates",), duplicates.exact, "equal rows in two parts, and oversampling before the split"
    ),
    Check(("near-duplicates",), near.near, "rows closer than neighbours are: augmented, rounded, with noise"),
    Check(("target-leakage",), target.single_columns, "a column, or a sum of columns, that says the target"),
    Check(("target-encoding",), encoding.target_means, "means of the target computed over all rows"),
    Check(("lagged-target",), lagged.shifted_target, "the target of an earlier or later row"),
    Check(("id-like",), identifiers.id_like, "a number or name of its own for each row"),
    Check(("hidden-group",), identifiers.hidden_groups, "an undeclared patient id"),
    Check(("fitted-on-all",), fitted.fitted_on_all, "a scaler or imputer that saw all rows"),
    Check(("adversarial-validation",), adversarial.distinguishable, "train and the other parts differ"),
)
"""`preprocessing-isolation` is `isolation.prove`: it needs the preprocessing, not only the data."""

ORDER = {"critical": 0, "warning": 1, "info": 2}


def audit(dataset: Dataset, split: Split, seed: int = 0) -> tuple[Finding, ...]:
    """What the checks find, the worst first. Same data, split and seed: the same findings.

    Critical is only what is proved; everything else is a warning with its figures. Where a check looks at a
    sample of the rows, its message or details say so.
    """
    wrong = mismatch(dataset, split)
    if wrong:
        return (wrong,)
    place = split.ids.get_indexer(dataset.X.index)
    context = Context(
        dataset=dataset,
        split=split,
        seed=seed,
        codes=split.codes[place],
        y=np.asarray(dataset.y.to_numpy(dtype=np.float64, na_value=np.nan)),
    )
    found = [finding for check in CHECKS for finding in check.run(context)]
    left = int((context.codes < 0).sum())
    if left:
        found.append(
            Finding(
                check="rows-in-no-part",
                severity="info",
                message=(
                    f"{left:,} of {len(dataset):,} rows are in no part: they lie in a gap of time, or "
                    "outside of the time "
                    "of their group's part."
                ),
                rows=context.ids(np.flatnonzero(context.codes < 0)),
                affected=left,
            )
        )
    return tuple(sorted(found, key=lambda finding: ORDER[finding.severity]))


def mismatch(dataset: Dataset, split: Split) -> Finding | None:
    """Whether a row id stands twice, or the split is one of other rows."""
    for what, index in (("data", dataset.X.index), ("split", split.ids)):
        if not index.is_unique:
            twice = index[index.duplicated()]
            return Finding(
                check="row-overlap",
                severity="critical",
                message=f"{len(twice):,} row ids stand twice in the {what}, so a row can be in two parts.",
                rows=tuple(twice[:20].tolist()),
                affected=len(twice),
            )
    unknown = dataset.X.index.difference(split.ids, sort=False)
    gone = split.ids.difference(dataset.X.index, sort=False)
    if not len(unknown) and not len(gone):
        return None
    return Finding(
        check="row-overlap",
        severity="critical",
        message=(
            f"The split is not one of this data: {len(unknown):,} rows are not in it, and {len(gone):,} "
            "of its rows are "
            "not in the data; have it made anew."
        ),
        rows=(*unknown[:10].tolist(), *gone[:10].tolist()),
        affected=len(unknown) + len(gone),
    )


def gate(findings: Sequence[Finding], accepted: Mapping[str, str] | None = None) -> None:
    """Raises `DataLeakageError`, with the rows named, for critical findings that nobody has accepted with a
    reason."""
    reasons = accepted or {}
    blocking = [f for f in findings if f.severity == "critical" and not reasons.get(f.check, "").strip()]
    if not blocking:
        return
    told = []
    for finding in blocking:
        rows = ", ".join(str(row) for row in finding.rows)
        more = (
            f" and {finding.affected - len(finding.rows):,} more"
            if finding.affected > len(finding.rows)
            else ""
        )
        told.append(f"[{finding.check}] {finding.message}" + (f" Rows: {rows}{more}." if rows else ""))
    raise DataLeakageError("The data leaks: " + " ".join(told), blocking)
