"""What users took for false alarms, and what one fault says: one alarm, in words that fit."""

from __future__ import annotations

import math
import random

from trainer_tui.failures import RedFlags
from trainer_tui.failures.flags.columns import is_whole_loss, kind_of, partner, tells_no_descent
from trainer_tui.failures.flags.robust import sen_slope, times_text
from trainer_tui.runs.incident import Incident

Rows = list[dict[str, float]]


def feed(rows: Rows, **more) -> list[Incident]:
    return RedFlags(**more).feed(0, rows)


def test_a_converged_model_may_have_no_gradient():
    rows = [{"epoch": i, "loss": 2 * 0.5**i, "grad_norm": 0.5**i} for i in range(80)]
    assert feed(rows) == []


def test_a_forest_that_has_converged_is_no_plateau():
    rows = [{"epoch": i, "train_loss": 0.3 if i < 5 else 0.02 + 1e-4 * (i % 3)} for i in range(900)]
    assert feed(rows) == []


def test_large_ratios_are_short():
    assert times_text(35288676598.0, 1.0) == "3.53e+10 times"
    assert times_text(12.4, 1.0) == "12 times" and times_text(1.0, 0.0) == "far above"
    rows = [{"epoch": i, "loss": 1.0, "grad_norm": 1.0 if i < 40 else 3.5e12} for i in range(45)]
    (told,) = [i for i in feed(rows) if i.kind == "exploding-gradient"]
    assert "3.5e+12 times its median 1" in told.message


def test_an_episode_ends_and_another_may_follow_later():
    def loss(i: int) -> float:
        return 1.0 * (12 if i in (100, 101, 102, 103, 104, 105, 300, 301, 302, 303, 304, 305) else 1)

    rng = random.Random(1)
    found = feed([{"epoch": i, "loss": loss(i) * (1 + 0.02 * rng.gauss(0, 1))} for i in range(400)])
    spikes = [(i.severity, i.fate) for i in found if i.kind == "spike"]
    once = [("notice", "suspected"), ("warning", "suspected"), ("warning", "recovered")]
    assert spikes == once * 2
    ids = [i.id for i in found if i.kind == "spike"]
    assert ids[1] == ids[2] and len(set(ids)) == 4


def test_a_gradient_that_clipping_takes_care_of_is_a_notice():
    rng = random.Random(2)
    rows = [
        {
            "epoch": i,
            "loss": 2 * 0.99**i,
            "grad_norm": math.exp(0.2 * rng.gauss(0, 1)) * (40 if i > 60 else 1),
        }
        for i in range(90)
    ]
    assert {(i.kind, i.severity) for i in feed(rows)} == {("exploding-gradient", "notice")}


def test_the_first_infinite_gradients_of_half_precision_are_normal_and_later_ones_are_not():
    rows = [{"step": i, "loss": 2 * 0.99**i, "grad_norm": math.inf if i < 8 else 1.0} for i in range(40)]
    assert feed(rows) == []
    rows += [{"step": i, "loss": 1.0, "grad_norm": math.inf} for i in range(40, 45)]
    assert [i.kind for i in feed(rows)] == ["exploding-gradient"]


def test_losses_that_need_not_fall():
    rng = random.Random(3)
    flat = [{"epoch": i, "train_loss": 0.7 + 0.001 * rng.random()} for i in range(120)]
    assert [i.kind for i in feed(flat)] == ["loss-not-decreasing"]
    for name in ("D_loss", "loss_G", "ep_rew_mean", "rhat", "train/policy_loss", "acceptance"):
        assert tells_no_descent(name), name
        assert feed([{**row, name: rng.random()} for row in flat]) == [], name
    assert not any(
        map(tells_no_descent, ("loss", "val_loss", "box_loss", "grad_norm", "dice_loss", "returned"))
    )


def test_a_term_of_a_loss_may_rise():
    rows = [{"epoch": i, "loss": 2 * 0.95**i + 0.1, "kl_loss": 0.01 * i} for i in range(200)]
    assert feed(rows) == []
    assert is_whole_loss("train_loss") and is_whole_loss("val/total_loss") and is_whole_loss("Loss")
    assert not is_whole_loss("kl_loss") and not is_whole_loss("loss_box")


def test_rows_that_are_steps_have_four_times_as_long():
    rng = random.Random(4)
    rows = [{"step": i, "loss": 2.3 + 0.001 * rng.gauss(0, 1)} for i in range(260)]
    (told,) = feed(rows)
    assert told.kind == "loss-not-decreasing" and 199 <= told.facts["row"] < 210


def test_a_rate_that_warms_up_is_waited_for():
    rng = random.Random(5)
    rows = [
        {"epoch": i, "loss": 2.3 + 0.001 * rng.gauss(0, 1), "lr": 1e-3 * min(1, i / 60)} for i in range(140)
    ]
    (told,) = feed(rows)
    assert told.kind == "loss-not-decreasing" and 105 <= told.facts["row"] < 120


def test_the_main_metric_counts_as_learning():
    rng = random.Random(6)
    rows = [{"epoch": i, "train_loss": 0.7 + 0.001 * rng.random(), "error": 0.9**i} for i in range(120)]
    assert [i.kind for i in feed(rows)] == ["loss-not-decreasing"]
    assert feed(rows, main_metric="error") == []


def test_a_forward_filled_validation_loss_is_not_frozen():
    rows = [{"step": i, "loss": 2 * 0.99**i, "val_loss": 2.2 * 0.99 ** (i // 60 * 60)} for i in range(400)]
    assert feed(rows) == []


def test_a_time_that_counts_up_is_a_clock():
    rng = random.Random(7)
    now, rows = 0.0, []
    for i in range(400):
        now += 2.0 + 0.1 * rng.random()
        rows.append({"epoch": i, "loss": 2 * 0.99**i, "time_s": now})
    assert feed(rows) == []


def test_thousands_of_columns_are_not_all_kept():
    flags = RedFlags()
    flags.feed(0, [{f"layer{n}_loss": 1.0 / (i + 1) for n in range(5000)} for i in range(20)])
    assert len(flags._watched) == 200


def test_names():
    kinds = {
        "train_loss": "loss", "grad_norm": "gradient", "lr": "rate", "time_s": "duration",
        "step_time": "duration", "elapsed_s": "clock", "samples_per_second": "speed", "val_f1": "score",
        "rmse": "main", "epoch": "", "note": "",
    }  # fmt: skip
    assert {name: kind_of(name, "rmse") for name in kinds} == kinds
    assert partner("val_loss", ["val_loss", "train_loss"]) == "train_loss"
    assert partner("val/total_loss", ["train/total_loss", "val/total_loss"]) == "train/total_loss"
    assert partner("eval_loss", ["eval_loss", "Loss"]) == "Loss" and partner("val_loss", ["val_loss"]) is None


def test_the_slope_of_theil_and_sen():
    rng = random.Random(8)
    values = [3 + 0.5 * i + rng.gauss(0, 1) for i in range(40)]
    values[5] = values[30] = 1e6
    slope = sen_slope(values)
    assert slope.low < 0.5 < slope.high and abs(slope.value - 0.5) < 0.05
    flat = sen_slope([rng.gauss(0, 1) for _ in range(40)])
    assert flat.low < 0 < flat.high
    assert sen_slope([1.0, 2.0]).low == -math.inf
