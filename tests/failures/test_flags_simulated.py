"""Healthy curves of many shapes raise no warning; every fault is seen within a stated number of rows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.failures import RedFlags
from trainer_tui.runs.flags import HISTORY_FLAGS
from trainer_tui.runs.history import HistoryReader

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))  # the simulated runs are those of bench_flags.py

from healthy_runs import HEALTHY, healthy  # noqa: E402
from sick_runs import sick  # noqa: E402

SICK = sick(0) + sick(1)


@pytest.mark.parametrize("shape", range(len(HEALTHY)))
def test_healthy_runs_raise_no_warning(shape: int) -> None:
    for seed in range(shape, 308, len(HEALTHY)):
        name, rows = healthy(seed)
        raised = [i for i in RedFlags().feed(0, rows) if i.severity != "notice"]
        assert raised == [], f"seed {seed}, {name}: {raised[0].message}"


@pytest.mark.parametrize("case", SICK, ids=lambda case: f"{case.flag}: {case.what}")
def test_a_fault_is_seen_in_time(case) -> None:
    found = RedFlags(main_metric=case.main_metric).feed(0, case.rows)
    ours = [i for i in found if i.kind == case.flag and i.severity == case.severity]
    rows = [i.facts["row"] for i in ours if i.facts["row"] >= case.begins]
    assert rows and rows[0] < case.begins + case.within, [(i.kind, i.severity, i.facts["row"]) for i in found]
    errors = {i.kind for i in found if i.severity == "error"}
    assert errors <= {"nan-loss"}, "only a loss that is no number is an error"
    assert ours[0].hypotheses and len(ours[0].facts) >= 3 and ours[0].facts["column"]


def test_every_flag_has_three_sick_runs() -> None:
    for flag in HISTORY_FLAGS:
        assert sum(case.flag == flag.name for case in sick(0)) >= 3, flag.name


@pytest.mark.parametrize(
    "case", [c for c in SICK if c.flag != "nan-loss"], ids=lambda c: f"{c.flag}: {c.what}"
)
def test_a_flag_that_is_off_is_not_raised(case) -> None:
    found = RedFlags({case.flag: False}, case.main_metric).feed(0, case.rows)
    assert case.flag not in {i.kind for i in found}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/data").glob("model_*_history.csv")), ids=lambda p: p.stem
)
@pytest.mark.parametrize("main_metric", ["val_loss", "rhat"])
def test_the_shipped_models_raise_nothing(path: Path, main_metric: str) -> None:
    reader = HistoryReader(path)
    rows = reader.poll()
    assert rows >= 69
    assert RedFlags(main_metric=main_metric).feed(0, reader.logged(rows)) == []


@given(st.integers(0, 10**6), st.lists(st.integers(1, 200), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_rows_in_pieces_are_the_same_rows(seed: int, sizes: list[int]) -> None:
    case = SICK[seed % len(SICK)]
    whole = RedFlags(main_metric=case.main_metric).feed(0, case.rows)
    flags, found, start = RedFlags(main_metric=case.main_metric), [], 0
    for size in [*sizes, len(case.rows)]:
        found += flags.feed(start, case.rows[start : start + size])
        start += size
    assert [i.to_dict() for i in found] == [i.to_dict() for i in whole]


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
NAMES = st.sampled_from(
    [
        "epoch",
        "step",
        "loss",
        "train_loss",
        "val_loss",
        "grad_norm",
        "lr",
        "time_s",
        "elapsed_s",
        "accuracy",
        "rmse",
    ]
)


@given(st.lists(st.dictionaries(NAMES, NUMBERS), max_size=120))
@settings(max_examples=60, deadline=None)
def test_no_numbers_break_it(rows: list[dict[str, float]]) -> None:
    for incident in RedFlags(main_metric="rmse").feed(0, rows):
        assert len(incident.message) < 200 and incident.source == "history"


@given(st.floats(1e-300, 1e90), st.integers(1, 90))
@settings(max_examples=30, deadline=None)
def test_no_scale_breaks_it(scale: float, count: int) -> None:
    rows = [
        {"epoch": float(i), "train_loss": scale * 0.9**i, "val_loss": scale * 0.9**i, "grad_norm": 1.0}
        for i in range(count)
    ]
    assert [i for i in RedFlags().feed(0, rows) if i.severity != "notice"] == []
