"""The Machine screen: what it works out, what it samples of real processes, and its keys."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from itertools import count

import numpy as np
import psutil
import pytest
from textual.events import MouseScrollDown
from tui_world import GIB, FakeRun, World, screen_text, until

from trainer_tui.tui import CockpitApp
from trainer_tui.tui.machine.charts import (
    FILL,
    area,
    charts_of,
    draw,
    span_words,
    trace_in_time,
    window_of,
)
from trainer_tui.tui.machine.cores import core_rows
from trainer_tui.tui.machine.outlook import outlook_of, outlook_words
from trainer_tui.tui.machine.sampler import PresentSampler
from trainer_tui.tui.machine.tree import Process, arranged
from trainer_tui.tui.plotting.raster import Raster, Window
from trainer_tui.tui.widgets.process_table import ProcessTable

MIB = float(1 << 20)


def words(pieces: list[tuple[str, str]]) -> str:
    return "".join(text for text, _ in pieces)


# ---------------------------------------------------------------------------------------- memory


def test_a_leak_is_forecast_with_its_confidence() -> None:
    noise = np.random.default_rng(1).normal(0, 15 * MIB, 3600)
    seconds = np.arange(3600.0)
    rss = 2 * GIB + 6 * MIB * seconds / 60 + noise
    outlook = outlook_of(seconds, rss, free=6 * GIB)
    assert outlook is not None and outlook.steady
    assert outlook.low <= 6 * MIB / 60 <= outlook.high
    assert outlook.reaches_s == pytest.approx(1024 * 60, rel=0.1)
    told = words(outlook_words(outlook, 24 * GIB))
    assert "(99 %: +" in told and "limit of 24.0 GiB in about 1" in told
    soon = outlook_words(outlook_of(seconds, rss, free=0.5 * GIB), 24 * GIB)
    assert soon[0][1] == "warning" and words(soon).startswith("▲ job memory")


def test_what_does_not_grow_is_no_leak() -> None:
    seconds = np.arange(3600.0)
    flat = 2 * GIB + np.random.default_rng(2).normal(0, 20 * MIB, 3600)
    jump = np.where(seconds > 1800, 3 * GIB, 2 * GIB)
    for rss in (flat, jump):
        outlook = outlook_of(seconds, rss, free=GIB)
        assert outlook is not None and not outlook.steady and outlook.reaches_s is None
        assert "no steady growth" in words(outlook_words(outlook, 24 * GIB))


@pytest.mark.parametrize(
    ("seconds", "rss"),
    [([], []), ([1.0], [math.nan]), (list(range(400)), [GIB] * 400), ([0, 1e12, 5], [1, 2, 3])],
)
def test_too_little_is_no_forecast(seconds: list[float], rss: list[float]) -> None:
    """Four hundred seconds are start-up and too little after it; a clock that leaps is no clock."""
    assert outlook_of(seconds, rss, GIB) is None
    assert "a forecast needs 9 minutes" in words(outlook_words(None, GIB))


# ---------------------------------------------------------------------------------------- charts


def test_a_gap_in_the_samples_is_a_gap_in_the_chart() -> None:
    x = np.concatenate((np.arange(0.0, 600), np.arange(1800.0, 2400)))
    y = np.full(len(x), 50.0)
    assert list(trace_in_time(x, y).starts) == [0, 600]
    raster = Raster(60, 4, Window(0, 2400, 0, 100))
    filled = area(trace_in_time(x, y), (0.0, 2400.0), raster)
    inside = (filled.x > 650) & (filled.x < 1750)
    assert len(filled.x) and not inside.any()


def test_the_window_moves_by_whole_dots() -> None:
    assert window_of(np.array([]), 40) == (0.0, 60.0)
    assert window_of(np.array([3.0, 65.0]), 40) == (3.0, 123.0)
    windows = {window_of(np.array([0.0, 5000.0 + n]), 40) for n in range(90)}
    assert len(windows) == 3  # a dot is 45 seconds wide
    assert all(right - left == 3600 and right >= 5000 for left, right in windows)
    assert span_words(0, 300, False) == "the first 5 minutes"
    assert span_words(400, 4000, True) == "its last hour"


def test_each_gpu_has_four_charts_and_what_is_not_told_is_said() -> None:
    table = {"cpu_percent": [50.0], "cpu_count": [4.0], "ram_total": [8 * GIB], "ram_used": [7.6 * GIB]}
    for name, value in (("util", math.nan), ("mem_used", GIB), ("mem_total", 80 * GIB), ("temp", 91.0)):
        table[f"gpu0_{name}"] = [value]
    charts = charts_of(lambda name: table.get(name, []), 1)
    tells = {chart.name: (chart.lines[0].tells, chart.lines[0].tone) for chart in charts}
    assert tells["GPU0"] == ("not told", "plain")
    assert tells["GPU0 memory"] == ("1 %  1.0 of 80 GiB", "plain")
    assert tells["GPU0 heat"] == ("91 °C", "warning")
    assert tells["GPU0 power"] == ("not told", "plain")
    assert tells["RAM"] == ("95 %  7.6 of 8 GiB", "warning")
    assert [chart.name for chart in charts][:4] == ["CPU", "RAM", "job", "disk"]
    for chart in charts:
        drawn = draw(chart, np.array([1.0]), (0.0, 60.0), 20, 3)
        assert drawn.bits.shape == (3, 20) and set(np.unique(drawn.owner)) <= {-1, 0, 1, FILL}


@pytest.mark.parametrize(("cores", "rows"), [(2, 1), (16, 2), (64, 1), (256, 2), (4096, 3)])
def test_every_core_is_shown_in_the_room_there_is(cores: int, rows: int) -> None:
    found = core_rows([100.0 * n / cores for n in range(cores)], 158, 3)
    assert len(found) == rows
    assert all(sum(len(text) for text, _ in row) <= 158 for row in found)


# ---------------------------------------------------------------------------------------- processes


def process(pid: int, parent: int, cpu: float = 0.0, rss: int = 0) -> Process:
    return Process(pid, parent, f"p{pid}", cpu, rss, 1, "runs")


def test_the_tree_and_the_other_orders() -> None:
    job = [process(5, 1, 1, 10), process(7, 5, 9, 20), process(9, 7, 5, 5), process(8, 5, 2, 90)]
    assert [(row.process.pid, row.branch) for row in arranged(job, "tree")] == [
        (5, ""),
        (7, "├─ "),
        (9, "│  └─ "),
        (8, "└─ "),
    ]
    assert [row.process.pid for row in arranged(job, "cpu")] == [7, 9, 8, 5]
    assert [row.process.pid for row in arranged(job, "memory")] == [8, 7, 5, 9]
    circle = [process(1, 2), process(2, 1)]
    assert len(arranged(circle, "tree")) == 2


FAMILY = """
import subprocess, sys
code = "import sys; sys.stdin.read() #\\x1b]0;EVIL\\x07 [/x]"
child = subprocess.Popen([sys.executable, "-S", "-c", code], stdin=0)
print("ready", flush=True)
child.wait()
"""


def test_real_processes_are_seen_cleaned_and_counted(world: World) -> None:
    run = world.run()
    family = subprocess.Popen(
        [sys.executable, "-S", "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert family.stdout is not None and family.stdout.readline() == b"ready\n"
        from trainer_tui.runs.files import replace_json
        from trainer_tui.runs.process import ProcessIdentity, host_name

        identity = ProcessIdentity.of(family.pid)
        assert identity is not None
        here = {**identity.to_dict(), "host": host_name()}
        replace_json(run.folder.process_json, here, fsync=False)
        sampler = PresentSampler(lambda: None)
        first = sampler._look(run.folder, time.monotonic())
        present = sampler._look(run.folder, time.monotonic())
        assert len(present.cores) == psutil.cpu_count()
        assert present.total == 2 and [p.parent for p in present.processes][1] == family.pid
        assert first.processes[0].cpu is None and present.processes[0].cpu is not None
        assert all(p.rss > 0 and p.threads == 1 for p in present.processes)
        commands = "".join(p.command for p in present.processes)
        assert "\x1b" not in commands and "[/x]" in commands
        replace_json(run.folder.process_json, {**here, "host": "gpu\x1b[2J01"}, fsync=False)
        assert sampler._look(run.folder, 0.0).why == "it runs on gpu01: its processes are not seen from here"
    finally:
        family.communicate()
    replace_json(run.folder.process_json, here, fsync=False)
    assert sampler._look(run.folder, 0.0).why == "its process is gone"
    run.folder.exit_json.write_text("{}")
    assert "it has ended" in sampler._look(run.folder, 0.0).why


# ---------------------------------------------------------------------------------------- the screen


def leaking(world: World, seconds: int = 1200, gpus: int = 0) -> FakeRun:
    world.supervise()
    run = world.run().begin()
    for second in range(0, seconds, 3):
        run.sample(float(second), gpus=gpus)
    return run


async def test_the_screen_shows_past_present_and_forecast(world: World) -> None:
    run = leaking(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("5")
        for text in (
            "the first 20 minutes",
            "RAM 41 %",
            "no GPU",
            "+12.0 MiB/min",
            "limit of 24.0 GiB",
        ):
            await until(pilot, lambda text=text: text in screen_text(app))
        assert run.child is not None
        await until(
            pilot, lambda: f"{run.child.pid} " in screen_text(app) and "sys.stdin.read()" in screen_text(app)
        )
        run.events.append("blind", source="gpu", why="the GPU driver has not answered for 20 s")
        await until(pilot, lambda: "◌ blind (gpu): the GPU driver" in screen_text(app))
        run.finish("passed", "exit 0")
        await until(
            pilot, lambda: "no process is left" in screen_text(app) and "blind" not in screen_text(app)
        )
        await pilot.press("escape")
        await until(pilot, lambda: app.current_mode == "watch")


async def test_without_samples_it_says_so_and_is_blind_after_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer_tui.tui.machine.bench.STALE_S", 0.5)
    world.supervise()
    world.run().begin()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("M")
        await until(pilot, lambda: "waits for the first sample" in screen_text(app))
        await until(
            pilot,
            lambda: (
                "◌ blind (machine)" in str(app.screen.query_one("#machine-says").render())
                or "no sample for" in screen_text(app)
            ),
        )


async def test_an_ended_run_shows_its_last_hour(world: World) -> None:
    run = world.run()
    for second in range(0, 6000, 5):
        run.sample(float(second), gpus=2)
    run.finish("passed", "exit 0")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✔ passed" in screen_text(app))
        await pilot.press("M")
        await until(
            pilot, lambda: "its last hour" in screen_text(app) and "GPU1 power 412 W" in screen_text(app)
        )


async def test_its_keys(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = leaking(world, 100, gpus=8)
    assert run.child is not None
    pid = str(run.child.pid)
    app = CockpitApp(world.cockpit)
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("M")
        await until(pilot, lambda: "GPU0" in screen_text(app) and f" {pid} " in screen_text(app))
        table = app.screen.query_one(ProcessTable)
        pids = count(100_000)
        sampler = app.screen._sampler  # so many rows no test should start: they are shown, not sampled
        sampler.close()
        await until(pilot, lambda: not sampler.is_alive())
        processes = [process(next(pids), 1, cpu=float(n), rss=1000 - n) for n in range(40)]
        table.show(arranged(processes, "tree"), "tree")
        for key, row in (
            ("down", 1),
            ("up", 0),
            ("pagedown", table.leaf),
            ("end", 39),
            ("home", 0),
            ("G", 39),
        ):
            await pilot.press(key)
            assert table.cursor == row, key
        await pilot.press("y")
        assert copied == ["p100039"]
        await pilot.press("z")
        await until(pilot, lambda: "GPU0" not in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "GPU0" in screen_text(app) and app.current_mode == "machine")
        charts = app.screen.query_one("#machine-charts")
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: charts.scroll_offset.y > 0)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: charts.scroll_offset.y == 0)
        await pilot._post_mouse_events([MouseScrollDown], charts, offset=(5, 1))
        await until(pilot, lambda: charts.scroll_offset.y > 0)
        for key in ("s", "s", "s"):
            await pilot.press(key)
        assert app.screen._order == "tree"
    assert run.child is not None


async def test_a_click_on_a_column_sorts_by_it(world: World) -> None:
    leaking(world, 100)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("M")
        await until(pilot, lambda: "command▼" in screen_text(app))
        await pilot.click("#processes", offset=(16, 0))
        await until(pilot, lambda: "memory▼" in screen_text(app))
        await pilot.click("#processes", offset=(9, 0))
        await until(pilot, lambda: "CPU %▼" in screen_text(app))


async def test_nothing_is_sampled_while_another_place_is_in_front(world: World) -> None:
    leaking(world, 100)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("M")
        await until(pilot, lambda: "Now ─" in screen_text(app))
        screen = app.screen
        looks: list[int] = []
        for part, name in ((screen._sampler, "_look"), (screen._bench, "look")):
            look = getattr(part, name)
            setattr(part, name, lambda *a, look=look: (looks.append(1), look(*a))[1])
        await until(pilot, lambda: len(looks) >= 2)
        await pilot.press("1")
        await pilot.pause(0.3)
        looks.clear()
        await pilot.pause(1.5)
        assert looks == []
