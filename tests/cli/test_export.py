"""`history`: out as it came in, in three formats, whatever state the file is in."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import stat
import threading

import pytest
from shop import GOOD, Shop

BROKEN = (
    b"epoch,train_loss,val_loss\n"
    b"1,0.5,0.6\n"
    b"2,nan,inf\n"
    b"3,abc,0.4\n"
    b"4,0.2\n"
    b"5,0.1,0.2,0.3\n"
    b"epoch,train_loss,lr\n"
    b"6,0.05,0.001\n"
    b"7,\xff\x00,0.001\n"
    b"8,0.0"
)


@pytest.fixture
def ran(shop: Shop) -> Shop:
    """A project whose model `good` has run."""
    shop.model("good", GOOD)
    shop.ok("watch", "good", "--headless")
    return shop


def test_formats(ran: Shop):
    rows = list(csv.DictReader(io.StringIO(ran.ok("history", "good"))))
    assert [row["epoch"] for row in rows] == [str(n) for n in range(1, 9)]
    assert float(rows[-1]["val_loss"]) == 1.1 / 8**3
    assert json.loads(ran.ok("history", "good", "--json"))[0]["train_loss"] == 1.0
    assert ran.ok("history", "good", "--format", "json") == ran.ok("history", "good", "--json")
    assert len(json.loads(ran.ok("history", "good", "--run", "1", "--json"))) == 2
    assert ran.ok("history", "good", "-o", "out.json") == ""
    assert json.loads((ran.root / "out.json").read_text())[7]["epoch"] == 8
    pq = pytest.importorskip("pyarrow.parquet")
    ran.ok("history", "good", "-o", "out.parquet")
    assert pq.read_table(ran.root / "out.parquet").to_pydict()["epoch"] == list(range(1, 9))
    ran.ok("history", "good", "--format", "csv", "-o", "table.txt")
    assert (ran.root / "table.txt").read_text() == ran.ok("history", "good")


def test_wrong_formats_and_places(ran: Shop):
    assert "'xlsx' is unknown; --format takes csv, json, parquet" in ran.refused(
        "history", "good", "-o", "a.xlsx"
    )
    assert "'yaml' is unknown" in ran.refused("history", "good", "--format", "yaml")
    assert f"there is no folder {ran.root / 'nowhere'}" in ran.refused(
        "history", "good", "-o", "nowhere/a.csv"
    )
    (ran.root / "output/good/002-full/training_history.csv").unlink()
    assert "good/002-full has no training_history.csv" in ran.refused("history", "good")


def test_a_pipe_is_written_to_and_not_replaced(ran: Shop):
    pipe = ran.root / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    ran.ok("history", "good", "--format", "csv", "-o", "pipe")
    reader.join(10)
    assert got[0].startswith(b"epoch,") and stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_history_in_every_way_broken(ran: Shop):
    path = ran.root / "output/good/002-full/training_history.csv"
    path.write_bytes(BROKEN)
    done = ran.run("history", "good", "--json")
    rows = json.loads(done.stdout, parse_constant=lambda name: math.nan / 0)
    assert done.returncode == 0 and [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert rows[1] == {"epoch": 2, "train_loss": None, "val_loss": None, "lr": None}
    assert rows[3]["train_loss"] == 0.2 and rows[5]["lr"] == 0.001
    complaints = done.stderr.splitlines()
    for line, what in (
        (4, "train_loss: 'abc' is not a number"),
        (5, "2 cells where the header has 3"),
        (6, "4 cells where the header has 3"),
        (7, "the header changed here"),
        (9, "NUL bytes were left out"),
    ):
        assert f"trainer-tui: training_history.csv:{line}: {what}" in complaints
    table = list(csv.DictReader(io.StringIO(ran.ok("history", "good"))))
    assert [row["val_loss"] for row in table[:2]] == ["0.6", "inf"]
    assert path.read_bytes() == BROKEN  # what was only read stays as it is
    # The other readers bear with it as well.
    assert json.loads(ran.ok("status", "good", "--json"))["last"]["lr"] == 0.001
    ran.ok("runs")
    found = {gate["name"]: gate["state"] for gate in ran.json("check", "good", code=3)["gates"]}
    assert found["history"] == "passed"


@pytest.mark.parametrize(
    "text", [b"", b"\n\n", b"epoch,loss", b"epoch,loss\n", b"\xef\xbb\xbfepoch,loss\r\n1,2\r\n"]
)
def test_a_history_with_little_in_it(ran: Shop, text: bytes):
    (ran.root / "output/good/002-full/training_history.csv").write_bytes(text)
    rows = json.loads(ran.ok("history", "good", "--json"))
    assert rows == ([{"epoch": 1, "loss": 2}] if text.endswith(b"2\r\n") else [])
    ran.run("check", "good")


KERAS = "epoch,loss,val_loss\n0,0.5,0.6\n1,nan,0.4\n"


def test_a_history_of_another_tool(shop: Shop):
    (shop.root / "log.csv").write_text(KERAS)
    done = shop.run("history", "--from", "log.csv")
    assert (done.returncode, done.stdout) == (0, KERAS.replace("nan", ""))
    assert done.stderr == "trainer-tui: log.csv: a CSV of epochs, as Keras' CSVLogger writes it, 2 rows\n"
    assert json.loads(shop.ok("history", "--from", ".", "--json"))[0] == {
        "epoch": 0,
        "loss": 0.5,
        "val_loss": 0.6,
    }
    (shop.root / "train.log").write_text("lr: 3\nstep 1: loss 0.5 lr=1\nstep 2: loss 0.4 lr=1\n")
    assert (
        "numbers printed to the log (key=value), 2 rows" in shop.run("history", "--from", "train.log").stderr
    )
    shop.ok("history", "--from", "train.log", "-o", "out.json")
    assert [row["step"] for row in json.loads((shop.root / "out.json").read_text())] == [1, 2]


def test_histories_that_are_none(shop: Shop):
    (shop.root / "note.txt").write_text("hello\n")
    assert "note.txt holds no history that can be read; it takes a CSV table" in shop.refused(
        "history", "--from", "note.txt"
    )
    assert "No such file" in shop.refused("history", "--from", "nowhere")
    for words in (("history",), ("history", "good", "--from", "x"), ("history", "--from", "x", "--run", "1")):
        assert "name a model, with --run one of its runs, or a path with --from" in shop.refused(*words)
