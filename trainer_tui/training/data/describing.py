"""What a person should see before training."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset


def description(dataset: Dataset) -> dict[str, Any]:
    """Plain data for JSON: source, roles, task, every column with its kind, use and reason, what was
    noticed."""
    columns = {column.name: column for column in dataset.columns}
    return {
        "name": dataset.name,
        "source": dataset.source,
        "fingerprint": dataset.fingerprint,
        "rows": len(dataset),
        "features": dataset.X.shape[1],
        "row_id": str(dataset.X.index.name or ""),
        "target": {
            "name": dataset.target,
            "task": dataset.task,
            "unit": dataset.unit,
            "why": columns[dataset.target].why,
            **(_classes(dataset) if dataset.classes else _range(dataset)),
        },
        "group": _role(dataset, "groups"),
        "time": _role(dataset, "times"),
        "kinds": dict(Counter(column.kind for column in dataset.columns if column.used)),
        "left_out": {c.name: c.why for c in dataset.columns if not c.used and c.name != dataset.target},
        "columns": [asdict(column) for column in dataset.columns],
        "noticed": [finding.to_dict() for finding in dataset.noticed],
    }


def _classes(dataset: Dataset) -> dict[str, Any]:
    counts = dataset.y.value_counts()
    labels = [str(label) for label in dataset.classes]
    out: dict[str, Any] = {"classes": {label: int(counts.get(code, 0)) for code, label in enumerate(labels)}}
    if dataset.task == "binary" and len(labels) == 2:
        out["positive"] = labels[1]
    return out


def _range(dataset: Dataset) -> dict[str, Any]:
    y = dataset.y
    return {"lowest": float(y.min()), "highest": float(y.max()), "median": float(y.median())}


def _role(dataset: Dataset, which: str) -> dict[str, Any] | None:
    series = dataset.groups if which == "groups" else dataset.times
    if series is None:
        return None
    why = next((column.why for column in dataset.columns if column.name == series.name), "")
    out = {"name": str(series.name), "distinct": int(series.nunique()), "why": why}
    if which == "times":
        out |= {"first": str(series.min()), "last": str(series.max())}
    return out
