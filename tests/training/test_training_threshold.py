"""The threshold: as good as any, in the middle of its plateau."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, matthews_corrcoef, recall_score

from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.evaluation import choose_threshold

RULES = {
    "mcc": matthews_corrcoef,
    "f1": lambda y, p: f1_score(y, p, zero_division=0.0),
    "youden": lambda y, p: recall_score(y, p) + recall_score(y, p, pos_label=0) - 1,
    "cost": lambda y, p: -(1 * (p & (y == 0)).sum() + 4 * (~p & (y == 1)).sum()) / len(y),
}


@pytest.mark.filterwarnings("error")
@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=2, max_size=30),
    st.sampled_from(sorted(RULES)),
)
def test_no_other_threshold_is_better(rows: list[tuple[bool, int]], rule: str) -> None:
    y = np.array([int(a) for a, _ in rows])
    s = np.array([b / 10 for _, b in rows])
    if len(set(y)) < 2 or len(set(s)) < 2:
        assert choose_threshold(y, s, rule).note
        return
    chosen = choose_threshold(y, s, rule, 1, 4)
    of = RULES[rule]
    reached = of(y, s >= chosen.value)
    assert (-chosen.objective if rule == "cost" else chosen.objective) == pytest.approx(reached)
    assert reached >= max(of(y, s >= t) for t in [*s, 1.1]) - 1e-12
    # Below the smallest score nothing changes any more: there the plateau may be a single number.
    assert chosen.low < chosen.value <= chosen.high or chosen.value == chosen.low == s.min()
    for t in (min(np.nextafter(chosen.low, 2), chosen.high), chosen.high):
        assert of(y, s >= t) == pytest.approx(reached)


def test_the_middle_of_the_plateau() -> None:
    chosen = choose_threshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9])
    assert (chosen.low, chosen.high, chosen.value) == (0.2, 0.6, pytest.approx(0.4))
    assert chosen.rule == "mcc" and chosen.objective == 1.0


def test_neighbouring_doubles_have_a_threshold_between_them() -> None:
    high = np.nextafter(0.5, 1)
    chosen = choose_threshold([0, 1], [0.5, high])
    assert chosen.value == high


def test_what_cannot_be_chosen_says_so() -> None:
    assert "one score for all rows" in choose_threshold([0, 1], [0.3, 0.3]).note
    with pytest.raises(ModelTrainerError, match="one of mcc, f1, youden, cost"):
        choose_threshold([0, 1], [0.1, 0.2], "best")  # type: ignore[arg-type]
    with pytest.raises(ModelTrainerError, match="above 0"):
        choose_threshold([0, 1], [0.1, 0.2], "cost", 0, 1)


def test_costs_move_it() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.4).astype(int)
    s = np.clip(rng.normal(0.4 + 0.2 * y, 0.2), 0, 1)
    cheap = choose_threshold(y, s, "cost", cost_false_positive=1, cost_false_negative=10)
    dear = choose_threshold(y, s, "cost", cost_false_positive=10, cost_false_negative=1)
    assert cheap.value < dear.value
    assert len(cheap.table) <= 200 and cheap.table[0]["threshold"] < cheap.table[-1]["threshold"]
