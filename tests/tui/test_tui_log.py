"""The Log screen: every key, logs that grow, turn and shrink, hostile bytes; the screen stays alive."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Footer
from tui_world import FakeRun, World, busy, said, screen_text, until

from trainer_tui.tui import CockpitApp
from trainer_tui.tui.log import pager
from trainer_tui.tui.log.keys import LOG_KEYS
from trainer_tui.tui.log.page import Page
from trainer_tui.tui.logapp import LogApp

pytestmark = pytest.mark.usefixtures("anyhow_dark")

Shown = Callable[[], str]


def numbered(count: int, first: int = 0) -> bytes:
    """Lines that say which they are, one a second from 14:00:00 on."""
    lines = []
    for n in range(first, first + count):
        hour, minute, second = 14 + n // 3600, n // 60 % 60, n % 60
        lines.append(f"2026-01-25 {hour:02d}:{minute:02d}:{second:02d} INFO line {n} of the log\n")
    return "".join(lines).encode()


class Reading:
    """An app on a log, and a hand on its keys."""

    def __init__(self, app: LogApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def page(self) -> Page:
        return self.app.desk.page

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def here(self) -> str:
        """The line that keys act on."""
        return next((row.text for row in self.page.rows if row.start == self.page.cursor), "")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def answer(self, key: str, text: str) -> None:
        """Press a key that asks, and answer."""
        await self.pilot.press(key)
        await self.pilot.press(*(_key(character) for character in text), "enter")

    async def until(self, condition: Callable[[], object]) -> None:
        await until(self.pilot, condition)


def _key(character: str) -> str:
    names = {" ": "space", "%": "percent_sign", ":": "colon", "-": "minus", "/": "slash", ".": "full_stop"}
    names |= {"+": "plus", "[": "left_square_bracket", "]": "right_square_bracket", "(": "left_parenthesis"}
    names |= {"_": "underscore"}
    return names.get(character, character)


@asynccontextmanager
async def reading(path: Path, size: tuple[int, int] = (100, 24), **kwargs: Any) -> AsyncIterator[Reading]:
    app = LogApp(path, **kwargs)
    async with app.run_test(size=size) as pilot:
        here = Reading(app, pilot)
        await here.until(lambda: here.page.rows or here.page.waiting != "reads the log")
        yield here


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "train.log"
    path.write_bytes(numbered(5000))
    return path


# ---------------------------------------------------------------------------------- moving


async def test_a_log_opens_at_its_end_and_says_where_it_is(log: Path) -> None:
    async with reading(log) as here:
        await here.until(lambda: "line 5,000 of 5,000" in here.text)
        assert here.here.endswith("line 4999 of the log") and "following" in here.text


async def test_keys_move_the_cursor_and_the_page(log: Path) -> None:
    async with reading(log) as here:
        await here.press("up")
        await here.until(lambda: "line 4998 " in here.here and not here.page.following)
        await here.press("k", "k", "j")
        await here.until(lambda: "line 4997 " in here.here)
        await here.press("g")
        await here.until(lambda: "line 0 " in here.here)
        await here.press("up")
        await here.press("pagedown")
        height = here.app.desk.view.size.height
        await here.until(lambda: f"line {height - 1} " in here.here)
        await here.press("pageup", "pageup")
        await here.until(lambda: "line 0 " in here.here)
        await here.press("space", "ctrl+f", "ctrl+b")
        await here.until(lambda: f"line {height - 1} " in here.here)
        await here.press("G")
        await here.until(lambda: here.page.following and "line 4999 " in here.here)
        await here.press("home", "end")
        await here.until(lambda: here.page.following)


async def test_the_cursor_below_the_last_line_follows_again(log: Path) -> None:
    async with reading(log) as here:
        await here.press("up")
        await here.until(lambda: not here.page.following)
        await here.press("down", "down")
        await here.until(lambda: here.page.following)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("1234", 1233),
        ("1,234", 1233),
        ("50%", 2499),
        ("14:02", 120),
        ("2026-01-25 14:02:30", 150),
        ("-10m", 4399),
    ],
)
async def test_places_that_can_be_gone_to(log: Path, asked: str, line: int) -> None:
    async with reading(log) as here:
        await here.until(lambda: here.page.lines == 5000)
        await here.answer("colon", asked.replace(",", ","))
        if asked.endswith("%"):
            await here.until(lambda: not here.page.following and abs(int(here.here.split()[4]) - line) < 30)
        else:
            await here.until(lambda: f"line {line} " in here.here)


@pytest.mark.parametrize(("asked", "why"), [("soon", "is no line"), ("99999", "has 5,000 lines")])
async def test_a_place_that_is_none_is_explained(log: Path, asked: str, why: str) -> None:
    async with reading(log) as here:
        await here.until(lambda: here.page.lines == 5000)
        await here.answer("colon", asked)
        await here.until(lambda: why in said(here.app))


async def test_the_question_can_be_left(log: Path) -> None:
    async with reading(log) as here:
        await here.press("colon")
        await here.until(lambda: "go to: " in here.text)
        await here.press("escape")
        await here.until(lambda: "go to: " not in here.text and here.app.focused is here.app.desk.view)


async def test_a_line_that_is_not_counted_yet_is_said_so(log: Path) -> None:
    from trainer_tui.runs.logs.file import LogFile
    from trainer_tui.runs.logs.index import LineIndex
    from trainer_tui.tui.log import asks
    from trainer_tui.tui.log.desk import LogDesk

    desk = LogDesk(log)
    desk.use(LogFile(log), LineIndex())
    desk.build()
    asks.go_to(desk, "4000")
    assert "not reached yet" in desk.said[0].text


# ---------------------------------------------------------------------------------- searching


async def test_searching_on_and_back_with_a_count(log: Path) -> None:
    async with reading(log) as here:
        await here.press("g")
        await here.answer("slash", "line 7 ")
        await here.until(lambda: "line 7 " in here.here and "1 of 1 line" in here.text)
        await here.answer("slash", "99 of")  # typed over what was searched for before
        await here.until(lambda: "line 99 " in here.here and "1 of 50 lines" in here.text)
        await here.answer("slash", "no such thing")
        await here.until(lambda: "not found: no such thing" in said(here.app))


async def test_next_and_previous_go_around_the_ends(log: Path) -> None:
    async with reading(log) as here:
        await here.press("g")
        await here.answer("slash", "999 of")
        await here.until(lambda: "line 999 " in here.here and "1 of 5 lines" in here.text)
        await here.press("n")
        await here.until(lambda: "line 1999 " in here.here)
        await here.press("N", "N")
        await here.until(lambda: "line 4999 " in here.here and "went on at the end" in said(here.app))
        await here.press("n")
        await here.until(lambda: "line 999 " in here.here and "went on at the top" in said(here.app))


async def test_searching_back_and_from_the_end(log: Path) -> None:
    async with reading(log) as here:
        await here.answer("slash", "999 of")  # following: the newest
        await here.until(lambda: "line 4999 " in here.here)
        await here.answer("colon", "3500")
        await here.until(lambda: "line 3499 " in here.here)
        await here.press("backslash", "enter")
        await here.until(lambda: "line 2999 " in here.here)


async def test_only_the_matches(log: Path) -> None:
    async with reading(log) as here:
        await here.press("g")
        await here.answer("slash", "999 of")
        await here.until(lambda: "line 999 " in here.here)
        await here.press("ampersand")
        await here.until(lambda: len(here.page.rows) == 5 and "only these" in here.text)
        await here.press("down")
        await here.until(lambda: "line 1999 " in here.here)
        await here.press("ampersand")
        await here.until(lambda: len(here.page.rows) > 5 and "line 1999 " in here.here)
        await here.press("escape")
        await here.until(lambda: here.page.search is None)


async def test_matches_that_come_while_only_they_are_shown(log: Path) -> None:
    async with reading(log) as here:
        await here.answer("slash", "needle")
        await here.until(lambda: "not found" in said(here.app))
        await here.press("ampersand", "G")
        await here.until(lambda: "no line matches" in here.text)
        with open(log, "ab") as file:
            file.write(b"a needle\n" + numbered(3))
        await here.until(lambda: [row.text for row in here.page.rows] == ["a needle"])


async def test_regular_expressions_and_case(log: Path) -> None:
    async with reading(log) as here:
        await here.press("g", "slash", "ctrl+r")
        await here.until(lambda: "regular expression" in here.text)
        await here.press(*(_key(c) for c in "line 12.4 "), "enter")
        await here.until(lambda: "line 1204 " in here.here and "10 lines" in here.text)
        await here.press("slash", "ctrl+u", "(", "enter")
        await here.until(lambda: "cannot be searched for" in said(here.app))
        await here.press("slash", "ctrl+r", "ctrl+u", "ctrl+t", *"info", "enter")
        await here.until(lambda: "not found: info" in said(here.app))


async def test_asking_for_the_next_match_of_nothing_asks_for_a_text(log: Path) -> None:
    async with reading(log) as here:
        for key in ("n", "N", "ampersand"):
            await here.press(key)
            await here.until(lambda: "search" in here.text and "enter searches" in here.text)
            await here.press("escape")


async def test_the_screen_lives_while_a_large_log_is_searched_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    block = b"2026-01-25 14:00:00 INFO an ordinary line of a log that is long\n" * 4096
    with open(path, "wb") as file:
        for _ in range(1024):
            file.write(block)  # 268 MB
        file.write(b"needle\n")
    async with reading(path) as here:
        await here.answer("slash", "needl.zzz")
        slowest = 0.0
        for key in ["up", "down"] * 15:
            before = here.page.cursor
            began = time.perf_counter()
            await here.press(key)
            await until(here.pilot, lambda: here.page.cursor != before)  # noqa: B023
            slowest = max(slowest, time.perf_counter() - began)
        assert slowest < 0.5  # 0.05 on a machine that does nothing else
        await here.until(lambda: here.page.lines == 1024 * 4096 + 1)


# ---------------------------------------------------------------------------------- the log changes


async def test_what_is_written_appears_and_a_held_page_stays(log: Path) -> None:
    async with reading(log) as here:
        with open(log, "ab") as file:
            file.write(b"the newest line\n")
        await here.until(lambda: here.here == "the newest line")
        await here.press("g")
        await here.until(lambda: "line 0 " in here.here)
        with open(log, "ab") as file:
            file.write(numbered(10))
        await here.until(lambda: here.page.lines == 5011)
        assert "line 0 " in here.here


@pytest.mark.parametrize("how", ["truncated", "rotated", "rewritten"])
async def test_a_log_that_begins_anew_is_seen_at_once(log: Path, how: str) -> None:
    async with reading(log) as here:
        await here.until(lambda: here.page.lines == 5000)
        if how == "rotated":
            os.rename(log, log.with_suffix(".1"))
        with open(log, "wb") as file:
            file.write(b"another beginning\n" * (20_000 if how == "rewritten" else 2))
        began = time.monotonic()
        await here.until(lambda: here.here == "another beginning")
        assert time.monotonic() - began < 1.5  # 0.5 on a machine that does nothing else
        await here.until(lambda: how in said(here.app))


async def test_a_log_that_comes_later(tmp_path: Path) -> None:
    path = tmp_path / "later.log"
    async with reading(path) as here:
        await here.until(lambda: "waits for the log" in here.text)
        await here.press("up", "g", "enter", "y", "v", "n", "escape", "pagedown", "w")
        path.write_bytes(b"")
        await here.until(lambda: "empty so far" in here.text)
        path.write_bytes(b"here it is")
        await here.until(lambda: here.here == "here it is")


async def test_a_log_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "folder.log").mkdir()
    async with reading(tmp_path / "folder.log") as here:
        await here.until(lambda: "cannot be read" in here.text)


async def test_a_burst_is_shown_to_its_last_line(log: Path) -> None:
    async with reading(log) as here:
        with open(log, "ab") as file:
            file.write(numbered(300_000) + b"the last one\n")
        await here.until(lambda: here.here == "the last one")
        await here.until(lambda: here.page.lines == 305_001)


# ---------------------------------------------------------------------------------- how lines look

HOSTILE = b"\x1b]0;TITLE\x07\x1b[2Jbefore \x1b[31mred\x1b[0m [/bold] \xff\xfe \x9b5A \xe2\x80\xae after\n"


async def test_hostile_bytes_reach_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(HOSTILE * 3)
    async with reading(path) as here:
        await here.until(lambda: "before red" in here.text)
        strips = here.app.screen._compositor.render_strips()
        drawn = "".join(segment.text for strip in strips for segment in strip)
        assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in drawn)
        colours = {
            segment.style.color.name
            for strip in strips
            for segment in strip
            if segment.text.strip() == "red" and segment.style and segment.style.color
        }
        assert colours and colours != {"default"}


async def test_bars_are_folded_until_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    frames = b"".join(b"\r%3d%%|###   | %d/100 [00:01<00:02, 3.5it/s]" % (n, n) for n in range(100))
    lines = b"".join(b"%d/50 [=====>.....] - loss: 0.%02d\n" % (n, n) for n in range(1, 50))
    done = b"50/50 [===========] - loss: 0.50\n"
    path.write_bytes(b"begin\n" + frames + b"\nbetween\n" + lines + done + b"1/50 [>....] - loss: 0.4\nend\n")
    async with reading(path) as here:
        texts = ["begin", " 99%|###", "between", "50/50", "1/50", "end"]
        await here.until(lambda: len(here.page.rows) == 6)
        assert all(row.text.startswith(text) for row, text in zip(here.page.rows, texts, strict=True))
        assert "⋯ 100 frames" in here.text and "⋯ 49 lines of bars above" in here.text
        await here.press("up", "up", "up")
        await here.until(lambda: here.here == "between")
        await here.press("b", "G")
        await here.until(lambda: "every bar" in here.text and "49/50" in here.text)
        await here.press("g", "down")
        await here.until(lambda: " 12%|###" in here.text)
        await here.press("b")
        await here.until(lambda: len(here.page.rows) == 6)


async def test_wrapped_lines_are_moved_over_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"".join(b"%d " % n + b"x" * 500 + b" end%d\n" % n for n in range(20)))
    async with reading(path) as here:
        assert "end19" not in here.text
        await here.press("right", "right", *["right"] * 40)
        await here.until(lambda: "end19" in here.text)
        await here.press(*["left"] * 40)
        await here.press("w")
        await here.until(lambda: "end19" in here.text and len({row.start for row in here.page.rows}) < 5)
        first = here.page.rows[0]
        here.app.desk.view.post_message(here.app.desk.view.Moved(-1))
        await here.until(lambda: here.page.rows[1] == first)
        await here.press("g")
        await here.until(lambda: here.page.rows[0].text.startswith("0 x"))


async def test_a_line_of_fifty_megabytes_is_shown_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"before\n" + b"y" * 50_000_000 + b"\nafter\n")
    async with reading(path) as here:
        await here.until(lambda: "50.0 MB" in here.text and "before" in here.text and "after" in here.text)
        await here.press("w", "up", "enter")
        await here.until(lambda: here.page.detail is not None and "50,000,000 bytes" in here.text)


async def test_records_are_made_readable_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(
        b'INFO {"loss": 0.25, "nested": {"a": [1]}}\n' + b"{'loss': 0.5}\nplain\n\x1b[31mred\x1b[0m\n"
    )
    async with reading(path) as here:
        await here.press("enter")
        await here.until(lambda: here.page.detail is not None and here.page.detail.text == "red")
        await here.press("g")
        await here.until(lambda: '"nested": {' in here.text and "a record" in here.text)
        await here.press("down")
        await here.until(
            lambda: here.page.detail is not None and here.page.detail.text == '{\n  "loss": 0.5\n}'
        )
        await here.press("down")
        await here.until(lambda: here.page.detail is not None and here.page.detail.text == "plain")
        await here.press("escape")
        await here.until(lambda: here.page.detail is None)


# ---------------------------------------------------------------------------------- taking away


async def test_this_line_or_the_selection_is_copied(log: Path) -> None:
    async with reading(log) as here:
        await here.press("g", "y")
        await here.until(lambda: here.app.clipboard == "2026-01-25 14:00:00 INFO line 0 of the log")
        await here.press("v", "down", "down")
        await here.until(lambda: here.page.selected is not None and "line 2 " in here.here)
        assert "┃" in here.text
        await here.press("y")
        await here.until(lambda: here.app.clipboard.count("\n") == 2 and "copied 3 lines" in said(here.app))
        assert here.app.clipboard.endswith("line 2 of the log")


async def test_more_than_a_terminal_takes_is_cut_and_said(log: Path) -> None:
    async with reading(log) as here:
        await here.press("g", "v", "G", "y")
        await here.until(lambda: "a terminal takes no more" in said(here.app))
        assert len(here.app.clipboard) <= 100_000


async def test_escape_drops_the_selection(log: Path) -> None:
    async with reading(log) as here:
        await here.press("v")
        await here.until(lambda: here.page.selected is not None)
        await here.press("escape")
        await here.until(lambda: here.page.selected is None)


async def test_selection_and_matches_are_saved_as_they_are(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with reading(log, name="train.log") as here:
        await here.press("s")
        await here.until(lambda: "nothing is selected" in said(here.app))
        await here.press("g", "v", "down")
        await here.until(lambda: here.page.selected is not None and "line 1 " in here.here)
        await here.press("s", "enter")
        target = tmp_path / "train-lines.log"
        await here.until(lambda: "saved" in said(here.app))
        assert target.read_bytes() == numbered(2)
        await here.press("v", "s", "enter")
        await here.until(lambda: "is there already" in said(here.app))
        assert target.read_bytes() == numbered(2)
        await here.press("escape")
        await here.answer("slash", "999 of")
        await here.until(lambda: here.page.search is not None and here.page.search.total == 5)
        await here.press("ampersand")
        await here.until(lambda: here.page.search is not None and here.page.search.filtered)
        await here.press("s", "enter")
        target = tmp_path / "train-matches.log"
        await here.until(lambda: target.exists() and target.read_bytes().count(b"\n") == 5)


# ---------------------------------------------------------------------------------- mouse


async def test_wheel_scrollbar_and_clicks(log: Path) -> None:
    async with reading(log) as here:
        await here.until(lambda: here.page.lines == 5000)
        view = here.app.desk.view
        last = here.page.rows[-1].start
        await here.pilot._post_mouse_events([_wheel_up()], view, offset=(5, 5))
        await here.until(lambda: here.page.rows[-1].start < last and not here.page.following)
        await here.pilot.click(view, offset=(10, 2))
        await here.until(lambda: here.page.cursor == here.page.rows[2].start)
        await here.pilot.click(view, offset=(10, 3), times=2)
        await here.until(lambda: here.page.detail is not None)
        await here.press("escape")
        await here.pilot.click(view.vertical_scrollbar, offset=(0, 1))
        await here.until(lambda: here.page.rows[-1].start < last - 1000)


def _wheel_up() -> Any:
    from textual.events import MouseScrollUp

    return MouseScrollUp


async def test_a_hundred_million_lines_scroll(log: Path) -> None:
    """The scrollbar of a log with more rows than any other widget has."""
    from textual.scrollbar import ScrollTo

    async with reading(log) as here:
        await here.until(lambda: here.page.lines == 5000)
        view, wishes = here.app.desk.view, []
        view._place_bar(
            Page(rows=here.page.rows, lines=100_000_000, size=10**10, offset=5 * 10**9, following=False)
        )
        assert view.virtual_size.height == 100_000_000
        assert view.vertical_scrollbar.position == pytest.approx(5 * 10**7)
        view.post_message = wishes.append  # type: ignore[method-assign, assignment]
        view._on_scroll_to(ScrollTo(y=75_000_000))
        view._on_scroll_to(ScrollTo(y=100_000_000))
        del view.post_message  # type: ignore[attr-defined]
        assert [wish.share for wish in wishes] == [0.75, 1.0]


# ---------------------------------------------------------------------------------- in the cockpit


async def test_the_log_of_the_run_with_its_incidents(world: World) -> None:
    run = busy(world)
    run.log(*[f"line {n}" for n in range(200)])
    data = run.log_path.read_bytes()
    for name in ("line 50\n", "line 120\n"):
        incident = {"id": name, "severity": "error", "kind": "exception", "message": "x"}
        run.events.append("incident", incident={**incident, "offset": data.index(name.encode())})
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        await pilot.press("l")
        await until(pilot, lambda: app.screen.id == "log-place" and "line 199" in screen_text(app))
        desk = app.screen.desk  # type: ignore[attr-defined]

        def here() -> str:
            return next(row.text for row in desk.page.rows if row.start == desk.page.cursor)

        await pilot.press("left_square_bracket")
        await until(pilot, lambda: here() == "line 120" and "✘" in screen_text(app))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: here() == "line 50")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "this is the first incident" in said(app))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: here() == "line 120")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.id == "watch")
        run.log("written while nobody looked")
        await pilot.press("2")
        await until(pilot, lambda: app.screen.id == "log-place" and here() == "line 120")
        await pilot.press("f")
        await until(pilot, lambda: "written while nobody looked" in screen_text(app))


async def test_without_a_run_there_is_no_log(world: World) -> None:
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "there is no run yet" in screen_text(app))
        await pilot.press("right_square_bracket", "g", "slash", "escape", "escape")
        await until(pilot, lambda: app.screen.id == "watch")


async def test_another_run_is_shown_when_it_is_chosen(world: World) -> None:
    first: FakeRun = world.run("quick")
    first.log("the first run")
    first.finish("passed", "well")
    second = busy(world)
    second.log("the second run")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("l")
        await until(pilot, lambda: "the second run" in screen_text(app))
        app.choose(first.folder)
        await until(pilot, lambda: "the first run" in screen_text(app))


async def test_the_palette_and_the_footer_know_the_keys(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("l")
        await until(pilot, lambda: app.screen.id == "log-place")
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {key.label for key in LOG_KEYS} <= titles
        await until(pilot, lambda: "Filter" in screen_text(app))
        assert app.screen.query(Footer)


def test_nothing_is_read_while_nobody_looks(log: Path) -> None:
    one = pager.Pager(log, lambda: None)
    one._asleep = True
    assert one._pause(0.0) is None
    one._asleep = False
    assert one._pause(time.monotonic()) is not None
