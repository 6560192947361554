"""Filter words, sort orders, sparklines and labels: what lists of runs are made with."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from catalog_world import Yard
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.catalog.labels import FILE, MOST_TAGS, Labels, read_labels, split_tags, write_labels
from trainer_tui.runs.catalog.shortlist import (
    SORT_COLUMNS,
    Order,
    Shortlist,
    Term,
    next_order,
    parse_filter,
    sort_runs,
)
from trainer_tui.runs.catalog.sparkline import (
    BLOCKS,
    BROKEN,
    WIDTH,
    best_of,
    more_is_better,
    narrowed,
    sparkline,
)
from trainer_tui.runs.catalog.summary import RunSummary

BASE = RunSummary("model_3", "001-full", 1, "full", status="ended", reason="passed")
RUNS = (
    replace(BASE, created="2026-01-01", best=0.5, duration_s=10, tags=("paper", "Final")),
    replace(
        BASE,
        folder="002-quick",
        number=2,
        phase="quick",
        reason="nan-loss",
        created="2026-01-02",
        best=0.4,
        sentence="train_loss is NaN",
        note="the rate was too high",
    ),
    replace(
        BASE,
        model="other",
        number=3,
        folder="003-full",
        status="running",
        reason="",
        created="2026-01-03",
        blind="no supervisor watches this run",
    ),
    replace(
        BASE,
        model="other",
        number=4,
        folder="004-full",
        reason="stopped-by-user",
        created="2025-12-31",
        best=0.6,
        tags=("old",),
    ),
)


def numbers(words: str) -> set[int]:
    return {run.number for run in Shortlist().of(RUNS, words, Order())}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {1, 2, 3, 4}),
        ("OTHER", {3, 4}),
        ("model_3 quick", {2}),
        ("status:failed", {2}),
        ("status:living", {3}),
        ("status:blind", {3}),
        ("state:passed", {1}),
        ("failed", {2}),
        ("tag:paper", {1}),
        ("tags:final", {1}),
        ("-tag:old", {1, 2, 3}),
        ("model:other -status:running", {4}),
        ('"rate was"', {2}),
        ('note:"too high"', {2}),
        ('"unclosed', set()),
        ("reason:nan", {2}),
        ("phase:full", {1, 3, 4}),
        ("what:ever", set()),
        ("tag:", {1, 2, 3, 4}),
        ("#3", {3}),
        ("passed nan", set()),
    ],
)
def test_a_filter(words: str, found: set[int]) -> None:
    assert numbers(words) == found


@given(st.text(max_size=30))
def test_any_text_is_a_filter(text: str) -> None:
    assert all(isinstance(term, Term) and term.text for term in parse_filter(text))
    assert numbers(text) <= {1, 2, 3, 4}


def test_what_a_run_is_found_by_follows_the_run() -> None:
    shortlist = Shortlist()
    assert not shortlist.of([RUNS[3]], "tag:new", Order())
    assert shortlist.of([replace(RUNS[3], tags=("new",))], "tag:new", Order())


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (Order(), [3, 2, 1, 4]),
        (Order("started", False), [4, 1, 2, 3]),
        (Order("best", False), [2, 1, 4, 3]),
        (Order("best", True), [4, 1, 2, 3]),
        (Order("took", True), [1, 3, 2, 4]),
        (Order("run", False), [1, 2, 3, 4]),
        (Order("state", False), [3, 2, 1, 4]),
        (Order("tags", False), [4, 1, 3, 2]),
        (Order("no such column", True), [3, 2, 1, 4]),
    ],
)
def test_an_order(order: Order, found: list[int]) -> None:
    assert [run.number for run in sort_runs(RUNS, order)] == found


@pytest.mark.parametrize("column", [column.name for column in SORT_COLUMNS])
def test_every_column_sorts_runs_of_which_nothing_is_known(column: str) -> None:
    bare = [RunSummary("m", f"{n:03d}-full", n, "full", changed_ns=n) for n in range(3)]
    assert len(sort_runs([*bare, *RUNS], Order(column))) == 7


def test_going_through_the_columns_comes_back_to_the_first() -> None:
    order, seen = Order(), []
    for _ in SORT_COLUMNS:
        seen.append(order.column)
        order = next_order(order)
    assert order == Order() and len(set(seen)) == len(SORT_COLUMNS)
    assert next_order(Order("best", False), "best") == Order("best", True)
    assert next_order(Order(), "curve") == Order()


# ------------------------------------------------------------------ sparklines


@given(st.lists(st.floats(), max_size=200), st.integers(0, 40))
def test_a_sparkline_of_anything(values: list[float], width: int) -> None:
    line = sparkline(values)
    assert len(line) == min(len(values), WIDTH) and set(line) <= {*BLOCKS, BROKEN}
    assert len(narrowed(line, width)) == min(width, len(line))
    found = best_of(values, "loss")
    assert (found is None) == (not any(map(math.isfinite, values)))


def test_a_broken_place_is_seen_however_narrow() -> None:
    line = sparkline([1.0] * 10 + [math.nan] + [1.0] * 13)
    assert BROKEN in narrowed(line, 4)
    assert narrowed("", 4) == "" and sparkline([]) == ""


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("val_accuracy", True),
        ("acc", True),
        ("val_auc", True),
        ("f1", True),
        ("R2", True),
        ("reward", True),
        ("recall@5", True),
        ("val_loss", False),
        ("rmse", False),
        ("accumulated_error", False),
        ("score_loss", False),
        ("map_loss", False),
        ("perplexity", False),
    ],
)
def test_which_way_is_better(name: str, more: bool) -> None:
    assert more_is_better(name) is more
    assert best_of([1.0, 3.0, 2.0], name) == ((3.0, 1) if more else (1.0, 0))


# ------------------------------------------------------------------ labels


def test_labels_are_kept_and_go_with_their_file(tmp_path: Path) -> None:
    run = Yard(tmp_path).ended()
    labels = Labels().with_tags(split_tags("#paper, lr  paper Paper")).with_tags(["x"], ["LR"])
    assert labels.tags == ("paper", "x")
    write_labels(run, Labels(labels.tags, "a note"))
    assert read_labels(run) == Labels(("paper", "x"), "a note")
    assert [path.name for path in run.path.glob("*.tmp")] == []
    write_labels(run, Labels())
    assert not (run.path / FILE).exists() and read_labels(run) == Labels()


@pytest.mark.parametrize("text", ["", "[]", '{"tags": "paper", "note": 3}', '{"tags": [1, null]}'])
def test_labels_of_another_hand(tmp_path: Path, text: str) -> None:
    run = Yard(tmp_path).ended()
    (run.path / FILE).write_text(text)
    assert read_labels(run) == Labels()


@given(st.text(max_size=300))
def test_tags_are_words_without_control_characters(text: str) -> None:
    tags = Labels().with_tags(split_tags(text)).tags
    assert len(tags) <= MOST_TAGS
    assert all(tag and tag.split() == [tag] and tag.isprintable() for tag in tags if tag.isascii())
