"""Passwords in addresses are never stored, shown or part of an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_tui.training.data import has_secret, load, shown
from trainer_tui.training.data.secrets import resolved, scrubbed
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.spec import TrainSpec


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("postgresql+psycopg://me:s3cr%40t@host:5432/db", "postgresql+psycopg://me:***@host:5432/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("mysql://h/db?user=me&password=s3cret", "mysql://h/db?user=me&password=***"),
        (
            "snowflake://me:p@acc/db?private_key=abc&warehouse=w",
            "snowflake://me:***@acc/db?private_key=***&warehouse=w",
        ),
        ("sqlite:///data/my.db", "sqlite:///data/my.db"),
        ("sqlite:////abs/my.db", "sqlite:////abs/my.db"),
        ("data/pass:word@x.csv", "data/pass:word@x.csv"),
        ("env:WAREHOUSE", "env:WAREHOUSE"),
    ],
)
def test_what_is_shown_of_a_source(source: str, public: str) -> None:
    assert shown(source) == public
    assert has_secret(source) == (source != public)


def test_messages_of_drivers_are_scrubbed() -> None:
    url = "postgresql://me:s3cr%40t@host/db?sslpassword=k3y"
    text = scrubbed(f"cannot connect with {url}: s3cr@t s3cr%40t k3y", url)
    assert "s3cr" not in text and "k3y" not in text and "host/db" in text


def test_an_error_of_a_real_driver_keeps_the_secret(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    url = "postgresql+psycopg://me:hunter2@127.0.0.1:1/db?connect_timeout=2"
    with pytest.raises(DataSourceError) as caught:
        load(TrainSpec(url, "m", query="SELECT 1"), tmp_path)
    error: BaseException | None = caught.value
    assert "hunter2" not in str(error) and "failed" in str(error)
    assert error is not None and error.__cause__ is None and error.__suppress_context__


def test_the_address_may_stand_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("x,target\n1,0\n2,1\n")
    monkeypatch.setenv("MY_DATA", "a.csv")
    assert len(load(TrainSpec("env:MY_DATA", "m"), tmp_path)) == 2
    with pytest.raises(
        DataSourceError, match="NOT_SET, which should hold the address of the data, is not set"
    ):
        resolved("env:NOT_SET")
