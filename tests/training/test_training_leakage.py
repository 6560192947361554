"""Every planted leak is found by the check it is meant for, and clean sets raise no alarm."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")

from trainer_tui.training.errors import DataLeakageError
from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage import CHECKS, audit, gate
from trainer_tui.training.splits.make import make_split

_spec = importlib.util.spec_from_file_location("planted_leaks", Path(__file__).with_name("leaks.py"))
assert _spec and _spec.loader
leaks = importlib.util.module_from_spec(_spec)
sys.modules["planted_leaks"] = leaks
_spec.loader.exec_module(leaks)


@pytest.mark.parametrize("kind", [*leaks.LEAKS, *leaks.VARIANTS])
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_leak_is_found(kind, seed):
    leak = (leaks.LEAKS | leaks.VARIANTS)[kind]
    data, split = leak.plant(seed)
    found = audit(data, split, seed)
    assert (leak.check, leak.severity) in {(f.check, f.severity) for f in found}
    others = {f.check for f in found if f.severity == "critical"} - {leak.check}
    assert not others, f"critical without a proof: {others}"
    if leak.severity == "critical":
        with pytest.raises(DataLeakageError) as raised:
            gate(found)
        assert {f.check for f in raised.value.findings} == {leak.check}
        assert f"[{leak.check}]" in str(raised.value)


def test_twelve_kinds():
    assert len(leaks.LEAKS) == 12


@pytest.mark.parametrize("name", leaks.CLEAN)
@pytest.mark.parametrize("strategy", ["stratified", "random"])
def test_clean_set_raises_no_alarm(name, strategy):
    data = leaks.clean(name)
    for seed in (0, 7) if name != "digits" else (3,):
        assert audit(data, make_split(data, strategy, seed), seed) == ()


@pytest.mark.parametrize("name", ["low dimension", "missing values", "few values", "groups differ"])
def test_more_clean_data(name):
    rng = np.random.default_rng(5)
    base = leaks.made(5, n=2500)
    made = {
        # Natural neighbours are very close on a curve.
        "low dimension": lambda: replace(
            base, X=pd.DataFrame({f"s{k}": np.sin(k * base.X["x0"]) for k in range(1, 6)})
        ),
        "missing values": lambda: replace(base, X=base.X.mask(rng.random(base.X.shape) < 0.7)),
        # Equal rows are to be expected.
        "few values": lambda: replace(
            base, X=(base.X > 0).astype(int).assign(c=rng.choice(list("abc"), 2500))
        ),
        "groups differ": lambda: _with_groups(base, rng),
    }
    data = made[name]()
    assert [f for f in audit(data, make_split(data, seed=1), 1) if f.severity != "info"] == []


def _with_groups(base, rng):
    group = rng.integers(0, 60, len(base))
    X = base.X.add(rng.normal(size=60)[group], axis=0)
    return replace(base, X=X, groups=pd.Series(group, name="site"))


def test_figures_that_are_no_leak():
    """An encoding of train alone, a scaler of train alone, yesterday's target in a split by time."""
    base = leaks.made(2, n=900)
    split = make_split(base, seed=2)
    train = split.codes == 0
    city = np.random.default_rng(2).integers(0, 30, 900)
    rates = pd.Series(city).map(base.y[train].groupby(city[train]).mean())
    scaled = (base.X - base.X[train].mean()) / base.X[train].std(ddof=0)
    assert audit(replace(base, X=base.X.assign(rate=rates)), split) == ()
    assert audit(replace(base, X=scaled), split) == ()
    series = leaks.made(2, task="regression")
    lagged = replace(
        series,
        X=series.X.assign(before=series.y.shift(1).fillna(0)),
        times=pd.Series(np.arange(900), name="day"),
    )
    assert audit(lagged, make_split(lagged)) == ()


def test_all_six_pairs_for_groups():
    base = leaks.made(0)
    data = replace(base, groups=pd.Series(np.arange(900), name="patient"))
    split = make_split(data)
    groups = data.groups.to_numpy().copy()
    for part in ("train", "validation", "test", "holdout"):
        groups[split.positions(part)[0]] = -1
    (finding,) = audit(replace(data, groups=pd.Series(groups, name="patient")), split)
    assert finding.details["pairs"] == dict.fromkeys(
        [
            "train/validation",
            "train/test",
            "train/holdout",
            "validation/test",
            "validation/holdout",
            "test/holdout",
        ],
        1,
    )
    assert set(finding.rows) == {int(split.positions(p)[0]) for p in ("validation", "test", "holdout")}


