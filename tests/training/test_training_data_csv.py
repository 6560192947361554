"""CSV as people write it: delimiters, encodings, compression, and every way to be wrong."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainer_tui.training.data import csv_file, describe, load
from trainer_tui.training.dataset import Column, Dataset
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.quality import check
from trainer_tui.training.spec import TrainSpec

PLAIN = "größe,stadt,target\n1.75,Köln,1\n1.80,Bonn,0\n1.60,Köln,1\n"


def loaded(path: Path, **spec: object) -> Dataset:
    return load(TrainSpec(path.name, "m", **spec), path.parent)  # type: ignore[arg-type]


def written(tmp_path: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def column(dataset: Dataset, name: str) -> Column:
    return next(c for c in dataset.columns if c.name == name)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_change_nothing(tmp_path: Path, delimiter: str, ends: str) -> None:
    reference = loaded(written(tmp_path, PLAIN))
    other = loaded(written(tmp_path, PLAIN.replace(",", delimiter).replace("\n", ends), "b.csv"))
    assert other.fingerprint == reference.fingerprint
    pd.testing.assert_frame_equal(other.X, reference.X)
    assert list(reference.X.columns) == ["größe", "stadt"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    reference = loaded(written(tmp_path, PLAIN))
    other = loaded(written(tmp_path, PLAIN.encode(encoding), "b.csv"))
    assert other.fingerprint == reference.fingerprint
    assert [f.check for f in other.noticed] == (["encoding"] if encoding == "cp1252" else [])


def test_a_byte_of_windows_far_behind_the_head_is_found(tmp_path: Path) -> None:
    text = "x,stadt,target\n" + "1.5,Bonn,0\n" * 700_000 + "2.5,Köln,1\n"
    dataset = loaded(written(tmp_path, text.encode("cp1252")))
    assert dataset.X["stadt"].iloc[-1] == "Köln"
    assert len(dataset) == 700_001


def compress_zip(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inside.csv", data)


def compress_zstd(path: Path, data: bytes) -> None:
    with pa.output_stream(str(path), compression="zstd") as file:
        file.write(data)


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("b.csv.gz", lambda path, data: path.write_bytes(gzip.compress(data))),
        ("b.csv.bz2", lambda path, data: path.write_bytes(bz2.compress(data))),
        ("b.csv.xz", lambda path, data: path.write_bytes(lzma.compress(data))),
        ("b.csv.zst", compress_zstd),
        ("b.csv.zip", compress_zip),
        ("misnamed.csv", lambda path, data: path.write_bytes(gzip.compress(data))),
    ],
)
def test_compressed_files_are_read(tmp_path: Path, name: str, compress: object) -> None:
    reference = loaded(written(tmp_path, PLAIN))
    compress(tmp_path / name, PLAIN.encode())  # type: ignore[operator]
    assert loaded(tmp_path / name).fingerprint == reference.fingerprint


def test_types_that_change_behind_the_first_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "BLOCK", 1 << 16)
    rows = [f"{i},,{i % 2}" for i in range(20_000)] + ["1.5,word,1", "NA,other,0"]
    dataset = loaded(written(tmp_path, "a,b,target\n" + "\n".join(rows) + "\n"))
    assert dataset.X["a"].iloc[-2] == 1.5 and np.isnan(dataset.X["a"].iloc[-1])
    assert dataset.X["b"].iloc[-2:].tolist() == ["word", "other"]


@pytest.mark.parametrize(
    ("cells", "kind", "values", "says"),
    [
        (['"1,234"', '"2,345,678"', "9"], "numeric", [1234, 2345678, 9], "a comma between thousands"),
        (["1 234", "2 345", "9"], "numeric", [1234, 2345, 9], "spaces or apostrophes"),
        (["1'234.5", "2'345", "9"], "numeric", [1234.5, 2345, 9], "spaces or apostrophes"),
        (['"3,14"', '"2,7"', "9"], "numeric", [3.14, 2.7, 9], "a decimal comma"),
        (["45 %", "7%", "12.5 %"], "numeric", [45, 7, 12.5], "the sign %"),
        (["$1", "$2.5", "$3"], "numeric", [1, 2.5, 3], "the sign $"),
        (["?", "2", "3"], "numeric", [np.nan, 2, 3], ""),
        (["1e3", "inf", "-inf"], "numeric", [1000, np.inf, -np.inf], ""),
        (["yes", "No", "yes"], "boolean", [1, 0, 1], "no and yes"),
        (["TRUE", "false", "NA"], "boolean", [1, 0, np.nan], ""),
        (["01234", "51234", "1"], "categorical", ["01234", "51234", "1"], ""),
        (["12345678901234567890", "12345678901234567891", "3"], "categorical", None, ""),
        (["9007199254740993", "9007199254740992", "3"], "categorical", None, "too long to be exact"),
        (["2024-01-31", "2024-02-01", "NA"], "datetime", None, "a date"),
        (["31.01.2024", "01.02.2024", ""], "datetime", None, "day before month"),
        (["01/31/2024", "02/01/2024", "03/01/2024"], "datetime", None, "month before day"),
        (["01/02/2024", "02/01/2024", "03/01/2024"], "categorical", None, "cannot be told apart"),
        (["", "NA", "null"], "constant", None, "no value"),
        (["7", "7", "7"], "constant", None, "single value"),
    ],
)
def test_how_values_are_read(
    tmp_path: Path, cells: list[str], kind: str, values: object, says: str | None
) -> None:
    text = "a,b,target\n" + "".join(f"{cell},{i + 0.5},{i % 2}\n" for i, cell in enumerate(cells))
    dataset = loaded(written(tmp_path, text))
    found = column(dataset, "a")
    assert found.kind == kind
    if says is not None:
        assert says in found.why and bool(says) == bool(found.why)
    if values is not None:
        assert found.used
        expected = pd.Series(values, name="a")
        pd.testing.assert_series_equal(dataset.X["a"], expected, check_dtype=False)


def test_semicolons_mean_a_decimal_comma(tmp_path: Path) -> None:
    semicolons = loaded(written(tmp_path, "a;b;target\n1,250;1;0\n2,375;2;1\n"))
    assert semicolons.X["a"].tolist() == [1.25, 2.375]
    commas = loaded(written(tmp_path, 'a,b,target\n"1,250",1,0\n"2,375",2,1\n'))
    assert commas.X["a"].tolist() == [1250, 2375]


def test_numbers_with_words_among_them_are_reported(tmp_path: Path) -> None:
    rows = [f"{i + 0.5},{i * 0.3:.1f},{i % 2}" for i in range(30)]
    rows[17] = "broken,5.1,1"
    dataset = loaded(written(tmp_path, "a,b,target\n" + "\n".join(rows) + "\n"))
    (finding,) = dataset.noticed
    assert (finding.check, finding.columns, finding.rows, finding.affected) == (
        "mixed-types",
        ("a",),
        (17,),
        1,
    )
    assert "'broken'" in finding.message
    assert not column(dataset, "a").used


def test_quoted_line_breaks_and_delimiters(tmp_path: Path) -> None:
    text = '\n"a\nb",c,target\n"x, y\nz",1.5,0\n"say ""so""",2.5,1\n'
    dataset = loaded(written(tmp_path, text))
    assert dataset.X["a\nb"].tolist() == ["x, y\nz", 'say "so"']


