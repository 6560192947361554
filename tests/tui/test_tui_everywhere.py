"""What every place has: help, bar, palette, a footer that is true, calls for somebody, themes, any size."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from textual.color import Color
from textual.pilot import Pilot
from tui_world import World, busy, requests_of, said, screen_text, until

from trainer_tui.runs.files import read_json
from trainer_tui.runs.occasions import Occasion
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import RunState
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.calling import news, sequences
from trainer_tui.tui.help import groups_of, help_lines, keys_text
from trainer_tui.tui.keys import TABLES, WATCH_KEYS, Key
from trainer_tui.tui.pictures import RunPicture
from trainer_tui.tui.places import PLACES
from trainer_tui.tui.remember import _keep, remembered, state_file
from trainer_tui.tui.screens.dialogs import Confirm
from trainer_tui.tui.screens.diary import DiaryScreen
from trainer_tui.tui.screens.help import HelpScreen
from trainer_tui.tui.themes import CHOICES, OURS, theme_for, theme_setting
from trainer_tui.tui.widgets.place_bar import PlaceBar

NAMES = [place.name for place in PLACES]


async def at_place(pilot: Pilot[Any], name: str) -> None:
    """Go there by its number."""
    place = next(place for place in PLACES if place.name == name)
    await pilot.press(place.keys.rpartition(",")[2])
    await until(pilot, lambda: pilot.app.current_mode == name)


# ---------------------------------------------------------------------------------------- help


@pytest.mark.parametrize("name", NAMES)
async def test_help_names_every_key_of_the_place_first(world: World, name: str) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 60)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await at_place(pilot, name)
        await pilot.pause(0.1)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "Help ─" in screen_text(app))
        keys = [key for group in app.screen._groups for key in group.keys]
        titles = [group.title for group in app.screen._groups]
        table = TABLES["log-screen" if name == "log" else name]
        assert {key.label for key in keys[: len(table)]} == {key.label for key in table}
        assert titles[-2:] == ["Places", "Everywhere"]
        rest = keys[len(table) :]
        assert {"Diary", "Help", "Quit"} <= {key.label for key in rest}
        for place in PLACES:
            assert any(key.text.startswith(f"{place.label}: ") for key in rest)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))
        assert app.current_mode == name


async def test_help_scrolls_and_the_same_key_closes_it(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: "The run" in screen_text(app))
        assert "leave the screens" not in screen_text(app)
        await pilot.press("end")
        await until(pilot, lambda: "leave the screens" in screen_text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))


def test_help_is_one_line_a_key_at_any_width() -> None:
    groups = groups_of("Watch", WATCH_KEYS, {"diary"})
    assert [group.title for group in groups] == ["The run", "Log", "Panes"]
    for width in (40, 72, 104, 160):
        lines = help_lines(groups, "said", width)
        assert len(lines) == len(WATCH_KEYS) + 3 + 2 + 2
        assert all(sum(len(text) for text, _ in line) <= width for line in lines)
    assert sum("not now" in "".join(t for t, _ in line) for line in help_lines(groups, "", 160)) == 15
    assert keys_text(Key("f,end,G", "x", "X", "x")) == "f end G"
    assert keys_text(Key("slash", "x", "X", "x", display="/")) == "/"


# ---------------------------------------------------------------------------------------- bar, footer


async def test_the_bar_shows_where_one_is_and_a_click_leads_elsewhere(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        for name, label in (("runs", "4 Runs"), ("machine", "5 Machine"), ("watch", "1 Watch")):
            row = screen_text(app).splitlines()[46]
            await pilot.click(offset=(row.index(label) + 2, 46))
            await until(pilot, lambda name=name: app.current_mode == name)
            bar = app.screen.query_one(PlaceBar)
            await until(pilot, lambda bar=bar: bar.size.width == 160)
            styles = [segment for segment in bar.render_line(0) if segment.style and segment.style.reverse]
            assert "".join(segment.text for segment in styles).strip() == label
        row = screen_text(app).splitlines()[46]
        await pilot.click(offset=(row.index("e Diary") + 2, 46))
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))


async def test_the_bar_leaves_its_row_to_low_screens(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        assert "1 Watch" not in screen_text(app)
        await pilot.resize_terminal(80, 40)
        await until(pilot, lambda: "1 Watch" in screen_text(app))


async def test_the_diary_is_a_key_away_from_every_place(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        for name in ("machine", "history", "curves"):
            await at_place(pilot, name)
            await pilot.press("e")
            await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
            await pilot.press("escape")
            await until(pilot, lambda name=name: app.current_mode == name and app.is_free)


async def test_the_footer_says_what_the_key_does_now(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "p Pause" in screen_text(app))
        run.events.append("paused", why="x")
        await until(pilot, lambda: "p Go on" in screen_text(app) and "p Pause" not in screen_text(app))
        run.events.append("continued", paused_s=1)
        await until(pilot, lambda: "p Pause" in screen_text(app))


# ---------------------------------------------------------------------------------------- palette


async def palette(pilot: Pilot[Any], text: str, wanted: str) -> None:
    """Open the palette, type, wait for a command and take it."""
    await pilot.press("ctrl+p", *text)
    await until(pilot, lambda: wanted in screen_text(pilot.app))
    await pilot.press("enter")


async def test_the_palette_leads_to_places_and_controls_the_run_from_anywhere(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await palette(pilot, "go to machine", "the last hour, cores")
        await until(pilot, lambda: app.current_mode == "machine")
        await palette(pilot, "run stop", "Run: Stop")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        assert requests_of(run) == []
        await palette(pilot, "sort", "processes as a tree")
        await until(pilot, lambda: app.screen._order == "cpu")


@pytest.mark.parametrize("name", NAMES)
async def test_every_key_of_a_place_is_a_command(world: World, name: str) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await at_place(pilot, name)
        titles = [command.title for command in app.get_system_commands(app.screen)]
        table = TABLES["log-screen" if name == "log" else name]
        absent = {"watch": {"Retry", "Skip quick"}, "trials": {"Checks", "Columns"}}
        hidden = absent.get(name, set())
        assert {key.label for key in table} - hidden <= set(titles)
        assert {f"Go to {place.label}" for place in PLACES} <= set(titles)
        assert {"Help", "Quit", "Screenshot", *(f"Theme: {c.label}" for c in CHOICES)} <= set(titles)
        if name != "watch":
            assert {"Run: Pause", "Run: Stop", "Run: Note"} <= set(titles)
    assert run.child is not None


# ---------------------------------------------------------------------------------------- themes


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: the ratio of the relative luminances of two colours."""

    def luminance(text: str) -> float:
        parts = [part / 255 for part in Color.parse(text).rgb]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_text_can_be_read_in_each_of_our_themes() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text; 1.4.11: 3 to 1 for what is drawn."""
    for theme in OURS:
        colours = theme.to_color_system().generate() | theme.variables
        texts = ("foreground", "text-muted", "text-error", "text-success", "text-warning", "blind")
        for text, ground in itertools.product(texts, ("background", "surface", "panel")):
            ratio = contrast(colours[text], colours[ground])
            least = 7.0 if "contrast" in theme.name else 4.5
            assert ratio >= least, (theme.name, text, ground, round(ratio, 2))
        for drawn in ("train-line", "val-line", "primary"):
            ratio = contrast(colours[drawn], colours["background"])
            assert ratio >= 3, (theme.name, drawn, round(ratio, 2))


@pytest.mark.usefixtures("anyhow_dark")
async def test_a_theme_that_was_chosen_is_there_the_next_time(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        assert app.theme == "trainer-dark"
        await palette(pilot, "high contrast, light", "Theme: high contrast, light")
        await until(pilot, lambda: app.theme == "trainer-contrast-light")
        await until(pilot, lambda: remembered("theme") == "trainer-contrast-light")
    assert CockpitApp(world.cockpit).theme == "trainer-contrast-light"
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        app.choose_theme("")
        assert app.theme == "trainer-dark"
        await until(pilot, lambda: remembered("theme") == "")


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.setting)
async def test_every_theme_shows_every_place(world: World, choice: Any) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        app.choose_theme(choice.theme)
        for name in NAMES:
            await at_place(pilot, name)
            await pilot.pause(0.05)
        assert app.theme == choice.theme


def test_which_theme_is_the_first(tmp_path) -> None:
    rich = {"COLORTERM": "truecolor"}
    assert theme_for(rich) == "trainer-dark"
    assert theme_for({"TERM": "vt100"}) == "ansi-dark"
    assert theme_for(rich, "", "16-light") == "ansi-light"
    assert theme_for(rich, "trainer-contrast", "light") == "trainer-contrast"
    assert theme_for(rich, "gone-since", "light") == "trainer-light"
    assert theme_for({**rich, "TEXTUAL_THEME": "nord"}, "trainer-contrast", "light") == "nord"
    assert theme_setting(tmp_path, {}) == "auto"
    (tmp_path / "trainer.toml").write_text('[screen]\ntheme = "contrast"\n')
    assert theme_setting(tmp_path, {}) == "contrast"
    assert theme_setting(tmp_path, {"TRAINER_TUI_SCREEN__THEME": "dark"}) == "dark"
    for broken in ("[screen\n", "screen = 3\n", "\xff"):
        (tmp_path / "trainer.toml").write_bytes(broken.encode("latin-1"))
        assert theme_setting(tmp_path, {}) == "auto"


def test_what_cannot_be_remembered_does_no_harm(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    _keep({"theme": "x", "sort": "cpu"})
    _keep({"theme": ""})
    assert read_json(state_file()) == {"sort": "cpu"}
    state_file().write_text("[1, 2")
    assert remembered("sort", "tree") == "tree"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    _keep({"theme": "x"})
    assert remembered("theme") == ""


# ---------------------------------------------------------------------------------------- calling somebody

TOLD = Occasion("failed", "m #1: bad;\x1b]0;EVIL\x07", "a; b\x1b[2J\x07c", "m/001-full", True)


def test_a_terminal_is_sent_its_own_kind_of_notification() -> None:
    both = sequences(TOLD, {})
    assert both == "\x1b]9;m #1: bad,: a, bc\x07\x1b]777;notify;m #1: bad,;a, bc\x07"
    assert "777" not in sequences(TOLD, {"TERM_PROGRAM": "iTerm.app"})
    assert "]9;" not in sequences(TOLD, {"TERM_PROGRAM": "WezTerm"})
    wrapped = sequences(TOLD, {"TMUX": "/tmp/x", "TERM": "tmux-256color"})
    assert wrapped.count("\x1bPtmux;\x1b\x1b]") == 2 and wrapped.count("\x1b\\") == 2


async def test_what_happens_is_shown_rung_and_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    rung: list[int] = []
    sent: list[str] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(1))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        write = app._driver.write
        monkeypatch.setattr(app._driver, "write", lambda data: (sent.append(data), write(data))[1])
        hang = {
            "id": "h",
            "severity": "warning",
            "kind": "hang",
            "message": "no output \x1b]0;EVIL\x07for 9 min",
        }
        run.events.append("incident", incident={**hang, "source": "silence"})
        await until(pilot, lambda: "no output for 9 min" in said(app))
        assert rung == [1]
        calls = [data for data in sent if "]777;" in data or "]9;" in data]
        assert len(calls) == 1 and "fell silent" in calls[0] and "EVIL" not in calls[0]
        run.finish("passed", "exit 0")
        await until(pilot, lambda: "exit 0" in said(app))
        assert rung == [1, 1]


def picture(
    name: str, *, wanted: tuple[str, ...] = ("failed", "ended", "gate", "silent"), **fields: Any
) -> RunPicture:
    number = int(name[:3])
    state = RunState(f"m/{name}", "m", number, name[4:], **{"status": "running", **fields})
    return RunPicture(state, plan=WatchPlan("m", (), "", "", notify_on=wanted))


def test_an_end_between_two_looks_is_not_missed() -> None:
    before = picture("001-quick")
    ended = picture("001-quick", status="ended", reason="passed").state
    after = picture("002-full")
    after = RunPicture(after.state, earlier=(ended,), plan=after.plan)
    assert [occasion.kind for occasion in news(before, after)] == ["gate"]
    assert news(None, after) == []
    assert (
        news(
            picture("002-full", wanted=("failed",)),
            picture("002-full", wanted=("failed",), status="ended", reason="passed"),
        )
        == []
    )


# ---------------------------------------------------------------------------------------- sizes

SIZES = [
    (240, 70),
    (80, 24),
    (160, 48),
    (64, 18),
    (120, 36),
    (40, 12),
    (200, 20),
    (70, 60),
    (20, 5),
    (100, 30),
]


@pytest.mark.parametrize("name", NAMES)
async def test_every_place_stands_at_every_size(world: World, name: str) -> None:
    """Nothing raises, nothing sticks out, and no two parts of the screen lie on each other."""
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await at_place(pilot, name)
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await until(
                pilot, lambda w=width, h=height: (app.screen.size.width, app.screen.size.height) == (w, h)
            )
            await pilot.pause(0.05)
            rows = screen_text(app).splitlines()
            assert len(rows) == height and all(len(row) <= width for row in rows)
            if height >= 12:
                parts = [
                    w
                    for w in app.screen.children
                    if w.display and w.region.area and not w.has_class("-textual-system")
                ]
                for one, other in itertools.combinations(parts, 2):
                    assert not one.region.overlaps(other.region), (one, other, width, height)
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: "● running" in screen_text(app))
