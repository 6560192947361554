"""Stored splits: found again, refused when they or the data changed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from trainer_tui.training.dataset import Dataset
from trainer_tui.training.errors import DataSourceError, ModelTrainerError
from trainer_tui.training.splits import store
from trainer_tui.training.splits.make import make_split

ODD = ['a,b "quoted"', "new\nline", "ärger", "", " blank ", "007", "=1+1"]


def data(n=200, ids=None, fingerprint="one"):
    rng = np.random.default_rng(0)
    index = pd.RangeIndex(n) if ids is None else pd.Index(ids)
    y = pd.Series(rng.integers(0, 2, n), index=index, name="y")
    X = pd.DataFrame({"x": rng.normal(size=n)}, index=index)
    times = pd.Series(np.arange(n), index=index, name="day")
    return Dataset("d", X, y, "binary", (), "y", (0, 1), None, times, fingerprint=fingerprint)


IDS = {
    "numbers": range(1000, 1200),
    "text": [*ODD, *(f"id {i}" for i in range(193))],
    "dates": pd.date_range("2024-01-01", periods=200),
}


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("strategy", ["stratified", "time"])
def test_stored_split_is_read_back_for_rows_in_any_order(tmp_path, kind, strategy):
    dataset = data(ids=IDS[kind])
    split = make_split(dataset, strategy, 3, gap="4" if strategy == "time" else "")
    path = store.save(tmp_path, split, dataset)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"{path.stem}.csv", f"{path.stem}.json"]
    order = np.random.default_rng(1).permutation(200)
    moved = replace(
        dataset, X=dataset.X.iloc[order], y=dataset.y.iloc[order], times=dataset.times.iloc[order]
    )
    again = store.load(tmp_path, split.split_id, moved)
    assert (again.codes == split.codes[order]).all()
    assert replace(again, ids=split.ids, codes=split.codes) == replace(split, codes=split.codes)


def test_reuse_keeps_the_first_split_whatever_the_seed(tmp_path):
    dataset = data()
    first = store.reuse(tmp_path / "splits", dataset, "random", seed=1)
    second = store.reuse(tmp_path / "splits", dataset, "random", seed=2)
    assert second.split_id == first.split_id and second.seed == 1
    assert store.reuse(tmp_path / "splits", dataset, "time").split_id != first.split_id
    assert store.reuse(tmp_path / "splits", dataset, "time", gap="3").gap == "3"
    other = store.reuse(tmp_path / "splits", replace(dataset, fingerprint="two"), "random", seed=1)
    assert other.split_id != first.split_id
    assert len(list((tmp_path / "splits").glob("*.json"))) == 4


def test_changed_data_is_one_clear_error(tmp_path):
    dataset = data()
    split = make_split(dataset, "random")
    store.save(tmp_path, split, dataset)
    with pytest.raises(DataSourceError, match="the same, but not their content"):
        store.load(tmp_path, split.split_id, data(fingerprint="two"))
    with pytest.raises(DataSourceError, match="10 row ids are new and 0 are gone"):
        store.load(tmp_path, split.split_id, data(210, fingerprint="two"))
    with pytest.raises(DataSourceError, match="0 row ids are new and 10 are gone"):
        store.load(tmp_path, split.split_id, data(190, fingerprint="two"))
    with pytest.raises(DataSourceError, match='for the target "y", not "z"'):
        store.load(tmp_path, split.split_id, replace(dataset, target="z"))


def test_changed_files_are_refused(tmp_path):
    dataset = data()
    split = make_split(dataset, "random")
    path = store.save(tmp_path, split, dataset)
    table = path.with_suffix(".csv")
    whole = table.read_bytes()
    table.write_bytes(whole.replace(b"test", b"train", 1))
    with pytest.raises(ModelTrainerError, match="was changed since it was written"):
        store.load(tmp_path, split.split_id, dataset)
    table.unlink()
    with pytest.raises(ModelTrainerError, match="cannot be read"):
        store.load(tmp_path, split.split_id, dataset)
    table.write_bytes(whole)
    about = json.loads(path.read_text())
    path.write_text(json.dumps(about | {"seed": 99}))
    with pytest.raises(ModelTrainerError, match="not the split that its id names"):
        store.load(tmp_path, split.split_id, dataset)
    path.write_text("{")
    with pytest.raises(ModelTrainerError, match="cannot be read"):
        store.load(tmp_path, split.split_id, dataset)
    path.write_text('{"seed": 1}')
    with pytest.raises(ModelTrainerError, match="lacks"):
        store.load(tmp_path, split.split_id, dataset)
    with pytest.raises(ModelTrainerError, match="no stored split"):
        store.load(tmp_path, "0" * 64, dataset)
