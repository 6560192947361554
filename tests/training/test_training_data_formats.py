"""The same data in any format is the same data: values, kinds, fingerprint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainer_tui.training.data import load
from trainer_tui.training.dataset import Dataset
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.spec import TrainSpec

WORDS = ["Köln", "a,b", 'say "so"', "  padded ", "naïve", "日本", "x;y", "007x", "long " * 5]


def loaded(source: str, cwd: Path, **spec: object) -> Dataset:
    return load(TrainSpec(source, "m", **spec), cwd)  # type: ignore[arg-type]


def every_format(frame: pd.DataFrame, folder: Path) -> list[str]:
    """The sources under which a frame was written."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_csv(folder / "a.tsv", index=False, sep="\t")
    pq.write_table(table, folder / "a.parquet")
    coded = {
        n: c if c.null_count == len(c) else c.dictionary_encode()
        for n, c in zip(table.column_names, table, strict=True)
    }
    pq.write_table(pa.table(coded), folder / "d.parquet")
    feather.write_feather(table, folder / "a.feather")
    with pa.ipc.new_stream(str(folder / "a.arrows"), table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    return ["a.csv", "a.tsv", "a.parquet", "d.parquet", "a.feather", "a.arrows"]


number = st.one_of(st.none(), st.floats(allow_nan=False, width=64), st.just(-0.0))
whole = st.one_of(st.none(), st.integers(-(2**62), 2**62))


@given(
    rows=st.lists(
        st.tuples(
            number, whole, st.one_of(st.none(), st.sampled_from(WORDS)), st.booleans(), st.integers(0, 1)
        ),
        min_size=4,
        max_size=30,
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_format_changes_neither_values_nor_fingerprint(
    tmp_path: Path, rows: list[tuple[object, ...]]
) -> None:
    numbers, wholes, texts, booleans, target = zip(*rows, strict=True)
    frame = pd.DataFrame(
        {
            "anchor": np.arange(len(rows)) * 0.7,
            "number": pd.Series(numbers, dtype="float64"),
            "whole": pd.Series(wholes, dtype="Int64"),
            "text": pd.Series(texts, dtype="object"),
            "flag": booleans,
            "when": pd.Timestamp("2024-01-31") + pd.to_timedelta(np.arange(len(rows)), unit="D"),
            "target": target,
        }
    )
    sources = every_format(frame, tmp_path)
    reference = loaded(sources[0], tmp_path)
    for source in sources[1:]:
        other = loaded(source, tmp_path)
        assert other.fingerprint == reference.fingerprint, source
        assert other.columns == reference.columns, source
        pd.testing.assert_frame_equal(other.X, reference.X)
        pd.testing.assert_series_equal(other.y, reference.y)


def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "code": [f"r{i:03}" for i in rng.permutation(40)],
            "x": rng.normal(size=40),
            "city": rng.choice(["Köln", "Bonn"], 40),
            "target": rng.integers(0, 2, 40),
        }
    )


def test_row_order_matters_only_without_row_ids(tmp_path: Path) -> None:
    frame = people()
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.sample(frac=1, random_state=1)[["target", "city", "x", "code"]].to_csv(
        tmp_path / "b.csv", index=False
    )
    assert (
        loaded("a.csv", tmp_path, row_id="code").fingerprint
        == loaded("b.csv", tmp_path, row_id="code").fingerprint
    )
    assert loaded("a.csv", tmp_path).fingerprint != loaded("b.csv", tmp_path).fingerprint
    frame[["target", "city", "x", "code"]].to_csv(tmp_path / "c.csv", index=False)
    assert loaded("a.csv", tmp_path).fingerprint == loaded("c.csv", tmp_path).fingerprint, (
        "columns have no order"
    )


@pytest.mark.parametrize("change", ["value", "name", "missing", "text", "row"])
def test_any_change_of_content_changes_the_fingerprint(tmp_path: Path, change: str) -> None:
    frame = people()
    frame.to_parquet(tmp_path / "a.parquet")
    if change == "value":
        frame.loc[3, "x"] = np.nextafter(frame.loc[3, "x"], 1)
    elif change == "name":
        frame = frame.rename(columns={"x": "y0"})
    elif change == "missing":
        frame.loc[3, "city"] = None
    elif change == "text":  # the same letters, cut elsewhere
        frame.loc[0, "code"], frame.loc[1, "code"] = (
            frame.loc[0, "code"] + frame.loc[1, "code"][:1],
            frame.loc[1, "code"][1:],
        )
    else:
        frame = frame.iloc[:-1]
    frame.to_parquet(tmp_path / "b.parquet")
    assert loaded("a.parquet", tmp_path).fingerprint != loaded("b.parquet", tmp_path).fingerprint


def test_row_ids_are_the_index_of_everything(tmp_path: Path) -> None:
    frame = people().assign(patient_id=lambda f: f.index // 4, date="2024-05-01")
    frame.to_csv(tmp_path / "a.csv", index=False)
    dataset = loaded("a.csv", tmp_path, row_id="code", time="date")
    assert dataset.groups is not None and dataset.times is not None
    for part in (dataset.X, dataset.y, dataset.groups, dataset.times):
        assert part.index.tolist() == frame["code"].tolist()
    assert "code" not in dataset.X.columns and "patient_id" not in dataset.X.columns


def test_bundled_sets_equal_their_exports(tmp_path: Path) -> None:
    import sklearn.datasets

    for name in ("breast_cancer", "wine", "diabetes"):
        frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        bundled, exported = loaded(f"sklearn:{name}", tmp_path), loaded(f"{name}.csv", tmp_path)
        assert bundled.fingerprint == exported.fingerprint
        pd.testing.assert_frame_equal(bundled.X, exported.X)
    assert loaded("sklearn:breast_cancer", tmp_path).classes == ("malignant", "benign")
    assert loaded("sklearn:digits", tmp_path).X.shape == (1797, 61)
    assert loaded("sklearn:linnerud", tmp_path, target="Pulse").X.shape == (20, 3)
    with pytest.raises(DataSourceError, match="choose one with --target: Weight, Waist, Pulse"):
        loaded("sklearn:linnerud", tmp_path)
    with pytest.raises(DataSourceError, match="brings no set 'titanic'"):
        loaded("sklearn:titanic", tmp_path)


def test_npz(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2, 3)), rng.integers(0, 3, 30)
    np.savez(tmp_path / "a.npz", X=X, y=y, groups=np.arange(30) // 3, target_names=np.array(["a", "b", "c"]))
    dataset = loaded("a.npz", tmp_path)
    assert list(dataset.X.columns) == ["X_0_0", "X_0_1", "X_0_2", "X_1_0", "X_1_1", "X_1_2"]
    assert np.array_equal(dataset.X.to_numpy(), X.reshape(30, 6)) and dataset.y.tolist() == y.tolist()
    assert (
        dataset.classes == ("a", "b", "c") and dataset.groups is not None and dataset.groups.nunique() == 10
    )
    np.savez(tmp_path / "b.npz", height=X[:, 0, 0], city=np.array(["Köln", "Bonn"] * 15), outcome=y)
    assert list(loaded("b.npz", tmp_path).X.columns) == ["height", "city"]


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        (
            {"X": np.array([{"a": 1}], dtype=object), "y": np.array([1])},
            "which can run code and are never loaded",
        ),
        ({"X": np.zeros((5, 2)), "y": np.zeros(4)}, "different numbers of rows: 5, but y 4"),
        ({"X": np.zeros((5, 150, 200)), "y": np.zeros(5)}, "30000 values a row"),
        ({"X": np.zeros((5, 2), dtype=complex), "y": np.zeros(5)}, "of type complex128"),
        ({"X": np.zeros((0, 2)), "y": np.zeros(0)}, "has no row"),
        ({"X": np.zeros((5, 2)), "y": np.array(3)}, "the array y .*is a single value"),
    ],
)
def test_npz_that_cannot_be_used(tmp_path: Path, arrays: dict[str, object], says: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(DataSourceError, match=says):
        loaded("a.npz", tmp_path)


@pytest.mark.parametrize("name", ["a.npz", "a.parquet", "a.feather", "a.arrow"])
def test_files_that_are_something_else(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is no table, whatever its name says, and long enough for a footer")
    with pytest.raises(DataSourceError, match="no readable"):
        loaded(name, tmp_path)


def test_nested_columns_are_refused_unless_dropped(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"e": [[1.0, 2.0], [3.0]], "x": [1.0, 2.0], "target": [0, 1]}), tmp_path / "a.parquet"
    )
    with pytest.raises(DataSourceError, match="column e holds values of type list"):
        loaded("a.parquet", tmp_path)
    assert list(loaded("a.parquet", tmp_path, drop=("e",)).X.columns) == ["x"]


def test_a_folder_of_parquet_files(tmp_path: Path) -> None:
    frame = people()
    folder = tmp_path / "parts"
    folder.mkdir()
    frame[:15].to_parquet(folder / "part-0.parquet")
    frame[15:].to_parquet(folder / "part-1.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert loaded("parts", tmp_path).fingerprint == loaded("a.csv", tmp_path).fingerprint
