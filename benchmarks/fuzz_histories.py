"""Targets: histories that others write, and our own tables."""
# ruff: noqa: E501 - tables of inputs read best in few long lines

from __future__ import annotations

import json
import math
import sqlite3
import struct
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from fuzz_files import EVENTS, KERAS, LIGHTNING, LOGS, OWN, SCRIPTS, STATE, WANDB, mlflow_database
from fuzz_target import LARGE, Target, file_of, holds, pieces, plain_text, scratch

from trainer_tui.runs.catalog.results import read_results
from trainer_tui.runs.catalog.summary import _plain_columns, column_of, main_column
from trainer_tui.runs.formats import Merger, Row, UnknownFormatError, Written, read_whole, recognise
from trainer_tui.runs.formats.dialects import BY_NAME
from trainer_tui.runs.formats.log_lines import LogParser
from trainer_tui.runs.formats.mlflow import MlflowDatabaseSource, MlflowFolderSource
from trainer_tui.runs.formats.rows import numbers, plain
from trainer_tui.runs.formats.sources import Parser, StreamSource
from trainer_tui.runs.formats.tables import TableParser
from trainer_tui.runs.formats.tfevents import EventsParser
from trainer_tui.runs.formats.trainer_state import log_rows
from trainer_tui.runs.formats.wandb import WandbParser
from trainer_tui.runs.formats.wire import fields, first, real, signed, text
from trainer_tui.runs.history import History, HistoryReader, read_history
from trainer_tui.runs.history_block import parse_block
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.telemetry import COLUMNS, TelemetryReader
from trainer_tui.supervise.results import results_faults
from trainer_tui.supervise.translation import begin, rows_of_table


def _checked(rows: Iterable[Row], most: int) -> list[Row]:
    """Claim that rows are what the rest of the product takes them for."""
    found = list(rows)
    holds(len(found) <= most, f"{len(found)} rows of {most} bytes")
    for row in found:
        for name, value in row.items():
            holds(type(value) is float, f"{name} is {value!r}")
            holds(len(name) <= 120 and name == "_".join(name.split()), f"the name {name!r}")
    merger = Merger()
    merged = [*merger.feed(found), *merger.flush()]
    written = Written(merged)
    holds(not any(written.without(row) for row in merged), "a row that is written is written again")
    return found


def _stream(parser: Callable[[], Parser]) -> Callable[[bytes], None]:
    def call(data: bytes) -> None:
        whole, torn = parser(), parser()
        rows = whole.feed(data)
        end = whole.finish()
        cut = [row for piece in pieces(data) for row in torn.feed(piece)]
        holds(repr(rows + end) == repr(cut + torn.finish()), "other pieces, other rows")
        _checked(rows + end, len(data))

    return call


def _wire(data: bytes) -> None:
    found = list(fields(data))
    holds(
        sum(len(value) for _, value in found if isinstance(value, bytes)) <= len(data), "more than there is"
    )
    for number, value in found:
        text(value)
        real(value)
        if isinstance(value, int):
            holds(-(2**63) <= signed(value) < 2**63, f"{value} is no int64")
        holds(first(data, number) is not None, "no first of what is there")


def _state(data: bytes) -> None:
    rows = log_rows(data)
    if rows is not None:
        _checked(rows, len(data))


def _recognise(data: bytes) -> None:
    for name in ("a.csv", "events.out.tfevents.1", "run.wandb", "trainer_state.json", "mlflow.db", "run.log"):
        path = file_of(f"any/{name}", data)
        try:
            recognise(path)
        except UnknownFormatError:
            continue
        finally:
            path.unlink()


def _whole(data: bytes) -> None:
    name = ("a.csv", "run.wandb", "trainer_state.json", "run.log")[len(data) % 4]
    history = read_whole(file_of(f"whole-{name}/{name}", data)).history
    holds(
        all(len(values) == history.rows for values in history.columns.values()), "columns of several lengths"
    )


def _mlflow_folder(data: bytes) -> None:
    file_of("run/metrics/loss", data)
    source = MlflowFolderSource(scratch("run"))
    try:
        _checked(source.poll(), len(data) + 1)
    finally:
        source.close()


def _mlflow_database(data: bytes) -> None:
    source = MlflowDatabaseSource(file_of("mlflow.db", data))
    for _ in range(3):
        _checked(source.poll(), 100_000)


