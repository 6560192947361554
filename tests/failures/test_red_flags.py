"""Red flags: each seen where it is, once, with numbers; none on ordinary noisy curves."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from trainer_tui.failures import RedFlags
from trainer_tui.runs.incident import Incident

Rows = list[dict[str, float]]


def curve(count: int, make: Callable[[int], dict[str, float]]) -> Rows:
    return [{"epoch": float(index), **make(index)} for index in range(count)]


def of_kind(found: list[Incident], kind: str) -> list[Incident]:
    """The episodes of a kind, as they were raised."""
    return [i for i in found if i.kind == kind and i.fate == "suspected"]


def healthy(seed: int) -> Rows:
    """A run that goes well: decay, plateau, noise (white or wandering), warm-up, a gap to validation."""
    rng = random.Random(seed)
    count = rng.choice([30, 60, 100, 200, 500])
    tau, start = count * rng.uniform(0.03, 0.6), rng.uniform(0.3, 5)
    floor, gap = start * rng.uniform(0.02, 0.6), rng.uniform(1.0, 1.3)
    noise = rng.choice([0.002, 0.01, 0.03, 0.05])
    val_noise, memory = noise * rng.uniform(1, 3), rng.choice([0.0, 0.0, 0.5, 0.8])
    grad, spread, warm_up = rng.uniform(0.1, 5), rng.uniform(0.1, 0.5), rng.choice([0, 0, 5])
    state = [0.0, 0.0]
    rows = []
    for epoch in range(count):
        state = [memory * old + rng.gauss(0, 1) * math.sqrt(1 - memory**2) for old in state]
        level = floor + (start - floor) * math.exp(-max(0, epoch - warm_up) / tau)
        rows.append(
            {
                "epoch": float(epoch),
                "train_loss": level * (1 + noise * state[0]),
                "val_loss": level * gap * (1 + val_noise * state[1]),
                "grad_norm": grad * math.exp(spread * rng.gauss(0, 1)) * (1 + 2 * math.exp(-epoch / 10)),
                "val_error": 0.1,
                "nan_count": 0.0,
            }
        )
    return rows


def test_healthy_runs_raise_nothing() -> None:
    for seed in range(250):
        raised = [i for i in RedFlags().feed(0, healthy(seed)) if i.severity != "notice"]
        assert raised == [], f"seed {seed}: {raised[0].message}"


def test_first_row_and_hard_batch_are_no_spikes() -> None:
    rows = curve(
        60, lambda i: {"loss": 50.0 if i == 0 else 1.0 + 0.01 * (i % 3), "grad_norm": 30 if i == 40 else 1.0}
    )
    assert [i for i in RedFlags().feed(0, rows) if i.severity != "notice"] == []


def test_nan_is_suspected_then_confirmed_then_recovered() -> None:
    flags = RedFlags()
    assert flags.feed(0, [{"train_loss": 0.5}, {"train_loss": 0.4}]) == []
    (first,) = flags.feed(2, [{"train_loss": math.nan, "epoch": 2}])
    assert (first.id, first.fate, first.severity, first.kind) == (
        "history:nan:train_loss",
        "suspected",
        "error",
        "nan-loss",
    )
    assert "epoch 2" in first.message and first.facts["row"] == 2
    assert flags.feed(3, [{"train_loss": math.nan}, {}]) == []
    (second,) = flags.feed(5, [{"train_loss": math.inf}])
    assert (second.id, second.fate) == (first.id, "confirmed")
    (third,) = flags.feed(6, [{"train_loss": 0.6}])
    assert (third.id, third.fate) == (first.id, "recovered")
    (again,) = flags.feed(7, [{"train_loss": math.nan}])
    assert again.fate == "suspected" and again.id != first.id


@pytest.mark.parametrize("column", ["loss", "val_loss", "train_loss", "kl_loss", "loss_box"])
def test_every_loss_is_watched(column: str) -> None:
    assert of_kind(RedFlags().feed(0, [{column: math.nan}]), "nan-loss")


@pytest.mark.parametrize("column", ["accuracy", "nan_count", "lossy_share", "rmse"])
def test_other_columns_may_be_nan(column: str) -> None:
    assert RedFlags().feed(0, [{column: math.nan}] * 10) == []


def test_rows_seen_before_are_skipped() -> None:
    flags = RedFlags()
    rows = [{"loss": 1.0}, {"loss": math.nan}]
    assert len(flags.feed(0, rows)) == 1
    assert flags.feed(0, rows) == []


@pytest.mark.parametrize(("count", "turn", "slope"), [(60, 20, 0.02), (400, 100, 0.003)])
def test_overfitting(count: int, turn: int, slope: float) -> None:
    rng = random.Random(1)

    def make(i: int) -> dict[str, float]:
        base = 0.3 + 2 * math.exp(-i / (count / 10))
        val = base + 0.2 + max(0, i - turn) * slope
        return {"train_loss": base * (1 - 0.5 * i / count), "val_loss": val * (1 + 0.01 * rng.gauss(0, 1))}

    found = of_kind(RedFlags().feed(0, curve(count, make)), "overfitting")
    assert len(found) == 1
    assert found[0].severity == "warning"
    assert found[0].facts["from"] < found[0].facts["to"]
    assert turn < found[0].facts["row"] < turn + count // 2
    assert "val_loss up for" in found[0].message and "while train_loss falls" in found[0].message


def test_exploding_gradient_once() -> None:
    rows = curve(60, lambda i: {"grad_norm": 1.0 if i < 30 else 200.0 + i})
    assert len(of_kind(RedFlags().feed(0, rows), "exploding-gradient")) == 1


def test_vanishing_gradient() -> None:
    rows = curve(30, lambda i: {"grad_norm": 1.0 if i < 10 else 1e-9})
    assert len(of_kind(RedFlags().feed(0, rows), "vanishing-gradient")) == 1


def test_nan_gradient_is_told() -> None:
    rows = curve(30, lambda i: {"grad_norm": 1.0 if i < 10 else math.nan, "loss": 1 / (i + 1)})
    assert len(of_kind(RedFlags().feed(0, rows), "exploding-gradient")) == 1


def test_loss_that_never_falls() -> None:
    rng = random.Random(2)
    rows = curve(80, lambda i: {"train_loss": 2.3 + 0.001 * i + 0.001 * rng.gauss(0, 1)})
    assert len(of_kind(RedFlags().feed(0, rows), "loss-not-decreasing")) == 1


def test_spike_oscillation_frozen_and_plateau() -> None:
    spike = curve(40, lambda i: {"loss": 9.0 if i == 30 else 1.0 + 0.01 * (i % 5)})
    assert [i.facts["row"] for i in of_kind(RedFlags().feed(0, spike), "spike")] == [30]
    swing = curve(60, lambda i: {"loss": 1.0 + (0.9 if i % 2 else 0.0)})
    assert len(of_kind(RedFlags().feed(0, swing), "oscillation")) == 1
    frozen = curve(60, lambda i: {"loss": 0.6931})
    assert [i.severity for i in of_kind(RedFlags().feed(0, frozen), "frozen-metric")] == ["warning"]
    rng = random.Random(3)
    flat = curve(1200, lambda i: {"loss": 0.6 + 0.4 / (1 + min(i, 100)) + 1e-3 * rng.random()})
    assert [i.severity for i in of_kind(RedFlags().feed(0, flat), "plateau")] == ["notice"]


@pytest.mark.parametrize("factor", [2.0, 10.0, 1e30, -3.0])
def test_a_loss_that_explodes_is_followed_to_infinity(factor: float) -> None:
    flags, value, found = RedFlags(), 1.0, []
    for epoch in range(2000):
        row = {"epoch": epoch, "train_loss": value, "val_loss": 2 * value, "grad_norm": abs(value)}
        found += flags.feed(epoch, [row])
        value *= factor
    diverged = [i for i in found if i.id == "history:nan:train_loss"]
    assert [i.fate for i in diverged] == ["suspected", "confirmed"]
    assert "e+100" not in diverged[0].message, (
        "the value itself is quoted, not what the statistics made of it"
    )
