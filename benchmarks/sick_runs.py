"""Simulated training histories with a fault, and the row where it begins; made from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

Row = dict[str, float]
Rows = list[Row]


@dataclass(frozen=True, slots=True)
class Sick:
    """A run with a fault."""

    flag: str
    what: str
    begins: int
    """The row where the fault begins."""
    within: int
    """Rows after that within which it has to be raised."""
    rows: Rows
    severity: str = "warning"
    main_metric: str = "val_loss"


def _rows(count: int, make: Callable[[int], Row]) -> Rows:
    return [{"epoch": float(i + 1), **make(i)} for i in range(count)]


def _falling(i: int, start: float = 2.3, floor: float = 0.3, tau: float = 15.0) -> float:
    return floor + (start - floor) * math.exp(-i / tau)


def sick(seed: int) -> list[Sick]:
    """Three or more runs for each flag, their noise from the seed."""
    rng = random.Random(seed)

    def n(size: float) -> float:
        return 1 + size * rng.gauss(0, 1)

    def grad(i: int) -> float:
        return math.exp(0.3 * rng.gauss(0, 1))

    found = [
        Sick(
            "nan-loss",
            "one column",
            20,
            1,
            _rows(30, lambda i: {"loss": math.nan if i >= 20 else 1.0}),
            "error",
        ),
        Sick(
            "nan-loss",
            "infinite",
            40,
            1,
            _rows(50, lambda i: {"train_loss": math.inf if i >= 40 else n(0.1)}),
            "error",
        ),
        Sick(
            "nan-loss",
            "a term of the loss",
            5,
            1,
            _rows(9, lambda i: {"kl_loss": math.nan if i >= 5 else 1.0}),
            "error",
        ),
    ]
    for size, jump, at in ((0.3, 40.0, 60), (0.5, 100.0, 200), (0.1, 15.0, 40)):
        rows = _rows(at + 40, lambda i, s=size, j=jump, a=at: {
            "train_loss": _falling(i) * n(0.02) * (1 + (0.1 * (i - a) if i >= a else 0)),
            "grad_norm": 3 * math.exp(s * rng.gauss(0, 1)) * (j if i >= a else 1),
        })  # fmt: skip
        found.append(Sick("exploding-gradient", f"{jump:g} times", at, 25, rows))
    for start, small in ((0, 1e-9), (0, 0.0), (20, 1e-8)):
        rows = _rows(60, lambda i, a=start, g=small: {
            "train_loss": 2.3 * n(0.0005), "grad_norm": g if i >= a else 1e-3 * grad(i),
        })  # fmt: skip
        found.append(Sick("vanishing-gradient", f"{small:g} from row {start}", start, 10, rows))
    for size, climb in ((0.0005, 0.0), (0.002, 0.0), (0.001, 0.0005)):
        rows = _rows(150, lambda i, s=size, c=climb: {"train_loss": 2.303 * n(s) * (1 + c * i / 150)})
        found.append(Sick("loss-not-decreasing", f"noise {size:g}", 0, 60, rows))
    for floor, size in ((0.7, 0.005), (0.8, 0.01), (0.6, 0.002)):
        rows = _rows(1600, lambda i, f=floor, s=size: {"train_loss": _falling(i, 1.0, f) * n(s)})
        found.append(Sick("plateau", f"rests at {floor:g} of its start", 60, 1100, rows, "notice"))
    for low, high in ((0.5, 1.5), (0.2, 3.0), (1.0, 2.5)):
        rows = _rows(100, lambda i, lo=low, h=high: {
            "train_loss": (
                (h if i % 2 else lo) * n(0.05) if i >= 40 else _falling(i, 3.0, (lo + h) / 2) * n(0.02)
            )
        })  # fmt: skip
        found.append(Sick("oscillation", f"between {low:g} and {high:g}", 40, 35, rows))
    for turn, slope, size in ((30, 0.02, 0.01), (60, 0.01, 0.02), (20, 0.05, 0.03)):
        rows = _rows(turn * 6, lambda i, t=turn, k=slope, s=size: {
            "train_loss": _falling(i, 2.3, 0.2, t / 2) * (1 - 0.5 * i / (6 * t)) * n(0.01),
            "val_loss": (_falling(i, 2.3, 0.4, t / 4) + max(0, i - t) * k) * n(s),
        })  # fmt: skip
        found.append(Sick("overfitting", f"from row {turn}, {slope:g} a row", turn, max(45, turn), rows))
    for turn, top in ((100, 1.06), (150, 1.08), (200, 1.07)):
        rows = _rows(turn * 5, lambda i, t=turn, u=top: {
            "train_loss": _falling(i, 2.3, 0.2, t / 4) * (1 - 0.5 * i / (5 * t)) * n(0.005),
            "val_loss": _falling(i, 2.3, 0.5, t / 6) * n(0.005)
            * (u + (1 - u) * math.exp(-max(0, i - t) / 30)),
        })  # fmt: skip
        found.append(Sick("overtraining", f"past its best by {top - 1:.0%}", turn, 2 * turn, rows, "notice"))
    for fall, gap in ((0.05, 1.02), (0.08, 1.0), (0.06, 0.97)):
        rows = _rows(400, lambda i, f=fall, g=gap: {
            "train_loss": 2.3 * (1 - f * (1 - math.exp(-i / 10))) * n(0.001),
            "val_loss": 2.3 * g * (1 - f * (1 - math.exp(-i / 10))) * n(0.001),
        })  # fmt: skip
        found.append(Sick("underfitting", f"fell by {fall:.0%}", 30, 220, rows, "notice"))
    for at, growth, size in ((60, 1.2, 0.02), (200, 1.1, 0.05), (40, 1.5, 0.01)):
        rows = _rows(at + 60, lambda i, a=at, g=growth, s=size: {
            "train_loss": _falling(i) * n(s) * (min(g ** (i - a), 1e6) if i >= a else 1)
        })  # fmt: skip
        found.append(Sick("divergence", f"{growth:g} times a row", at, 40, rows))
    for begins, climb in ((40, 1.15), (60, 1.3), (30, 1.1)):
        rows = _rows(begins + 60, lambda i, a=begins, c=climb: {
            "train_loss": _falling(i) * n(0.02) * (min(c ** (i - a), 1e6) if i >= a else 1),
            "lr": 1e-4 * 1.05**i,
        })  # fmt: skip
        found.append(Sick("learning-rate-too-high", f"a range test, {climb:g} times a row", begins, 40, rows))
    for climb in (1.08, 1.2, 2.0):
        rows = _rows(60, lambda i, c=climb: {
            "train_loss": min(2.3 * c**i, 1e9) * n(0.03), "grad_norm": min(1.5**i, 1e9) * grad(i),
        })  # fmt: skip
        found.append(Sick("learning-rate-too-high", f"from the start, {climb:g} times a row", 0, 30, rows))
    for name, value, severity, main in (
        ("accuracy", 0.1, "notice", "val_loss"), ("val_f1", 0.0, "notice", "val_loss"),
        ("rmse", math.nan, "warning", "rmse"), ("score", 0.0, "warning", "score"),
    ):  # fmt: skip
        rows = _rows(80, lambda i, c=name, v=value: {"train_loss": _falling(i) * n(0.01), c: v})
        found.append(Sick("dead-metric", f"{name} is {value:g}", 0, 60, rows, severity, main))
    for at, high in ((40, 10.0), (100, 30.0), (200, 8.0)):
        one = _rows(at + 30, lambda i, a=at, h=high: {"loss": _falling(i) * n(0.02) * (h if i == a else 1)})
        many = _rows(at + 30, lambda i, a=at, h=high: {"loss": _falling(i) * n(0.02) * (h if i >= a else 1)})
        found.append(Sick("spike", f"one row, {high:g} times", at, 1, one, "notice"))
        found.append(Sick("spike", f"it stays, {high:g} times", at, 16, many))
    for start, value in ((0, 0.6931), (0, 2.302585), (0, 11.0)):
        rows = _rows(40, lambda i, v=value: {"train_loss": v, "grad_norm": grad(i)})
        found.append(Sick("frozen-metric", f"{value:g} from row {start}", start, 15, rows))
    for before, after, at in ((10.0, 25.0, 80), (0.5, 2.0, 1000), (60.0, 180.0, 40)):
        rows = _rows(at + 400, lambda i, b=before, c=after, a=at: {
            "train_loss": _falling(i) * n(0.02), "time_s": (c if i >= a else b) * (1 + 0.1 * rng.random()),
        })  # fmt: skip
        found.append(
            Sick("throughput-drop", f"{before:g} s, then {after:g} s", at, int(400 / after) + 16, rows)
        )
    for first, grows in ((10.0, 0.004), (60.0, 0.01), (2.0, 0.001)):
        count = int(3 / grows)
        rows = _rows(count, lambda i, f=first, g=grows: {
            "train_loss": _falling(i) * n(0.02), "time_s": f * (1 + g * i) * (1 + 0.1 * rng.random()),
        })  # fmt: skip
        found.append(
            Sick("epoch-time-drift", f"{grows:.1%} a row", 0, max(int(1.2 / grows), int(1000 / first)), rows)
        )
    return found
