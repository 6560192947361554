"""Files of Lightning, Keras, Transformers, TensorBoard, W&B and MLflow, read in pieces, torn and whole."""

# ruff: noqa: E501 - what programs print has the length it has

from __future__ import annotations

import json
import math
import sqlite3
import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trainer_tui.runs.formats import Merger, UnknownFormatError, Written, read_whole, recognise, search
from trainer_tui.runs.formats.event_folder import EventFolderSource
from trainer_tui.runs.formats.mlflow import MlflowDatabaseSource, MlflowFolderSource
from trainer_tui.runs.formats.sources import open_source
from trainer_tui.runs.formats.tables import TableParser, kind_of_table
from trainer_tui.runs.formats.tfevents import EventsParser, masked_crc
from trainer_tui.runs.formats.trainer_state import TrainerStateSource
from trainer_tui.runs.formats.wandb import BLOCK, WandbParser

LIGHTNING = (
    "epoch,step,train_loss_epoch,train_loss_step,val_loss\r\n"
    "0,4,,2.55,\r\n0,15,,,0.15\r\n0,15,1.76,,\r\n1,19,,nan,\r\n1,31,,,0.005\r\n1,31,0.05,,\r\n"
)
KERAS = "epoch,loss,val_loss\r\n0,6.2,7.3\r\n1,5.4,inf\r\n"


# ---------------------------------------------------------------- what the tools write, made by hand


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, kind: int, content: bytes) -> bytes:
    return varint(number << 3 | kind) + (varint(len(content)) if kind == 2 else b"") + content


def record(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def scalar(tag: str, value: float, step: int, wall: float = 1.0, *, tensor: bool = False) -> bytes:
    if tensor:
        packed = field(1, 0, varint(1)) + field(4, 2, struct.pack("<f", value))
        content = field(8, 2, packed)
    else:
        content = field(2, 5, struct.pack("<f", value))
    entry = field(1, 2, field(1, 2, tag.encode()) + content)
    return record(field(1, 1, struct.pack("<d", wall)) + field(2, 0, varint(step)) + field(5, 2, entry))


EVENTS = (
    record(field(1, 1, struct.pack("<d", 1.0)) + field(3, 2, b"brain.Event:2"))
    + scalar("loss", 0.5, 1)
    + scalar("loss", 0.25, 2, tensor=True)
    + record(field(5, 2, b"x" * 3000))
    + scalar("val/loss", math.nan, 2)
)


def wandb_file(rows: list[dict[str, object]], filler: int = 0) -> bytes:
    out = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))

    def put(kind: int, content: bytes) -> None:
        out.extend(struct.pack("<IHB", 0, len(content), kind) + content)

    records = [field(4, 2, b"o" * filler)] if filler else []
    for step, row in enumerate(rows):
        items = b"".join(
            field(1, 2, field(2, 2, name.encode()) + field(16, 2, json.dumps(value).encode()))
            for name, value in row.items()
        )
        records.append(
            field(1, 0, varint(step + 1)) + field(2, 2, items + field(2, 2, field(1, 0, varint(step))))
        )
    for content in records:
        first = True
        while True:
            room = BLOCK - len(out) % BLOCK
            if room < 7:
                out.extend(b"\0" * room)
                continue
            piece, content = content[: room - 7], content[room - 7 :]
            put((1 if first else 4) if not content else (2 if first else 3), piece)
            first = False
            if not content:
                break
    return bytes(out)


WANDB = wandb_file(
    [{"_step": 0, "loss": 1.5, "_runtime": 2}, {"_step": 1, "loss": "NaN"}, {"acc": 0.5}], 40_000
)

PARSERS = {
    "lightning": (TableParser, LIGHTNING.encode()),
    "keras": (TableParser, KERAS.encode()),
    "events": (EventsParser, EVENTS),
    "wandb": (WandbParser, WANDB),
}


def fed(parser, data: bytes, cuts: list[int]) -> list[str]:
    rows, before = [], 0
    for cut in [*sorted(c % (len(data) + 1) for c in cuts), len(data)]:
        rows += parser.feed(data[before:cut])
        before = cut
    return [repr(row) for row in rows + parser.finish()]


@pytest.mark.parametrize("name", PARSERS)
@given(cuts=st.lists(st.integers(0, 100_000), max_size=6))
def test_any_pieces_give_the_same_rows(name: str, cuts: list[int]):
    parser, data = PARSERS[name]
    assert fed(parser(), data, cuts) == fed(parser(), data, []) != []


