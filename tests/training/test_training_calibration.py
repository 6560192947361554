"""Calibration: ECE by its definition, SmoothECE against the integral itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from trainer_tui.training.evaluation import evaluate
from trainer_tui.training.evaluation.bins import calibration_error, reliability
from trainer_tui.training.evaluation.smooth import FINEST, _waves, smooth_ece, smooth_ece_at

pytestmark = pytest.mark.filterwarnings("error")


def integral(f: np.ndarray, y: np.ndarray, sigma: float, points: int = 20_001) -> float:
    """smECE_σ by the sum over images and the trapezoid rule."""
    t = np.linspace(0, 1, points)[:, None]
    kernel = sum(norm.pdf(t - f + 2 * k, 0, sigma) + norm.pdf(t + f + 2 * k, 0, sigma) for k in range(-3, 4))
    return float(np.trapezoid(np.abs((kernel * (y - f)).mean(axis=1)), t[:, 0]))


@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.3])
def test_the_grid_is_the_integral(sigma: float) -> None:
    rng = np.random.default_rng(2)
    f = rng.beta(0.5, 0.5, 60)
    f[:2] = 0.0, 1.0
    y = (rng.random(60) < f**2).astype(float)
    assert smooth_ece_at(_waves(f, y), sigma) == pytest.approx(integral(f, y, sigma), abs=1e-5)


def test_the_bandwidth_is_the_fixed_point() -> None:
    rng = np.random.default_rng(3)
    f = rng.random(500)
    y = (rng.random(500) < f**2).astype(float)
    found, sigma = smooth_ece(f, y)
    assert found == pytest.approx(sigma, abs=1e-9)
    assert integral(f, y, sigma, 4001) == pytest.approx(sigma, abs=1e-4)


def test_a_constant_prediction_has_its_known_error() -> None:
    """n rows of one score f: the mean residual, spread by a kernel of mass 1."""
    y = np.array([1.0] * 30 + [0.0] * 70)
    assert smooth_ece(np.full(100, 0.5), y)[0] == pytest.approx(0.2, abs=1e-9)
    assert smooth_ece(y, y) == (0.0, FINEST)
    assert smooth_ece(1 - y, y)[0] == pytest.approx(integral(1 - y, y, smooth_ece(1 - y, y)[1]), abs=1e-4)


def test_a_calibrated_score_is_better_than_a_bent_one() -> None:
    rng = np.random.default_rng(4)
    f = rng.random(3000)
    y = (rng.random(3000) < f).astype(float)
    assert smooth_ece(f, y)[0] < 0.03 < 0.1 < smooth_ece(f**3, y)[0]
    assert calibration_error(reliability(f, y)) < 0.05 < calibration_error(reliability(f**3, y))


def test_bins_by_hand() -> None:
    f = np.array([0.05, 0.15, 0.35, 0.95])
    y = np.array([0.0, 1.0, 0.0, 1.0])
    wide = reliability(f, y, "equal-width", 10)
    assert [(b.low, b.count, b.observed) for b in wide] == [(0, 1, 0), (0.1, 1, 1), (0.3, 1, 0), (0.9, 1, 1)]
    assert calibration_error(wide) == pytest.approx((0.05 + 0.85 + 0.35 + 0.05) / 4)
    halves = reliability(f, y, "equal-mass", 2)
    assert [(b.low, b.high, b.count) for b in halves] == [(0.05, 0.15, 2), (0.35, 0.95, 2)]
    assert calibration_error(halves) == pytest.approx((0.4 + 0.15) / 2)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 1.0]), st.booleans()), min_size=15, max_size=60))
def test_the_order_of_tied_rows_changes_nothing(rows: list[tuple[float, bool]]) -> None:
    f, y = np.array([a for a, _ in rows]), np.array([float(b) for _, b in rows])
    found = reliability(f, y)
    assert sum(one.count for one in found) == len(f)
    order = np.random.default_rng(1).permutation(len(f))
    assert calibration_error(reliability(f[order], y[order])) == pytest.approx(calibration_error(found))
    assert len({one.low for one in found}) == len(found)


def test_several_classes_are_measured_by_the_largest_probability() -> None:
    s = np.tile([[0.6, 0.3, 0.1]], (20, 1))
    y = np.array([0] * 10 + [1] * 10)
    found = evaluate(y, s, "multiclass", replicates=0)
    assert found.metrics["calibration_error"] == pytest.approx(0.1)
    assert found.metrics["smooth_ece"] == pytest.approx(0.1)