def _mlflow_values(data: bytes) -> None:
    """A database of the right shape whose cells hold anything; a script of SQL makes it."""
    path = scratch("values.db")
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as store:
        store.set_authorizer(_only_this_file)
        store.set_progress_handler(lambda: 1, 100_000)
        try:
            store.executescript(data.decode("utf-8", "replace").replace("\0", ""))
            store.commit()
        except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError):
            pass
    _mlflow_database_at(path)


def _only_this_file(action: int, *_: str | None) -> int:
    return (
        sqlite3.SQLITE_DENY if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_PRAGMA) else sqlite3.SQLITE_OK
    )


def _mlflow_database_at(path: Path) -> None:
    source = MlflowDatabaseSource(path)
    _checked(source.poll(), 100_000)


def _translation(data: bytes) -> None:
    """What is translated is what was read, and one who takes over writes nothing twice."""
    path, table = file_of("foreign.csv", data), scratch("table/training_history.csv")
    table.parent.mkdir(exist_ok=True)
    table.unlink(missing_ok=True)
    texts = []
    for _ in range(2):
        translation = begin(table, StreamSource(path, "csv", TableParser), "csv")
        try:
            while translation.step():
                continue
            translation.finish()
        finally:
            translation.close()
        texts.append(table.read_bytes() if table.exists() else b"")
    holds(texts[0] == texts[1], "taken over, it was written twice")
    parser, merger = TableParser(), Merger()
    merged = [*merger.feed([*parser.feed(data), *parser.finish()]), *merger.flush()]
    told = [value for row in rows_of_table(table) for value in row.values()]
    if len({name for row in merged for name in row}) <= 200:
        holds(len(told) >= sum(len(row) for row in merged if row) // 2, "rows were lost in the translation")


def _same(one: History, other: History) -> bool:
    return one.rows == other.rows and {k: repr(v) for k, v in one.columns.items()} == {
        k: repr(v) for k, v in other.columns.items()
    }


def _history(data: bytes) -> None:
    path = file_of("training_history.csv", data)
    whole = read_history(path)
    reader = HistoryReader(path)
    try:
        while reader.poll(97) or reader.behind:
            continue
    finally:
        reader.close()
    holds(_same(whole, reader.history), "other pieces, another history")
    holds(all(len(values) == whole.rows for values in whole.columns.values()), "columns of several lengths")
    holds(len(whole.problems) <= HistoryReader.MAX_PROBLEMS, "too many problems")
    if whole.rows:
        whole.steps(), whole.tail(3), whole.row(0), whole.step_column
        [whole.last(name) for name in whole.metrics()]


def _block(data: bytes) -> None:
    """The quick way through a history gives what the slow one gives."""
    width = data.partition(b"\n")[0].count(b",") + 1
    lines = data[: data.rfind(b"\n") + 1]
    block = parse_block(lines, width) if lines else None
    if block is None:
        return
    header = ",".join(f"c{i}" for i in range(width)).encode()
    reader = HistoryReader(file_of("block.csv", header + b"\n" + lines))
    try:
        reader.poll()
    finally:
        reader.close()
    slow = [values.tobytes() for values in reader.history.columns.values()]
    holds(reader.history.rows == block.rows, f"{block.rows} rows, line by line {reader.history.rows}")
    for quick, careful in zip(block.columns, slow, strict=True):
        holds(_bits(quick) == _bits(careful), "other values than line by line")
    holds(set(block.missing) == {(r, int(n[1:])) for r, n in reader.missing}, "other cells are missing")


def _bits(column: bytes) -> list[object]:
    values = struct.unpack(f"{len(column) // 8}d", column)
    return ["nan" if math.isnan(value) else value for value in values]


def _telemetry(data: bytes) -> None:
    reader = TelemetryReader(file_of("telemetry.csv", data))
    try:
        reader.poll()
        reader.gpus(), reader.last(), reader.peak("job_rss"), reader.series("ram_used", 5)
    finally:
        reader.close()


def _results(data: bytes) -> None:
    path = file_of("results.csv", data)
    for name, value in read_results(path).items():
        plain_text(name, 80)
        holds(isinstance(value, float | str), f"{value!r}")
    results_faults(path, {"medals": ">= 0", "auc": "0 .. 1"})


def _columns(data: bytes) -> None:
    """The main metric of a run in a list: the quick way and the slow one tell the same."""
    run = RunFolder(scratch("output/model_3/007-full"))
    file_of("output/model_3/007-full/training_history.csv", data)
    quick = _plain_columns(run, "val_loss")
    slow = column_of(read_history(run.history), "val_loss")
    if quick is not None:
        holds(slow is not None, "the slow way sees no metric")
        assert slow is not None
        holds(quick[0] == slow[0], f"{quick[0]} and {slow[0]}")
        holds([str(v) for v in quick[1]] == [str(v) for v in slow[1]], "other values")
        at = range(0, len(quick[1]), 7)
        holds(main_column([quick[0]], "") is not None, "its metric is none")
        [(quick[2](row), slow[2](row)) for row in at]


def _numbers(data: bytes) -> None:
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict):
        for value in numbers(document).values():
            float(plain(value))


