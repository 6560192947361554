"""BCa intervals: against scipy, by coverage, and where they cannot be."""

import numpy as np
import pytest
from scipy import stats

from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.evaluation import evaluate
from trainer_tui.training.evaluation.intervals import FEWEST, affordable, bootstrap, interval
from trainer_tui.training.evaluation.resampling import BLOCKS, left_out, resamples, units
from trainer_tui.training.evaluation.rows import scored

pytestmark = pytest.mark.filterwarnings("error")


def test_as_scipy_has_it_for_one_sample() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=60)
    s = y + rng.exponential(size=60)
    ours = bootstrap(scored(y, s, "regression"), ["mae"], replicates=20_000, seed=1)[0]["mae"]
    theirs = stats.bootstrap(
        (np.abs(s - y),), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(2)
    ).confidence_interval
    # Two independent sets of 20,000 draws: a 2.5 % quantile has a standard error near 0.02 of the spread.
    spread = theirs.high - theirs.low
    assert ours.method == "bca"
    assert abs(ours.low - theirs.low) < 0.03 * spread and abs(ours.high - theirs.high) < 0.03 * spread


def test_as_scipy_has_it_for_two_strata() -> None:
    rng = np.random.default_rng(3)
    positive, negative = rng.normal(1, 1, 25), rng.normal(0, 1, 40)
    y, s = np.repeat([1, 0], [25, 40]), np.concatenate([positive, negative])

    def auc(a, b, axis=-1):  # type: ignore[no-untyped-def]
        return (a[..., :, None] > b[..., None, :]).mean(axis=(-2, -1))

    theirs = stats.bootstrap(
        (positive, negative), auc, n_resamples=6000, method="BCa", batch=500, rng=np.random.default_rng(4)
    ).confidence_interval
    ours = bootstrap(scored(y, s, "binary"), ["auc"], replicates=12_000, seed=5)[0]["auc"]
    spread = theirs.high - theirs.low
    assert abs(ours.low - theirs.low) < 0.05 * spread and abs(ours.high - theirs.high) < 0.05 * spread


def test_the_interval_covers_as_often_as_it_says() -> None:
    """MAE of standard normal errors is √(2/π). 300 samples of 60: the share that covers has a standard error
    of 1.3 %; a bootstrap of so few rows falls short by about 1.5 %."""
    rng = np.random.default_rng(11)
    truth, covered = np.sqrt(2 / np.pi), 0
    for run in range(300):
        rows = scored(np.zeros(60), rng.normal(size=60), "regression")
        found = bootstrap(rows, ["mae"], replicates=400, seed=run)[0]["mae"]
        covered += found.low <= truth <= found.high
    assert 0.935 - 3 * 0.013 < covered / 300 < 0.95 + 3 * 0.013


def test_groups_are_drawn_whole_and_widen_the_interval() -> None:
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(30), 20)
    error = np.repeat(rng.normal(size=30), 20)
    rows = scored(np.zeros(600), error, "regression")
    alone = bootstrap(rows, ["mae"], replicates=500)[0]["mae"]
    whole, _, facts = bootstrap(rows, ["mae"], groups=group, replicates=500)
    assert facts["units"] == "groups" and facts["unit_count"] == 30 and facts["left_out"] == 30
    # Equal errors in a group: 30 independent values and not 600, so √20 times as wide.
    assert (whole["mae"].high - whole["mae"].low) == pytest.approx(
        np.sqrt(20) * (alone.high - alone.low), rel=0.3
    )
    for weights in resamples(units(rows, group), 5, 0):
        assert all(len(set(line[group == g])) == 1 for line in weights for g in range(30))


def test_a_group_without_a_name_is_one_row() -> None:
    rows = scored([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], "binary")
    assert units(rows, ["a", "a", None, float("nan")]).count == 3
    pure = units(rows, ["a", "b", "a", "b"])
    assert pure.what == "groups within each class" and len(pure.strata) == 2
    with pytest.raises(ModelTrainerError, match="4 rows but 2 group names"):
        units(rows, ["a", "b"])


def test_classes_keep_their_sizes_and_seeds_their_bits() -> None:
    y = np.array([0] * 50 + [1] * 7)
    rows = scored(y, np.random.default_rng(0).random(57).round(1), "binary")
    for weights in resamples(units(rows), 50, 3):
        assert (weights[:, y == 1].sum(axis=1) == 7).all() and (weights.sum(axis=1) == 57).all()
    first, second = (bootstrap(rows, replicates=300, seed=9)[0] for _ in range(2))
    assert first == second
    assert first["auc"] != bootstrap(rows, replicates=300, seed=10)[0]["auc"]


def test_many_rows_are_left_out_in_blocks() -> None:
    rng = np.random.default_rng(1)
    y = (rng.random(6000) < 0.1).astype(int)
    rows = scored(y, np.clip(rng.normal(0.3 + 0.2 * y, 0.2), 0, 1), "binary")
    parts = [(stratum, weights) for stratum, weights in left_out(units(rows), 0)]
    missing = sum((1 - weights).sum(axis=0) for _, weights in parts)
    assert (missing == 1).all()
    assert sum(len(weights) for _, weights in parts) == pytest.approx(BLOCKS, abs=2)


def test_where_it_cannot_be_corrected_it_says_so() -> None:
    some = np.linspace(0, 1, 101)
    assert interval(0.5, np.full(100, 0.5), [some]).method == "point"
    beyond = interval(2.0, some, [some])
    assert beyond.method == "percentile" and "one side" in beyond.note
    flat = interval(0.5, some, [np.full(10, 0.5)])
    assert flat.method == "percentile" and "acceleration is undefined" in flat.note
    assert (flat.low, flat.high) == (pytest.approx(0.025), pytest.approx(0.975))
    assert interval(0.5, np.append(some, np.nan), [some]).note.startswith("1 resamples")
    assert interval(0.5, np.append(some, [np.nan] * 50), [some]) == "It is undefined in 50 of 151 resamples."


def test_more_rows_get_fewer_resamples_and_that_is_said() -> None:
    assert affordable(20_000, 1, 2000) == 2000
    assert affordable(1_000_000, 1, 2000) == FEWEST
    assert affordable(1000, 1, 100) == 100
    lonely = evaluate([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4], "binary", replicates=50)
    assert "one row (or group) alone" in lonely.bootstrap["note"]
    assert evaluate([1.0], [2.0], "regression").intervals == {}
