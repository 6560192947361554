"""Choosing the rows of a quick run: seeded, in their old order, every class kept, no group torn apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

ROOM = 4 / 3
"""Whole groups rarely add up to the wanted rows; they may exceed them by this factor (15 % → 20 %)."""


def chosen_rows(
    count: int,
    fraction: float,
    seed: int,
    *,
    stratify: Iterable[Any] | None = None,
    groups: Iterable[Any] | None = None,
) -> list[int]:
    """Indices of about `fraction` of `count` rows, ascending; the same for the same arguments.

    With `stratify` each class keeps its share and at least one row; with `groups` a group is taken whole or
    not at all; with both, whole groups are taken such that every class is there.
    Raises ValueError for another number of labels than rows, and for more classes than rows are wanted.
    """
    import random

    draw = random.Random(seed)
    wanted = max(1, round(count * fraction))
    classes = None if stratify is None else _labels(stratify, count, "stratify")
    if classes is not None:
        _check_classes(classes, wanted)
    if groups is not None:
        return _whole_groups(_labels(groups, count, "groups"), classes, wanted, draw)
    if classes is None:
        return sorted(draw.sample(range(count), wanted))
    return _stratified(classes, wanted, draw)


def take(rows: Any, indices: list[int]) -> Any:
    """The chosen rows of a list, tuple, numpy array, pandas frame or series, torch tensor, sparse matrix …"""
    if hasattr(rows, "iloc"):
        return rows.iloc[indices]
    if isinstance(rows, tuple):
        return tuple(rows[i] for i in indices)
    if isinstance(rows, (list, range)):
        return [rows[i] for i in indices]
    return rows[indices]


def length(rows: Any) -> int:
    """How many rows there are; raises TypeError for what has none."""
    shape = getattr(rows, "shape", None)
    if isinstance(shape, Sequence) and shape:
        return int(shape[0])
    if isinstance(rows, (str, bytes, dict)) or not hasattr(rows, "__len__"):
        raise TypeError(f"subset() takes lists, arrays, tensors and frames, not a {type(rows).__name__}")
    return len(rows)


def _labels(values: Any, count: int, name: str) -> list[Any]:
    """Plain, hashable labels, one a row."""
    plain = values.tolist() if hasattr(values, "tolist") else list(values)
    if len(plain) != count:
        raise ValueError(f"{name} has {len(plain)} labels for {count} rows")
    # One-hot rows become tuples; a missing label is a class of its own although nan != nan.
    return [tuple(v) if isinstance(v, list) else "nan" if v != v else v for v in plain]


def _check_classes(classes: list[Any], wanted: int) -> None:
    different = len(set(classes))
    if different > max(wanted, 2):
        raise ValueError(
            f"stratify has {different} different values and the subset only {wanted} rows; give it classes"
        )


def _members(labels: list[Any]) -> dict[Any, list[int]]:
    members: dict[Any, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    return members


def _stratified(classes: list[Any], wanted: int, draw: Any) -> list[int]:
    """Each class its share, the leftover rows to the largest remainders, nobody without one."""
    members = _members(classes)
    share = {label: len(rows) * wanted / len(classes) for label, rows in members.items()}
    number = {label: max(1, int(part)) for label, part in share.items()}
    by_remainder = sorted(share, key=lambda label: number[label] - share[label])
    for label in by_remainder[: max(0, wanted - sum(number.values()))]:
        number[label] = min(number[label] + 1, len(members[label]))
    chosen: list[int] = []
    for label, rows in members.items():
        chosen += draw.sample(rows, number[label])
    return sorted(chosen)


def _whole_groups(groups: list[Any], classes: list[Any] | None, wanted: int, draw: Any) -> list[int]:
    members = _members(groups)
    order = list(members)
    draw.shuffle(order)
    chosen: list[int] = []
    taken = set()
    missing = set(classes or ())
    for group in order:
        held = {classes[i] for i in members[group]} if classes else set()
        if missing & held:
            missing -= held
            taken.add(group)
            chosen += members[group]
    for group in order:
        if group not in taken and len(chosen) < wanted and len(chosen) + len(members[group]) <= wanted * ROOM:
            chosen += members[group]
    return sorted(chosen or members[min(order, key=lambda group: len(members[group]))])
