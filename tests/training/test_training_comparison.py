"""Two models on the same rows; and the curves of one."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc as area
from sklearn.metrics import roc_auc_score, roc_curve

from trainer_tui.training.evaluation import compare, evaluate
from trainer_tui.training.evaluation.curves import AREA_EPSILON, roc_and_pr, thin
from trainer_tui.training.evaluation.paired import Predictions

pytestmark = pytest.mark.filterwarnings("error")


def models(n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    y = (rng.random(n) < 0.4).astype(int)
    good = np.clip(rng.normal(0.35 + 0.3 * y, 0.2), 0, 1)
    return y, good, np.clip(good + rng.normal(0, 0.3, n), 0, 1)


def test_the_better_one_is_seen() -> None:
    y, good, bad = models()
    ids = np.arange(len(y))
    order = np.random.default_rng(0).permutation(len(y))
    found = compare(
        Predictions(ids, y, good), Predictions(ids[order], y[order], bad[order]), "binary", replicates=500
    )
    auc = found.differences["auc"]
    assert found.paired and auc.difference == pytest.approx(roc_auc_score(y, good) - roc_auc_score(y, bad))
    assert auc.interval.low > 0 and auc.better_share > 0.99
    brier = found.differences["brier_score"]
    assert brier.difference < 0 and brier.better_share > 0.99
    # DeLong's standard error and the bootstrap's interval agree.
    width = auc.interval.high - auc.interval.low
    assert width == pytest.approx(2 * 1.96 * found.delong.standard_error, rel=0.2)
    assert found.delong.difference == pytest.approx(auc.difference) and found.delong.p < 0.01
    right = (good >= 0.5) == y, (bad >= 0.5) == y
    assert found.mcnemar.new_right == (right[0] & ~right[1]).sum()
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_same_model_twice_does_not_differ() -> None:
    y, good, _ = models(80)
    mine = Predictions(range(80), y, good)
    found = compare(mine, mine, "binary", ["auc"], replicates=200)
    assert found.differences["auc"].interval.method == "point"
    assert found.differences["auc"].better_share == 0.5
    assert found.delong is None and found.mcnemar.p == 1.0


def test_mcnemar_by_hand() -> None:
    """Eight disagreements, all for the new one: 2 · 2⁻⁸."""
    y = np.array([0, 1] * 4)
    found = compare(
        Predictions(range(8), y, y.astype(float)), Predictions(range(8), y, 1.0 - y), "binary", replicates=0
    )
    assert (found.mcnemar.new_right, found.mcnemar.old_right) == (8, 0)
    assert found.mcnemar.p == pytest.approx(2 / 256)


def test_what_cannot_be_paired_says_why() -> None:
    y, good, bad = models(20)
    mine = Predictions(range(20), y, good, data="a")
    others = {
        "different rows (19 in common of 20 and 20)": Predictions(range(1, 21), y, bad),
        "different rows (10 in common of 20 and 10)": Predictions(range(10), y[:10], bad[:10]),
        "different data": Predictions(range(20), y, bad, data="b"),
        "targets of the same rows differ": Predictions(range(20), 1 - y, bad),
        "not unique": Predictions([0] * 20, y, bad),
    }
    for says, other in others.items():
        found = compare(mine, other, "binary")
        assert not found.paired and says in found.why and found.differences == {}


def test_regressions_and_several_classes_are_compared_too() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=60)
    found = compare(
        Predictions(range(60), y, y + 0.1 * rng.normal(size=60)),
        Predictions(range(60), y, y + rng.normal(size=60)),
        "regression",
        replicates=200,
    )
    assert found.differences["rmse"].interval.high < 0 and found.mcnemar is None
    k = rng.integers(0, 3, 60)
    a, b = (rng.dirichlet(np.ones(3), 60) + w * np.eye(3)[k] for w in (2, 0))
    several = compare(
        Predictions(range(60), k, a / a.sum(axis=1, keepdims=True)),
        Predictions(range(60), k, b),
        "multiclass",
        replicates=200,
    )
    assert several.differences["mcc"].interval.low > 0 and several.delong is None


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([5, 300, 3000]), st.sampled_from([1, 6]))
def test_thinning_leaves_the_area(seed: int, n: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.random(n) < rng.uniform(0.02, 0.5)
    y[:2] = True, False
    s = (rng.random(n) + rng.uniform(0, 1) * y).round(digits)
    roc, pr = roc_and_pr(s, y, "yes")
    assert len(roc.x) <= 200 and len(pr.x) <= 200
    assert roc.area_moved <= AREA_EPSILON and pr.area_moved <= AREA_EPSILON
    assert area(roc.x, roc.y) == pytest.approx(roc_auc_score(y, s), abs=AREA_EPSILON + 1e-9)
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)


def test_a_short_curve_is_whole() -> None:
    y, s = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    found = evaluate(y, s, "binary", ("no", "yes"), replicates=0)
    x, t, _ = roc_curve(y, s, drop_intermediate=False)
    assert found.roc[0].x == tuple(x) and found.roc[0].y == tuple(t) and found.roc[0].label == "yes"
    assert found.pr[0].x == (0, 0.5, 0.5, 1, 1) and found.pr[0].thresholds[0] is None


def test_a_long_curve_is_thinned_twice() -> None:
    x = np.linspace(0, 1, 50_001)
    kept = thin(x, np.sqrt(x))
    assert len(kept) == 200 and kept[0] == 0 and kept[-1] == 50_000
    assert abs(area(x[kept], np.sqrt(x[kept])) - 2 / 3) < AREA_EPSILON