@pytest.mark.parametrize("name", PARSERS)
@given(cut=st.integers(0, 100_000))
def test_a_file_cut_at_any_byte_gives_the_first_rows(name: str, cut: int):
    parser, data = PARSERS[name]
    reading = parser()
    torn = [repr(row) for row in reading.feed(data[: cut % len(data)])]
    assert torn == fed(parser(), data, [])[: len(torn)]


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.binary(max_size=300), at=st.integers(0, 100_000))
@example(data=b"\xff" * 40, at=0)
def test_any_bytes_are_borne(name: str, data: bytes, at: int):
    parser, good = PARSERS[name]
    at %= len(good)
    fed(parser(), data, [3])
    fed(parser(), good[:at] + data + good[at:], [at])


# ---------------------------------------------------------------- what they say


def rows_of(source) -> list[dict[str, float]]:
    merger = Merger()
    rows = merger.feed(source.poll())
    while source.behind:
        rows += merger.feed(source.poll())
    return rows + merger.feed(source.finish()) + merger.flush()


def test_lightning_rows_of_one_step_are_one_row():
    rows = Merger().feed([*TableParser().feed(LIGHTNING.encode()), {"step": 99.0, "x": 1.0}])
    assert [row["step"] for row in rows] == [4, 15, 19, 31]
    assert rows[1] == {"epoch": 0, "step": 15, "val_loss": 0.15, "train_loss_epoch": 1.76}
    assert math.isnan(rows[2]["train_loss_step"]) and "val_loss" not in rows[2]


def test_headers():
    assert kind_of_table(b"epoch,step,loss") == "lightning"
    assert kind_of_table(b"step,train_loss,epoch\r") == "lightning"
    assert kind_of_table(b"epoch;accuracy;loss;val_loss") == "keras"
    assert kind_of_table(b"                  epoch,      train/box_loss,  metrics/mAP50") == "keras"
    for other in (b"name,age", b"1,2", b"{'loss': 0.5, 'epoch': 1}", b"epoch", b"", b"\xff\xfe,\0"):
        assert kind_of_table(other) == ""


def test_tensorboard_by_hand():
    rows = EventsParser().feed(EVENTS)
    assert [(row["step"], row.get("loss")) for row in rows] == [(1, 0.5), (2, 0.25), (2, None)]
    assert math.isnan(rows[2]["val/loss"])
    broken = EventsParser()
    assert len(broken.feed(EVENTS[:120] + b"\0" + EVENTS[120:])) < 3 and broken.broken


def test_tensorboard_as_its_own_library_reads_it(tmp_path: Path):
    pytest.importorskip("tensorboard")
    np = pytest.importorskip("numpy")
    writers = pytest.importorskip("torch.utils.tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    writer = writers.SummaryWriter(str(tmp_path))
    for step in range(20):
        writer.add_scalar("train/loss", 1 / (step + 1) if step != 7 else math.nan, step)
        writer.add_scalar("val/loss", 2 / (step + 1), step, new_style=True)
        writer.add_histogram("weights", np.full(9, float(step)), step)
        writer.add_text("note", "loss 3", step)
    writer.close()
    oracle = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0, "scalars": 0})
    oracle.Reload()
    rows = rows_of(EventFolderSource(tmp_path))
    expected = {e.step: e.value for e in oracle.Scalars("train/loss")}
    assert {repr(row["train/loss"]) for row in rows} == {repr(v) for v in expected.values()}
    assert len(rows) == 20 and all(set(row) == {"step", "train/loss", "val/loss"} for row in rows)
    from tensorboard.util.tensor_util import make_ndarray

    new_style = [float(make_ndarray(e.tensor_proto)) for e in oracle.Tensors("val/loss")]
    assert [row["val/loss"] for row in rows] == new_style
    assert recognise(tmp_path).format == "tensorboard"


def test_tensorboard_phases_in_folders_of_their_own(tmp_path: Path):
    for name, value in (("train", 0.5), ("validation", 0.75)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "events.out.tfevents.1.host").write_bytes(scalar("epoch_loss", value, 3))
    assert rows_of(EventFolderSource(tmp_path)) == [
        {"step": 3, "train/epoch_loss": 0.5, "validation/epoch_loss": 0.75}
    ]
    (found,) = search(tmp_path, 0.0)
    assert (found.format, found.path, len(found.files)) == ("tensorboard", tmp_path, 2)


