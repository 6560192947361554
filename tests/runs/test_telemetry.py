"""Samples of machine and job, as they come."""

from __future__ import annotations

import math
import os
from pathlib import Path

from trainer_tui.runs.files import LineAppender
from trainer_tui.runs.telemetry import COLUMNS, GPU_COLUMNS, Gpu, TelemetryReader, gpu_column

HEADER = [*COLUMNS, *(gpu_column(gpu, name) for gpu in (0, 1) for name in GPU_COLUMNS)]


def sample(path: Path, **values: float) -> None:
    appender = LineAppender(path)
    if not path.exists():
        appender.append(",".join(HEADER).encode())
    appender.append(",".join(str(values.get(name, "")) for name in HEADER).encode())


def test_samples_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.csv"
    reader = TelemetryReader(path)
    assert reader.poll() == reader.rows == 0
    assert math.isnan(reader.value("job_rss"))
    assert reader.series("job_rss", 5) == []
    assert reader.peak("job_rss") is None
    assert reader.last() == {}
    assert reader.gpus() == []
    for number in range(4):
        sample(path, time=number, job_rss=100 - number)
    assert reader.poll() == reader.rows == 4
    sample(path, time=4, disk_free=7)
    assert reader.poll() == 1
    assert reader.last() == {"time": 4, "disk_free": 7}
    assert math.isnan(reader.value("job_rss"))
    assert reader.series("time", 3) == [2, 3, 4]
    assert reader.series("time", 100) == [0, 1, 2, 3, 4]
    assert reader.series("time", 0) == []
    assert reader.peak("job_rss") == 100
    reader.close()


def test_who_looks_at_the_last_samples_keeps_no_others(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.csv"
    last, every = TelemetryReader(path, keep=100), TelemetryReader(path)
    most = 0
    for piece in range(40):
        with path.open("a") as file:
            file.write("time,job_rss\n" if not piece else "")
            file.writelines(f"{piece * 30 + n},{n}\n" for n in range(30))
        assert last.poll() == every.poll() == 30
        most = max(most, last.rows)
        assert last.last() == every.last() and last.series("time", 100) == every.series("time", 100)
    assert most <= 125 and every.rows == 1200
    last.close()
    every.close()


def test_gpus_and_what_the_driver_does_not_say(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.csv"
    sample(
        path,
        gpu0_util=98,
        gpu0_mem_used=5,
        gpu0_mem_total=10,
        gpu0_temp=61,
        gpu0_power=412,
        gpu1_mem_total=10,
    )
    reader = TelemetryReader(path)
    reader.poll()
    first, second = reader.gpus()
    assert first == Gpu(0, 98, 5, 10, 61, 412)
    assert (second.index, second.mem_total) == (1, 10)
    assert math.isnan(second.util)
    reader.close()


def test_a_reader_that_is_closed_holds_no_file(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.csv"
    sample(path, time=1)
    before = os.listdir("/proc/self/fd")
    reader = TelemetryReader(path)
    reader.poll()
    reader.close()
    assert os.listdir("/proc/self/fd") == before


def test_a_full_disk_makes_no_half_sample(small_disk: Path) -> None:
    path, filler = small_disk / "telemetry.csv", small_disk / "filler"
    appender = LineAppender(path)
    appender.append(b"time,job_rss")
    filler.write_bytes(b"f" * 57_000)
    reader = TelemetryReader(path)
    rows = 400
    for number in range(rows):
        appender.append(b"%d,%d" % (number, 10**18 + number))
        reader.poll()
    assert appender.waiting
    filler.unlink()
    assert appender.flush()
    reader.poll()
    assert reader.rows == rows
    assert reader.series("time", rows) == list(range(rows))
    assert min(reader.series("job_rss", rows)) == 10**18
    reader.close()
