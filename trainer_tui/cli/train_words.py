"""What `train` and `train check` say of the data, in lines and as a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.preparation import Prepared

MARKS = {"critical": "✘", "warning": "▲", "info": "·"}


def described(dataset: Dataset) -> Iterator[str]:
    """What was understood of the data, before anything is trained."""
    from trainer_tui.training.data import describe

    told = describe(dataset)
    target = told["target"]
    yield f"{told['name']}: {told['rows']:,} rows, {told['features']} features ({_kinds(told['kinds'])})"
    yield f"target {target['name']}: {target['task']}{_classes(target)}{_because(target['why'])}"
    for role in ("group", "time"):
        if told[role]:
            yield f"{role} {told[role]['name']}{_because(told[role]['why'])}"
    for name, why in told["left_out"].items():
        yield f"left out {name}: {why}"
    for noticed in told["noticed"]:
        yield f"{MARKS[noticed['severity']]} {noticed['message']}"


def checked(prepared: Prepared) -> Iterator[str]:
    """The same, and what the checks of quality, split and leaks found, as far as they came."""
    from trainer_tui.training.splits.split import PARTS

    yield from described(prepared.dataset)
    quality = prepared.quality
    yield f"quality {quality.status} ({quality.overall_score:.2f} of 1)"
    for finding in quality.findings:
        yield f"  {MARKS[finding.severity]} {finding.check}: {finding.message}"
    if prepared.split is None:
        return
    split, counts = prepared.split, prepared.split.counts()
    parts = ", ".join(f"{part} {counts[part]:,}" for part in PARTS)
    yield f"split {split.split_id[:16]} ({split.strategy}{', stored' if prepared.reused else ''}): {parts}"
    for finding in prepared.findings:
        yield f"  {MARKS[finding.severity]} {finding.check}: {finding.message}"
    if not prepared.findings:
        yield "no leak was found"


def checked_document(prepared: Prepared, refusal: str) -> dict[str, Any]:
    """All of it as plain data."""
    from trainer_tui.training.data import describe
    from trainer_tui.training.documents import split_document
    from trainer_tui.training.evaluation.plain import plain

    split = split_document(prepared, {}) if prepared.split is not None else None
    document = {
        "data": describe(prepared.dataset),
        "quality": prepared.quality.to_dict(),
        "split": split,
        "refusal": refusal,
    }
    found: dict[str, Any] = plain(document)
    return found


def _kinds(kinds: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())


def _classes(target: dict[str, Any]) -> str:
    if "classes" not in target:
        unit = f" {target['unit']}" if target["unit"] else ""
        return f", {target['lowest']:g} to {target['highest']:g}{unit}"
    counts = [f"{label} {count:,}" for label, count in target["classes"].items()]
    shown = ", ".join(counts[:6]) + (f" and {len(counts) - 6} more" if len(counts) > 6 else "")
    positive = f"; {target['positive']} is positive" if "positive" in target else ""
    return f" ({shown}{positive})"


def _because(why: str) -> str:
    return f": {why}" if why else ""