def test_wandb():
    rows = WandbParser().feed(WANDB)
    assert rows[0] == {"step": 0, "loss": 1.5, "elapsed_s": 2}
    assert math.isnan(rows[1]["loss"]) and rows[2] == {"acc": 0.5, "step": 2}


def state(rows: list[dict[str, object]]) -> str:
    return json.dumps({"global_step": len(rows), "log_history": rows})


def test_the_newest_trainer_state_is_read_and_what_was_read_before_is_not_given_again(tmp_path: Path):
    logged = [{"epoch": 0.5, "step": 4, "loss": 0.6}, {"epoch": 1.0, "step": 8, "loss": math.nan}]
    evaluated = {"epoch": 1.0, "step": 8, "eval_loss": 0.7, "eval_runtime": 0.1, "eval_samples_per_second": 9}
    source = TrainerStateSource(tmp_path)
    assert source.poll() == []
    (tmp_path / "checkpoint-4").mkdir()
    (tmp_path / "checkpoint-4" / "trainer_state.json").write_text(state(logged[:1]))
    assert source.poll() == logged[:1] and source.poll() == []
    (tmp_path / "checkpoint-10").mkdir()
    (tmp_path / "checkpoint-10" / "trainer_state.json").write_text(state([*logged, evaluated])[:-9])
    assert source.poll() == [], "half a document"
    (tmp_path / "checkpoint-10" / "trainer_state.json").write_text(state([*logged, evaluated]))
    rows = source.poll()
    assert not source.began_anew and rows[1] == {"epoch": 1.0, "step": 8, "eval_loss": 0.7}
    summary = {"epoch": 1.0, "step": 8, "train_runtime": 9.0, "train_loss": 0.6}
    (tmp_path / "trainer_state.json").write_text(state([*logged, evaluated, summary]))
    assert source.poll() == [] and not source.began_anew
    (tmp_path / "trainer_state.json").write_text(state([{"epoch": 1.0, "step": 1, "loss": 9.0}]))
    assert source.poll() == [{"epoch": 1.0, "step": 1, "loss": 9.0}] and source.began_anew


def test_mlflow_in_files(tmp_path: Path):
    run = tmp_path / "mlruns" / "0" / "abc"
    (run / "metrics" / "val").mkdir(parents=True)
    (run / "meta.yaml").write_text("run_id: abc\n")
    (run / "metrics" / "loss").write_text("1795 1.0 0\n1796 nan 1\n1797 0.5")
    (run / "metrics" / "val" / "loss").write_text("1795 2.0 0\nrubbish\n")
    source = MlflowFolderSource(run)
    rows = source.poll()
    assert (
        rows[0] == {"step": 0, "loss": 1.0, "val/loss": 2.0}
        and math.isnan(rows[1]["loss"])
        and len(rows) == 2
    )
    with open(run / "metrics" / "loss", "a") as file:
        file.write(" 2\n")
    assert source.poll() == [{"step": 2, "loss": 0.5}]
    assert recognise(run).format == "mlflow" and recognise(tmp_path).path == run


def test_mlflow_in_a_database_that_its_writer_has_open(tmp_path: Path):
    path = tmp_path / "mlflow.db"
    store = sqlite3.connect(path)
    store.execute("create table runs (run_uuid text primary key, start_time bigint)")
    store.execute(
        "create table metrics (key text, value double, timestamp bigint, run_uuid text, step bigint, is_nan boolean,"
        " primary key (key, timestamp, step, run_uuid, value, is_nan))"
    )
    store.executemany("insert into runs values (?, ?)", [("old", 1000), ("new", 5000)])
    add = "insert into metrics values (?, ?, 1, ?, ?, ?)"
    store.executemany(
        add,
        [
            ("loss", 9.0, "old", 0, 0),
            ("loss", 1.0, "new", 0, 0),
            ("acc", 0.5, "new", 0, 0),
            ("loss", 0.0, "new", 1, 1),
            ("loss", 1.7976931348623157e308, "new", 2, 0),
            ("system/cpu", 3.0, "new", 2, 0),
        ],
    )
    store.commit()
    source = MlflowDatabaseSource(path, since_ms=2000)
    rows = source.poll()
    assert rows[0] == {"step": 0, "loss": 1.0, "acc": 0.5} and math.isnan(rows[1]["loss"])
    assert rows[2] == {"step": 2, "loss": math.inf} and source.poll() == []
    store.execute("begin exclusive")
    assert source.poll() == [], "locked, not broken"
    store.execute(add, ("loss", 0.25, "new", 3, 0))
    store.commit()
    assert source.poll() == [{"step": 3, "loss": 0.25}]
    assert [c.format for c in search(tmp_path, 2.0)] == ["mlflow-sqlite"] and search(tmp_path, 9e9) == []
    store.close()


