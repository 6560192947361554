"""The Trials screen: its pages, its keys, and what it says of a run that is no training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from training_world import FINDINGS, a_training, document, trial, write_trials
from tui_world import World, said, screen_text, until

from trainer_tui.runs.trainings.data_sheet import data_of
from trainer_tui.runs.trainings.evaluation_sheet import evaluation_of
from trainer_tui.runs.trainings.split_sheet import split_of
from trainer_tui.runs.trainings.trials import Trials, read_trials
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.history_keys import CURVE_KEYS, HISTORY_KEYS
from trainer_tui.tui.keys import WATCH_KEYS
from trainer_tui.tui.log.keys import LOG_KEYS
from trainer_tui.tui.machine.keys import MACHINE_KEYS
from trainer_tui.tui.places import PLACES
from trainer_tui.tui.runs.keys import RUNS_KEYS
from trainer_tui.tui.screens.dialogs import Reading
from trainer_tui.tui.trials import evaluation_pictures, pictures
from trainer_tui.tui.trials.bench import TrialsBench, TrialsPicture, TrialsWish
from trainer_tui.tui.trials.data_words import check_entries, column_entries
from trainer_tui.tui.trials.entries import laid
from trainer_tui.tui.trials.evaluation_words import evaluation_entries, part_of
from trainer_tui.tui.trials.keys import TRIALS_KEYS
from trainer_tui.tui.trials.rows import SORTS, arranged
from trainer_tui.tui.trials.trial_words import params_json, trial_lines
from trainer_tui.tui.widgets.trials_table import TrialsTable

# ---------------------------------------------------------------------------------------- pure


@pytest.fixture
def search(tmp_path: Path) -> Trials:
    write_trials(tmp_path / "trials.jsonl", 60)
    return read_trials(tmp_path / "trials.jsonl")


def words(lines: Any) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def told(entries: Any, width: int = 100) -> str:
    return words(laid(entries, width).lines)


def test_no_other_place_uses_the_key_that_leads_here() -> None:
    ours = next(place for place in PLACES if place.name == "trials")
    keys = ours.keys.split(",")
    for table in (WATCH_KEYS, LOG_KEYS, CURVE_KEYS, RUNS_KEYS, MACHINE_KEYS, HISTORY_KEYS, TRIALS_KEYS):
        assert not {key for each in table for key in each.key.split(",")} & set(keys)
    everywhere = [key for place in PLACES for key in place.keys.split(",")] + ["e", "q", "question_mark"]
    assert len(everywhere) == len(set(everywhere))


def test_every_order_keeps_every_trial_and_what_has_no_value_comes_last(search: Trials) -> None:
    for sort in SORTS:
        for turned in (False, True):
            rows = arranged(search.trials, sort, turned, "maximize")
            assert sorted(t.number for t in rows) == list(range(61))
    best = search.best
    assert best is not None
    assert arranged(search.trials, "number", False)[0].number == 60
    assert arranged(search.trials, "value", False, "maximize")[0] == best
    worst_first = arranged(search.trials, "value", True, "maximize")
    assert worst_first[0].state == "complete" and worst_first[-1].state != "complete"
    assert arranged(search.trials, "value", False, "minimize") == worst_first
    slowest = arranged(search.trials, "seconds", False)
    assert (slowest[0].seconds or 0) >= (slowest[1].seconds or 0) and slowest[-1].seconds is None


@pytest.mark.parametrize("size", [(16, 5), (17, 7), (38, 9), (60, 14), (118, 40), (5, 1)])
def test_a_picture_has_the_size_that_was_asked_for(search: Trials, size: tuple[int, int]) -> None:
    sheets = [evaluation_of(document("evaluation"))]
    panels = [
        pictures.best_so_far(search, *size),
        pictures.best_so_far(Trials(), *size),
        pictures.against_value(search, "lightgbm", "learning_rate", *size),
        pictures.against_value(search, "random_forest", "criterion", *size),
        pictures.against_value(search, "lightgbm", "absent", *size),
        pictures.all_parameters(search, "lightgbm", *size),
        pictures.all_parameters(search, "absent", *size),
        pictures.importances(search, *size),
        *evaluation_pictures.pictures(sheets[0], "test", "", (size,) * 3),
        *evaluation_pictures.pictures(sheets[0], "train", "", (size,) * 3),
    ]
    for panel in panels:
        assert len(panel.lines) <= size[1]
        if size[0] >= 16:
            assert max(sum(len(text) for text, _ in line) for line in panel.lines) <= size[0]


def test_the_pictures_mark_the_best_without_colour(search: Trials) -> None:
    for panel in (
        pictures.best_so_far(search, 60, 14),
        pictures.against_value(search, "logistic_regression", "C", 60, 14),
    ):
        assert words(panel.lines).count("★") == 1
    assert "C (log)" in words(pictures.against_value(search, "logistic_regression", "C", 60, 14).lines)
    assert "entropy" in words(pictures.against_value(search, "random_forest", "criterion", 60, 14).lines)
    bars = words(pictures.importances(search, 60, 14).lines)
    assert bars.index("learning_rate") < bars.index("num_leaves") and "61%" in bars
    both = pictures.all_parameters(search, "lightgbm", 90, 14)
    assert "min_child_samples" in words(both.lines) and "18 trials  ━ best" in words(both.lines)
    assert {"best", "f1"} <= {style for line in both.lines for _, style in line}
    # Nothing says which way is better: no line and no star.
    blind = Trials(search.trials, "auc")
    assert "★" not in words(pictures.best_so_far(blind, 60, 14).lines)


def test_ten_thousand_trials_are_drawn_in_one_look(tmp_path: Path) -> None:
    write_trials(tmp_path / "trials.jsonl", 5000)
    search = read_trials(tmp_path / "trials.jsonl")
    panel = pictures.all_parameters(search, "lightgbm", 80, 14)
    assert "the best 400 of" in words(panel.lines)
    assert "•" not in words(pictures.best_so_far(search, 80, 14).lines[1:])


def test_outliers_do_not_flatten_the_rest() -> None:
    import numpy as np

    values = np.array([0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, -400.0])
    (bottom, top), left_out = pictures.value_span(values, "maximize")
    assert left_out == 1 and bottom > 0.8 and top < 1.0
    (bottom, top), left_out = pictures.value_span(-values, "minimize")
    assert left_out == 1 and top < -0.8


def test_the_data_page_says_what_was_inferred_and_what_leaks() -> None:
    data = data_of(document("data"))
    columns = told(column_entries(data))
    assert "569 rows, 30 features" in columns and "malignant 212, benign 357" in columns
    assert "positive class: benign" in columns.replace("\n     ", " ") and "30 columns used" in columns
    split = split_of({**document("split"), "findings": FINDINGS, "accepted": {"hidden-group": "agreed"}})
    entries = check_entries(data, split)
    checks = told(entries)
    assert "✔ quality   ✘ 1 of 11 leakage checks   test opened" in checks
    assert checks.index("✘ near-duplicates") < checks.index("▲ hidden-group") < checks.index("✔ time-order")
    assert "Accepted: agreed" in checks and "✔ holdout: locked" in checks
    assert "■ test: opened; it may not be opened again" in checks
    assert "By cancer/002-full at 2026-01-25 13:58 UTC. It was evaluated once" in checks
    duplicates = next(entry for entry in entries if entry.title == "near-duplicates")
    assert "17, 203, 411" in words(duplicates.opens)
    assert "no check has run yet" in told(check_entries(None, split_of({})))
    assert "not split yet" in told(check_entries(None, None))
    assert "no data.json yet" in told(column_entries(None))


@pytest.mark.parametrize("width", [40, 78, 116])
def test_the_evaluation_page_fits_and_says_what_was_refused(width: int) -> None:
    full = evaluation_of(document("evaluation"))
    text = told(evaluation_entries(full, "test", width), width)
    assert max(map(len, text.splitlines())) <= width
    assert "better than" in text and "threshold" in text and "Confusion on test" in text
    if width == 116:
        assert "▸ auc                    0.9983  0.994 to 1.000       0.9954" in text
    refused = document("evaluation")
    del refused["parts"]["test"]
    refused["test_refused"] = "The test part was opened by cancer/001-full on 2026-01-20."
    sheet = evaluation_of(refused)
    assert "▲ test not evaluated: The test part was opened" in told(evaluation_entries(sheet, "", 300), 300)
    assert part_of(sheet, "test") == "validation"
    assert "no evaluation.json yet" in told(evaluation_entries(None, "", width))


def test_a_trial_in_full(search: Trials) -> None:
    text = words(trial_lines(search.trials[0], search))
    assert "lightgbm" in text and "learning_rate      0.01" in text and "steps" in text and "worker 0" in text
    assert "ValueError: Input X contains infinity" in words(trial_lines(search.trials[11], search))
    best = search.best
    assert best is not None and "★ the best so far" in words(trial_lines(best, search))
    copied = json.loads(params_json(search.trials[0]))
    assert copied == {"algorithm": "lightgbm", "params": trial(0)["params"]}


def test_the_thread_reads_again_only_what_changed(world: World) -> None:
    run = a_training(world)
    made: list[TrialsPicture] = []
    bench = TrialsBench(lambda: made.append(bench.take()))  # type: ignore[arg-type]
    wish = TrialsWish(run.folder, cells=((60, 14), (60, 14)))
    bench.look(wish)
    bench.look(wish)
    assert len(made) == 1 and len(made[0].rows) == 61 and len(made[0].panels) == 2
    with (run.folder.path / "trials.jsonl").open("a") as file:
        file.write(json.dumps({**trial(60), "state": "complete", "value": 0.9999}) + "\n")
    bench.look(wish)
    best = made[1].trials.best
    assert best is not None and best.number == 60
    (run.folder.path / "evaluation.json").write_text("{torn")
    bench.look(wish)
    # What was known stays, and it is said that it is not seen any more.
    assert made[2].evaluation is not None and made[2].blind == "evaluation.json cannot be read"
    bench.let_go()


# ---------------------------------------------------------------------------------------- the screen


async def at_trials(pilot: Pilot[Any]) -> None:
    app = pilot.app
    await until(pilot, lambda: "passed" in screen_text(app))
    await pilot.press("T")
    await until(pilot, lambda: "★ best auc" in screen_text(app) and "Best so far" in screen_text(app))


@pytest.fixture
def ended(world: World) -> World:
    a_training(world).finish("passed", "exit 0", duration=6130.0)
    return world


async def test_every_key_of_the_trials_page(ended: World) -> None:
    app = CockpitApp(ended.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await at_trials(pilot)
        table = app.screen.query_one(TrialsTable)
        current = lambda: table.current.number if table.current else None  # noqa: E731
        assert current() == 60
        for key, number in (("down", 59), ("j", 58), ("up", 59), ("k", 60), ("end", 0), ("home", 60)):
            await pilot.press(key)
            assert current() == number
        await pilot.press("pagedown")
        assert current() == 60 - table.leaf
        await pilot.press("g", "b")
        assert current() == 56
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Reading) and "C        1.03728" in screen_text(app))
        await pilot.press("escape", "y")
        assert (
            app.clipboard == '{"algorithm": "logistic_regression", "params": {"C": 1.03728, "penalty": "l1"}}'
        )
        await until(pilot, lambda: "copied" in said(app))
        await pilot.press("s")
        await until(pilot, lambda: table.picture is not None and table.picture.wish.sort == "value")
        assert current() == 56 and "value▼" in screen_text(app)
        await pilot.press("S")
        await until(pilot, lambda: "value▲" in screen_text(app))
        assert "C against auc" in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: "learning_rate against auc" in screen_text(app))
        await pilot.press("m")
        await until(pilot, lambda: "num_leaves against auc" in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: "All parameters" in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: "Importances" in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: "num_leaves against auc" in screen_text(app))


async def test_pages_by_key_and_by_mouse(ended: World) -> None:
    app = CockpitApp(ended.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await at_trials(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: "1 of 11 leakage checks" in screen_text(app))
        assert "s Sort" not in screen_text(app) and "→ Columns" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Reading) and "17, 203, 411" in screen_text(app))
        await pilot.press("escape", "down", "enter")
        await until(
            pilot, lambda: isinstance(app.screen, Reading) and "accepted by a person" in screen_text(app)
        )
        await pilot.press("escape", "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, Reading) and "different values" in screen_text(app))
        await pilot.press("escape", "end")
        await until(pilot, lambda: "worst fractal dimension" in screen_text(app))
        await pilot.press("home", "left", "v")
        await until(pilot, lambda: "better than the previous best" in screen_text(app))
        await until(pilot, lambda: "ROC curve  test, benign" in screen_text(app))
        assert "Part" in screen_text(app) and "m Class" not in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: "ROC curve  train, benign" in screen_text(app))
        await pilot.press("p", "pagedown")
        await until(pilot, lambda: "Confusion on train" in screen_text(app))
        row = screen_text(app).splitlines()[1]
        await pilot.click(offset=(row.index("Data") + 1, 1))
        await until(pilot, lambda: "Quality, split, leakage" in screen_text(app))
        await pilot.press("V")
        await until(pilot, lambda: "★ best auc" in screen_text(app))
        await pilot.click(TrialsTable, offset=(16, 0))
        await until(pilot, lambda: "state▲" in screen_text(app) or "value▼" in screen_text(app))
        await pilot.click(TrialsTable, offset=(4, 4))
        await pilot.click(TrialsTable, offset=(4, 4))
        await until(pilot, lambda: isinstance(app.screen, Reading))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.current_mode == "watch")


async def test_a_training_is_seen_to_go_on(world: World) -> None:
    run = a_training(world, 3)
    world.supervise()
    run.begin()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("7")
        await until(pilot, lambda: "of 13 trials" in screen_text(app))
        with (run.folder.path / "trials.jsonl").open("a") as file:
            file.write(json.dumps({**trial(3), "value": 0.9999}) + "\n")
        await until(pilot, lambda: "★ best auc 0.9999: trial 3" in screen_text(app))


async def test_what_cannot_be_read_is_said_on_every_page(world: World) -> None:
    run = a_training(world)
    run.finish("passed", "exit 0")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(100, 30)) as pilot:
        await at_trials(pilot)
        (run.folder.path / "split.json").write_text("{torn")
        await until(pilot, lambda: "◌ blind: split.json cannot be read" in screen_text(app))
        await pilot.press("tab")
        await until(pilot, lambda: "1 of 11 leakage checks" in screen_text(app))
        assert "◌ blind: split.json cannot be read" in screen_text(app)


async def test_a_run_that_is_no_training_says_so(world: World) -> None:
    run = world.run("full")
    run.finish("passed", "exit 0")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "passed" in screen_text(app))
        await pilot.press("T")
        await until(pilot, lambda: "trainer-tui train DATA --target y" in screen_text(app))
        await pilot.press("tab", "s", "enter", "b", "p", "a", "m", "y", "down", "end", "right", "tab")
        assert "This run is no training" in screen_text(app)
        # It becomes one while it is looked at.
        shutil.copy(Path(__file__).parents[1] / "data" / "training_run" / "data.json", run.folder.path)
        await until(pilot, lambda: "Result" in screen_text(app) or "no trial" in screen_text(app))


async def test_hostile_files_are_shown_as_harmless_text(world: World) -> None:
    run = world.run("full")
    folder = run.folder.path
    evil = "\x1b]0;owned\x07[red]x[/red]\u202e"
    lines = [{"number": 0, "state": "complete", "value": 1.0, "algorithm": evil, "params": {evil: evil}}]
    lines.append({"study": {"metric": evil, "direction": "maximize"}})
    (folder / "trials.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "torn")
    (folder / "data.json").write_text(json.dumps({"data": {"name": evil, "columns": [{"name": evil}, 3]}}))
    (folder / "split.json").write_text('{"counts": {"train": 1e999}, "checks": 5}')
    (folder / "evaluation.json").write_text('{"parts": {"test": {"metrics": {"auc": "x"}, "roc": [{}]}}}')
    run.finish("passed", "exit 0")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "passed" in screen_text(app))
        await pilot.press("T")
        await until(pilot, lambda: "trial 0, [red]x[/red]" in screen_text(app))
        for _ in range(3):
            await pilot.press("enter", "escape")
            await until(pilot, lambda: not isinstance(app.screen, Reading))
            assert "\x1b" not in screen_text(app) and "\u202e" not in screen_text(app)
            if app.current_mode != "trials":
                await pilot.press("T")
            await pilot.press("tab")
            await pilot.pause(0.1)
