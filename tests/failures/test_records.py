"""Records of loggers and containers: level and message are understood, and tracebacks inside them are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trainer_tui.failures import Scanner
from trainer_tui.failures.records import read
from trainer_tui.runs.incident import Incident

TRACE = (
    'Traceback (most recent call last):\n  File "train.py", line 88, in step\n    loss.backward()\n'
    "RuntimeError: shape mismatch at layer 3"
)
OOM = "CUDA out of memory. Tried to allocate 2.00 GiB"


def scan(text: str) -> list[Incident]:
    scanner = Scanner()
    told = scanner.feed(f"step 1\n{text}\nstep 2\nstep 3\n".encode()) + scanner.finish()
    return list({incident.id: incident for incident in told}.values())


def record(**fields: Any) -> str:
    return json.dumps(fields)


ENVELOPES = [
    "2025-10-10 12:49:50.533 | {level: <8} | train:step:966 - {message}",
    "2025-10-12 18:38:44,398 - {level} - pipeline.steps - {message}",
    "2025-10-12 18:38:44,398 - pipeline.steps - {level} - {message}",
    "[2025-12-18 20:27:23,533] [{level}] [engine.py:325:step] {message}",
    "[2021-05-24 09:50:34,123][train][{level}] - {message}",
    "05/24/2021 09:50:34 - {level} - __main__ - {message}",
    "[{level}|trainer.py:1234] 2021-05-24 09:50:34,123 >> {message}",
    "{level}:train.loop:{message}",
    "{level}: {message}",
    "{level} 09-16 13:32:46 [runner.py:57] {message}",
    "{level} [05/17 23:21:41 d2.engine.loop]: {message}",
    "2022-09-16 21:44:32,327\t{level} trainer.py:357 -- {message}",
    "[06/07/2021 20:39:01 {level} 140156949829440] {message}",
    "2021/05/24 09:50:34 {level} mlflow.cli: {message}",
]
LEVELS = {"INFO": "info", "DEBUG": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "critical"}


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("level", LEVELS)
def test_level_and_message_of_a_line_of_text(envelope: str, level: str) -> None:
    found = read(envelope.format(level=level, message="step went badly (3 of 4)"))
    assert found is not None
    assert (found.level, found.message.strip()) == (LEVELS[level], "step went badly (3 of 4)")


NATIVE = [
    ("E0501 22:05:19.414000 139692391809664 torch/elastic/api.py:881] it broke", "error"),
    ("E0000 00:00:1767345327.794751    6153 cuda_dnn.cc:8579] it broke", "error"),
    ("F1120 01:02:03.123456    99 blob.cpp:115] it broke", "fatal"),
    ("[W1120 01:02:03.123456789 socket.cpp:115] it broke", "warning"),
    ("I20240524 01:02:03.123456    99 solver.cpp:115] it broke", "info"),
    ("2026-01-02 09:15:27.775125: E external/xla/cuda_fft.cc:467] it broke", "error"),
]


@pytest.mark.parametrize(("line", "level"), NATIVE)
def test_records_of_compiled_code(line: str, level: str) -> None:
    found = read(line)
    assert found is not None and (found.level, found.message, found.native) == (level, "it broke", True)


@pytest.mark.parametrize(
    "line",
    [
        "Epoch 1: ERROR something",
        "step 3 INFO foo",
        '{"loss": 0.3, "epoch": 3}',
        '{"message": "epoch 3", "loss": 0.3}',
        "[1, 2]",
        "{",
        "[" * 60000,
        '{"a":' * 20000,
        '{"level": "error"}',
        '{"level": ' + "9" * 5000 + "}",
        '{"record": {"level": 3}, "text": "x"}',
        "a level= b",
    ],
)
def test_what_is_no_record(line: str) -> None:
    assert read(line) is None


STRUCTURED = [
    record(asctime="x", levelname="ERROR", name="train", message="step failed", exc_info=TRACE),
    record(event="step failed", level="error", timestamp="x", exception=TRACE),
    record(level="fatal", ts=1.0, caller="a.go:3", msg="step failed", stacktrace=TRACE),
    record(text="x | ERROR | step failed\n" + TRACE, record={
        "level": {"name": "ERROR", "no": 40}, "message": "step failed", "exception": {"type": "RuntimeError"},
    }),
    record(level="ERROR", message="step failed\n" + TRACE),
    record(level=50, time=1, msg="step failed", err={"type": "RuntimeError", "stack": TRACE}),
    record(**{"log.level": "error", "message": "step failed", "error.stack_trace": TRACE}),
    record(severity="ERROR", jsonPayload={"message": "step failed", "traceback": TRACE.split("\n")}),
    record(level="error", event="step failed", exception=[{
        "exc_type": "RuntimeError", "exc_value": "shape mismatch at layer 3",
        "frames": [{"filename": "train.py", "lineno": 88, "name": "step"}],
    }]),
    "time=x level=error msg=\"step failed\" exc_info=" + json.dumps(TRACE),
    record(log=record(level="error", msg="step failed", exc_info=TRACE) + "\n", stream="stderr", time="x"),
    "2026-01-01T00:00:00.123456789Z stderr F " + record(level="error", msg="step failed", exc_info=TRACE),
]  # fmt: skip


@pytest.mark.parametrize("line", STRUCTURED)
def test_a_traceback_inside_a_record_is_read(line: str) -> None:
    (found,) = scan(line)
    assert found.severity == "error"
    assert found.message == "RuntimeError: shape mismatch at layer 3"
    assert found.frames == ("train.py:88 in step",)
    assert (found.line, found.offset) == (2, len("step 1\n"))


def test_the_message_of_a_record_is_quoted_and_not_its_envelope() -> None:
    for line in (
        record(level="error", message=OOM),
        record(log=record(level="error", message=OOM) + "\n", stream="stderr"),
        record(log=OOM + "\n", stream="stdout"),
        record(textPayload=OOM, severity="ERROR"),
        f'level=error msg="{OOM}"',
        f"2025-10-10 12:49:50.533 | ERROR    | train:step:966 - {OOM}",
        f"ERROR:train:{OOM}",
    ):
        (found,) = scan(line)
        assert (found.severity, found.kind, found.message) == ("error", "cuda-oom", OOM), line


def test_a_traceback_that_a_container_logs_line_by_line() -> None:
    for wrap in (
        lambda line: record(log=line + "\n", stream="stderr", time="x"),
        lambda line: record(severity="ERROR", textPayload=line, timestamp="x"),
        lambda line: record(MESSAGE=line, PRIORITY="3", _PID="7"),
        lambda line: "2026-01-01T00:00:00.123456789Z stderr F " + line,
        lambda line: "2026-01-01 00:00:00,123 ERROR " + line,
    ):
        (found,) = scan("\n".join(wrap(line) for line in TRACE.split("\n")))
        assert found.message == "RuntimeError: shape mismatch at layer 3"
        assert found.frames == ("train.py:88 in step",) and found.line == 2


def test_rules_for_whole_lines_know_what_containers_log() -> None:
    (found,) = scan(record(log="Killed\n", stream="stderr"))
    assert (found.rule, found.message) == ("bare-killed", "Killed")
    (found,) = scan("2026-01-01T00:00:00.123456789Z stderr F Segmentation fault (core dumped)")
    assert found.kind == "native-crash"
    (found,) = scan("worker-1  | terminate called after throwing an instance of 'c10::Error'")
    assert found.kind == "native-crash"


@pytest.mark.parametrize("text", [OOM, TRACE.split("\n")[-1], "Segmentation fault (core dumped)", "fatal: x"])
def test_records_below_warnings_are_silent(text: str) -> None:
    for line in (
        record(level="info", message=text),
        record(level="debug", event=text, exc_info=TRACE),
        f'level=info msg="{text}"',
        f"2025-10-10 12:49:50.533 | INFO     | train:step:966 - {text}",
        f"INFO:train:{text}",
        f"2025-10-12 18:38:44,398 - pipeline - DEBUG - {text}",
    ):
        assert scan(line) == [], line


def test_numbers_count_at_every_level() -> None:
    for line in (
        '{"level": "info", "event": "epoch", "loss": NaN}',
        record(level="info", msg="epoch 3 train_loss: nan"),
        "2025-10-10 12:49:50.533 | INFO     | train:step:966 - train_loss: nan",
    ):
        assert [(found.severity, found.kind) for found in scan(line)] == [("error", "nan-loss")], line


def test_a_warning_is_at_most_one() -> None:
    for line in (
        record(level="warning", message="retrying", exc_info=TRACE),
        record(level="warn", msg=OOM),
        f"WARNING:train:{TRACE.splitlines()[-1]}",
    ):
        assert {found.severity for found in scan(line)} <= {"warning", "notice"}, line


def test_an_error_that_nothing_knows_is_mentioned_and_no_alarm() -> None:
    (found,) = scan("ERROR:fbprophet:Importing plotly went wrong. Interactive plots will not work.")
    assert (found.severity, found.kind, found.rule) == ("notice", "unclassified", "logged-error")
    assert found.message == "Importing plotly went wrong. Interactive plots will not work."
    (found,) = scan("2025-10-12 18:38:44,398 - ERROR - upload - giving up: ConnectionError: no route")
    assert (found.severity, found.kind) == ("warning", "network")
    (found,) = scan(record(level="fatal", msg="cannot bind the port"))
    assert (found.severity, found.message) == ("error", "cannot bind the port")
    assert scan("E0519 14:57:51.784197   56855 timer.cc:87] Delay kernel timed out") == []


def test_an_error_record_before_its_traceback_is_part_of_it() -> None:
    (found,) = scan("2025-10-12 18:38:44,398 - ERROR - train - epoch 3 went wrong\n" + TRACE)
    assert found.message == "RuntimeError: shape mismatch at layer 3"


def test_the_exploded_traceback_of_loguru() -> None:
    frames = "\n".join(
        f'  File "m{i}.py", line {i}, in f{i}\n    g(1, 0)\n    │    └ <function g at 0x7f>\n    └ 3\n'
        for i in range(9)
    )
    (found,) = scan(
        "2025-10-10 12:49:50.533 | ERROR    | __main__:<module>:966 - An error has been caught in function "
        "'<module>', process 'MainProcess' (1), thread 'MainThread' (2):\nTraceback (most recent call last):\n\n"
        f'> File "train.py", line 12, in <module>\n    main()\n    └ <function main at 0x7f>\n\n{frames}\n'
        "ZeroDivisionError: division by zero"
    )
    assert found.message == "ZeroDivisionError: division by zero" and len(found.frames) == 10