# ---------------------------------------------------------------- finding them


def test_search_finds_what_a_training_wrote_since_and_nothing_of_other_runs(tmp_path: Path):
    version = tmp_path / "lightning_logs" / "version_0"
    version.mkdir(parents=True)
    (version / "metrics.csv").write_text(LIGHTNING)
    (tmp_path / "log.csv").write_text(KERAS)
    (tmp_path / "data.csv").write_text("name,age\nx,3\n")
    other = tmp_path / "output" / "m" / "001-full"
    other.mkdir(parents=True)
    (other / "run.json").write_text("{}")
    (other / "training_history.csv").write_text(KERAS)
    (other / "log.csv").write_text(KERAS)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "log.csv").write_text(KERAS)
    found = {(c.format, c.path.name) for c in search(tmp_path, 0.0)}
    assert found == {("lightning", "metrics.csv"), ("keras", "log.csv")}
    assert ("keras", "log.csv") in {(c.format, c.path.name) for c in search(other, 0.0, own=other)}
    assert search(tmp_path, (version / "metrics.csv").stat().st_mtime + 10) == []


def test_a_folder_of_a_hundred_thousand_files_costs_little(tmp_path: Path):
    from trainer_tui.runs.formats import detect

    data = tmp_path / "data"
    data.mkdir()
    for number in range(detect.MOST_IN_A_FOLDER + 500):
        (data / f"{number}.png").touch()
    (tmp_path / "log.csv").write_text(KERAS)
    looked = list(detect._entries(tmp_path, None, frozenset()))
    assert len(looked) == detect.MOST_IN_A_FOLDER + 2
    assert [c.format for c in search(tmp_path, 0.0)] == ["keras"]


def test_what_nobody_knows_is_said_in_a_sentence(tmp_path: Path):
    for name, content in (("a.txt", "hello\n"), ("b.json", "{}"), ("c.bin", b"\0\xff" * 99), ("empty", "")):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(UnknownFormatError, match="holds no history that can be read; it takes a CSV"):
            recognise(path)
    with pytest.raises(UnknownFormatError):
        recognise(tmp_path)
    with pytest.raises(UnknownFormatError, match="no format"):
        open_source("abacus", tmp_path)
    (tmp_path / "d.csv").write_text("epoch,loss\n")
    with pytest.raises(UnknownFormatError, match="without a row"):
        read_whole(tmp_path / "d.csv")


def test_columns_come_later(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("epoch,loss\n1,0.5\nepoch,loss,val_loss\n2,0.4,0.6\n")
    history = read_whole(path).history
    assert list(history.columns) == ["epoch", "loss", "val_loss"] and math.isnan(
        history.columns["val_loss"][0]
    )


# ---------------------------------------------------------------- once


ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["step", "epoch", "loss", "acc"]), st.sampled_from([0.0, 1.0, 2.5, math.nan])
    ),
    max_size=12,
)


@given(ROWS, st.integers(0, 12))
def test_what_is_written_is_not_written_twice(rows: list[dict[str, float]], cut: int):
    rows = [
        {n: v + 10 * at if n in ("loss", "acc") else v for n, v in row.items()} for at, row in enumerate(rows)
    ]
    merger = Merger()
    table = merger.feed(rows[:cut]) + merger.flush()  # an early flush, then a kill
    written = Written(table)
    again = Merger()
    more = again.feed(left for left in map(written.without, rows) if left) + again.flush()
    once = Merger()
    whole = once.feed(rows) + once.flush()

    def values(found: list[dict[str, float]]) -> list[str]:
        metrics = [(row, name) for row in found for name in row if name in ("loss", "acc")]
        return sorted(f"{row.get('step', row.get('epoch'))} {name} {row[name]}" for row, name in metrics)

    assert values(table + more) == values(whole)