@cache
def _telemetry_seed() -> bytes:
    names = [
        *COLUMNS,
        *(f"gpu{i}_{n}" for i in (0, 1) for n in ("util", "mem_used", "mem_total", "temp", "power")),
    ]
    rows = [",".join(str(at * 10 + i) for i in range(len(names))) for at in range(5)]
    return "\n".join([",".join(names), *rows, ""]).encode()


_TABLE_WORDS = (
    b"epoch",
    b"step",
    b"val_loss",
    b'"',
    b",",
    b";",
    b"\t",
    b'""',
    b",,,",
    b"nan",
    b"column 1",
    b"loss (2)",
)
_LOG_WORDS = (
    b"epoch",
    b"step",
    b"loss",
    b"val_loss:",
    b" - ",
    b"|",
    b"%|",
    b"it/s",
    b"/",
    b"Epoch ",
    b"[",
    b"nan",
)

TARGETS = (
    Target("csv", lambda: [LIGHTNING, KERAS, *OWN], _stream(TableParser), _TABLE_WORDS, share=3),
    Target("tensorboard", lambda: [EVENTS], _stream(EventsParser), (), share=2, most=LARGE),
    Target("wandb", lambda: [WANDB, WANDB[:200]], _stream(WandbParser), (b":W&B",), share=2, most=LARGE),
    Target("protobuf", lambda: [EVENTS[12:], WANDB[14:200], EVENTS[70:]], _wire, (), share=2),
    Target("trainer_state", lambda: [STATE], _state, (b'"log_history"', b'"step"'), share=2, most=LARGE),
    Target("printed", lambda: LOGS, _stream(LogParser), _LOG_WORDS, share=3, most=16 << 10),
    *(
        Target(f"printed-{name}", lambda: LOGS, _stream(lambda name=name: LogParser(name)), _LOG_WORDS, share=0.5)
        for name in BY_NAME
    ),
    Target("mlflow-files", lambda: [b"1700000000000 0.5 1\n1700000000001 nan 2\n", b"1 2\n"], _mlflow_folder),
    Target("mlflow-database", lambda: [mlflow_database()], _mlflow_database, (b"metrics", b"runs"),
           (OSError,), share=0.5, most=LARGE),
    Target("mlflow-values", lambda: list(SCRIPTS), _mlflow_values, (b"null", b"x'ff'", b"'a'", b"view", b"trigger"),
           (OSError,), share=0.1, limit_s=8.0),
    Target("recognised", lambda: [LIGHTNING, EVENTS, WANDB[:999], STATE, *LOGS, mlflow_database()[:200]], _recognise,
           share=0.3, most=LARGE),
    Target("read-whole", lambda: [LIGHTNING, WANDB[:999], STATE, *LOGS], _whole, _LOG_WORDS,
           (OSError, UnknownFormatError), share=0.7, most=16 << 10),
    Target("translation", lambda: [LIGHTNING, KERAS, *OWN], _translation, _TABLE_WORDS, share=0.5),
    Target("training_history.csv", lambda: [*OWN, KERAS, LIGHTNING], _history, _TABLE_WORDS, share=1),
    Target("history-block", lambda: [b"1,2.5,3\n4,,nan\n-1,+2e5,inf\n" * 3, b"1,2\n3,4\n"], _block, (b",", b"\n", b"nan"),
           share=1),
    Target("telemetry.csv", lambda: [_telemetry_seed()], _telemetry, _TABLE_WORDS, share=0.5),
    Target("results.csv", lambda: [b"medals,auc\n3,0.5\n", b"country,medals\nNOR,39\nGER,27\n"], _results, _TABLE_WORDS),
    Target("list-metric", lambda: [*OWN, KERAS], _columns, _TABLE_WORDS, share=0.5),
    Target("numbers", lambda: [b'{"a": 1, "b": "2.5", "c": [1], "d": null}'], _numbers),
)  # fmt: skip