def test_rows_are_named_by_their_ids():
    base = leaks.made(0)
    names = [f"row-{i}" for i in range(900)]
    data = replace(base, X=base.X.set_axis(names), y=base.y.set_axis(names))
    split = make_split(data)
    twin = int(split.positions("test")[0])
    X = data.X.copy()
    X.iloc[twin] = X.iloc[int(split.positions("train")[0])]
    (finding,) = audit(replace(data, X=X), split)
    assert finding.check == "exact-duplicates"
    assert finding.rows == (f"row-{twin}",)
    with pytest.raises(DataLeakageError, match=f"row-{twin}"):
        gate([replace(finding, severity="critical")])


def test_split_of_other_data():
    data = leaks.made(0)
    split = make_split(data)
    shorter = replace(data, X=data.X.iloc[:-3], y=data.y.iloc[:-3])
    (finding,) = audit(shorter, split)
    assert finding.check == "row-overlap" and finding.affected == 3
    twice = replace(data, X=data.X.set_axis([0, *range(899)]))
    assert audit(twice, split)[0].rows == (0,)


def test_dates_that_the_split_passes_over():
    base = leaks.made(0)
    dated = base.X.assign(seen=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(900) % 97, unit="h"))
    found = audit(replace(base, X=dated), make_split(base))
    assert [(f.check, f.severity, f.columns) for f in found] == [("time-ignored", "warning", ("seen",))]


def test_gap_that_was_not_kept():
    base = leaks.made(0)
    data = replace(base, times=pd.Series(np.arange(900), name="day"))
    split = make_split(data, gap="5")
    assert [f.check for f in audit(data, split)] == ["rows-in-no-part"]
    codes = split.codes.copy()
    codes[int(split.positions("train").max()) + 1] = 0
    assert audit(data, replace(split, codes=codes))[0].check == "time-order"


def test_same_findings_in_any_order_of_rows_and_twice():
    data, split = leaks.LEAKS["augmented rows"].plant(3)
    once, again = audit(data, split, 4), audit(data, split, 4)
    assert once == again
    order = np.random.default_rng(0).permutation(len(data))
    moved = audit(replace(data, X=data.X.iloc[order], y=data.y.iloc[order]), split, 4)
    assert [(f.check, f.affected) for f in moved] == [(f.check, f.affected) for f in once]


def test_near_duplicates_of_many_rows_are_found_by_projections():
    """More rows than are compared one by one: 50 copies with noise among 7,000, and none without them."""
    base = leaks.made(0, n=7000, p=15)
    split = make_split(base)
    assert audit(base, split) == ()
    train, test = split.positions("train")[:50], split.positions("test")[:50]
    X = base.X.copy()
    X.iloc[test] = X.iloc[train].to_numpy() + np.random.default_rng(0).normal(0, 0.01, (50, 15))
    (finding,) = audit(replace(base, X=X), split)
    assert finding.check == "near-duplicates" and finding.affected >= 45
    assert set(finding.rows) <= set(test.tolist())
    assert not finding.details["all_pairs_compared"]


def test_gate_lets_pass_what_a_person_accepts():
    finding = Finding("exact-duplicates", "critical", "Two rows are equal.", rows=(1, 2), affected=30)
    with pytest.raises(DataLeakageError, match=r"Rows: 1, 2 and 28 more"):
        gate([finding], {"group-overlap": "another check"})
    with pytest.raises(DataLeakageError):
        gate([finding], {"exact-duplicates": "  "})
    gate([finding], {"exact-duplicates": "The sensor repeats its readings."})
    gate([replace(finding, severity="warning")])


def test_table_names_every_check_once():
    names = [name for check in CHECKS for name in check.names]
    assert len(names) == len(set(names))
    assert {leak.check for leak in leaks.LEAKS.values()} <= set(names)


def test_columns_of_every_type():
    rng = np.random.default_rng(0)
    base = leaks.made(0)
    X = base.X.assign(
        whole=pd.array(rng.integers(0, 9, 900), dtype="Int64"),
        flag=pd.array(rng.random(900) < 0.5, dtype="boolean"),
        text=rng.choice(["a", "b"], 900),
        label=pd.Categorical(rng.choice(["x", "y", "z"], 900)),
        seen=pd.Timestamp("2024-01-01", tz="Europe/Rome")
        + pd.to_timedelta(rng.integers(0, 900, 900), unit="h"),
    )
    for name in ("whole", "flag", "text", "label", "seen"):
        X.loc[rng.random(900) < 0.1, name] = None
    data = replace(base, X=X, times=X["seen"].ffill().bfill().rename("seen"))
    found = audit(data, make_split(data, "stratified"))
    assert [f.check for f in found] == ["time-ignored"]
    assert [f.check for f in audit(data, make_split(data, "time"))] == []