def test_columns_without_a_name_get_one(tmp_path: Path) -> None:
    dataset = loaded(
        written(tmp_path, ",x,target\n" + "".join(f"{i},{i * 0.3},{i % 2}\n" for i in range(30)))
    )
    assert column(dataset, "unnamed_1").kind == "id"
    assert column(dataset, "unnamed_1").why == "it counts the rows"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"a,b,target\n", "no row"),
        (b"a,b,a,target\n1,2,3,0\n", "several columns have the same name: a;"),
        (b"5.1,3.5,1.4,setosa\n4.9,3.0,1.4,virginica\n", "where column names are expected"),
        (
            b"a,b,target\n1,2,0\n1,2\n3,4,1\n5,6,7,8\n",
            "line 3 has 2 fields where the header has 3, and 1 more",
        ),
        (b"a,b,target\n1,2\x00,0\n", "no text"),
        (b"\x1f\x8b\x08\x00broken", "damaged"),
        (b"PK\x03\x04broken", "damaged"),
        (b"target\n1\n0\n", "no column that a model could use"),
        (b"a,b,target\n1,2,\n3,4,NA\n", "has no value at all"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: bytes, says: str) -> None:
    with pytest.raises(DataSourceError) as caught:
        loaded(written(tmp_path, text))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_a_missing_file_and_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(DataSourceError, match=r"There is no .*a\.csv: name CSV"):
        loaded(tmp_path / "a.csv")
    with pytest.raises(DataSourceError, match="of no known kind"):
        loaded(written(tmp_path, "x", "a.xlsx"))


def test_everything_is_shown_before_training(tmp_path: Path) -> None:
    shown = describe(loaded(written(tmp_path, PLAIN)))
    assert shown["target"]["classes"] == {"0": 1, "1": 2}
    assert shown["target"]["positive"] == "1"
    assert [c["name"] for c in shown["columns"]] == ["größe", "stadt", "target"]
    assert shown["group"] is None and shown["rows"] == 3 and shown["features"] == 2


CELLS = [
    "1",
    "2.5",
    "",
    "NA",
    "abc",
    '"x,y"',
    '"a\nb"',
    '"',
    '""',
    "1,5",
    "1e400",
    "-inf",
    "true",
    "no",
    "2024-01-01",
    "2024-13-45",
    "9999-12-31T23:59:59Z",
    "99999999999999999999",
    "007",
    "é",
    "\x00",
    "5%",
    "12:30",
    "31.12.2024",
    "\u2028",
    "\x85",
    "½",
    "1_000",
    "0x1f",
    "1 234",
    "?",
    "0",
    "1",
]
NAMES = ["a", "b", "id", "target", "y", "", "patient_id", "date", "x\ty", "é"]


@given(
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
    rows=st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4), max_size=40),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    broken=st.binary(max_size=3),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_data_or_a_sentence(
    tmp_path: Path, names: list[str], rows: list[list[str]], delimiter: str, encoding: str, broken: bytes
) -> None:
    width = len(names)
    lines = [delimiter.join(names), *(delimiter.join((row * width)[:width]) for row in rows)]
    path = written(tmp_path, "\n".join(lines).encode(encoding, "replace") + broken)
    try:
        dataset = loaded(path, target=names[-1].strip())
        report = check(dataset)
    except DataSourceError as error:
        assert str(error).isprintable()
        return
    assert dataset.X.index.is_unique and len(dataset.X) == len(dataset.y) > 0
    assert not dataset.y.isna().any()
    assert all(finding.message.isprintable() for finding in report.findings)
    assert 0 <= report.overall_score <= 1
