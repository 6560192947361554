"""The history as a table: cells below each other, sorted, flagged, found again."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui_world import World

from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.tui.histories import Ledger, ledger_of
from trainer_tui.tui.tables.bench import TableBench, TablePicture, TableWish
from trainer_tui.tui.tables.cells import halves, look_of
from trainer_tui.tui.tables.goto import row_for

numbers = st.floats(width=64)


@given(st.lists(numbers, min_size=1, max_size=40), st.booleans())
def test_the_decimal_points_stand_below_each_other(values: list[float], whole: bool) -> None:
    look = look_of("loss", whole, values)
    cells = [look.cell(value) for value in values if not math.isnan(value)]
    assert {len(cell) for cell in cells} <= {look.width}
    for value, cell in zip([v for v in values if not math.isnan(v)], cells, strict=True):
        before, after = halves(value, whole)
        assert cell.strip() == before + after
        assert cell[look.width - look.right :].rstrip() == after


@given(st.lists(numbers, max_size=20), numbers)
def test_a_value_that_needs_more_room_gets_it(values: list[float], more: float) -> None:
    look = look_of("x", False, values)
    if not math.isnan(more) and not look.fits(more):
        wider = look.widened(more)
        assert wider.fits(more) and wider.width >= look.width
        assert all(wider.fits(value) for value in values if not math.isnan(value))


def test_whole_numbers_keep_all_their_digits() -> None:
    look = look_of("epoch", True, [1, 1_000_000])
    assert look.cell(1_000_000.0) == "1000000" and look.cell(12) == "     12"
    assert look_of("lr", False, [1e-5, 0.001]).cell(1e-5).strip() == "1e-05"
    assert look_of("x", False, [1e300, -1e300]).cell(-1e300).strip() == "-1e+300"
    assert look_of("a_very_long_name_of_a_metric", False, [1.5]).head == "a_very_long_nam…"


def epochs(*values: float) -> History:
    return History({"epoch": array("d", values), "loss": array("d", values)}, [], len(values))


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("3", 2),
        ("#1", 0),
        ("# 4", 3),
        ("50%", 2),
        ("100%", 4),
        ("-5%", 0),
        ("4.4", 3),
        ("1,000", 4),
        ("0", 0),
    ],
)
def test_where_to_go(text: str, row: int) -> None:
    assert row_for(epochs(1, 2, 3, 4, 5), text) == row


def test_where_nobody_can_go() -> None:
    assert "1 to 5" in str(row_for(epochs(1, 2, 3, 4, 5), "#6"))
    for text in ("", "abc", "nan", "%", "1e999"):
        assert isinstance(row_for(epochs(1, 2), text), str)
    assert isinstance(row_for(epochs(math.nan), "3"), str)
    assert row_for(epochs(1, 2, 3, 2, 3), "3") == 4  # after resuming the newest one counts


def test_without_a_step_column_a_number_is_a_row() -> None:
    table = History({"loss": array("d", [5, 4])}, [], 2)
    assert row_for(table, "2") == 1 and isinstance(row_for(table, "3"), str)


def table_of(world: World, text: str, sort: str | None = None, falling: bool = False) -> TablePicture:
    run = world.run()
    run.folder.history.write_text(text)
    run.events.append(
        "incident",
        incident=Incident(
            "a", "warning", "overfit", "val loss rises", facts={"row": 1, "column": "val_loss"}
        ).to_dict(),
    )
    ledger = ledger_of(run.folder)
    ledger.read()
    return TableBench(lambda: None).make(TableWish(run.folder, sort, falling), [ledger], 1.0)


TEXT = "epoch,val_loss,lr\n1,0.5,0.1\n2,0.4,\n3,nan,0.1\n4,inf,0.01\n5,0.3,0.01\n6,0.3,nan\n"


def test_flags_stops_and_the_best(world: World) -> None:
    picture = table_of(world, TEXT)
    assert picture.best == (4, "val_loss")
    assert picture.flags[1, "val_loss"].text.startswith("val loss rises")
    # The empty cell of lr is none; of the stretch nan, inf the first.
    assert picture.stops == ((1, "val_loss"), (2, "val_loss"), (5, "lr"))
    assert picture.page.blanks["lr"] == bytearray([0, 1, 0, 0, 0, 0])


@pytest.mark.parametrize(("falling", "rows"), [(False, [4, 5, 1, 0, 3, 2]), (True, [3, 0, 1, 4, 5, 2])])
def test_sorted_with_nan_last_and_equal_ones_as_they_were(
    world: World, falling: bool, rows: list[int]
) -> None:
    picture = table_of(world, TEXT, "val_loss", falling)
    assert [picture.row_at(place) for place in range(picture.rows)] == rows
    assert [picture.place_of(row) for row in rows] == list(range(6))


@pytest.mark.parametrize("text", ["", "epoch,val_loss\n"])
def test_without_rows_it_says_what_to_do(world: World, text: str) -> None:
    assert "waits for the first row" in table_of(world, text).waiting


# The ledger


def test_a_history_is_read_once_for_all_screens_and_as_it_grows(world: World) -> None:
    run = world.run()
    run.history(10)
    ledger = ledger_of(run.folder)
    assert ledger_of(run.folder) is ledger
    assert ledger.read() and not ledger.read()
    before = ledger.page()
    run.history(5, start=11)
    assert ledger.read()
    after = ledger.page()
    assert (before.history.rows, after.history.rows) == (10, 15)
    assert before.version != after.version


def test_a_history_that_begins_anew_is_another_version(world: World) -> None:
    run = world.run()
    run.history(10)
    ledger = Ledger(run.folder)
    ledger.read()
    before = ledger.page()
    run.folder.history.write_text("epoch,loss\n" + "".join(f"{n},1\n" for n in range(1, 11)))
    assert ledger.read()
    after = ledger.page()
    assert after.history.rows == before.history.rows == 10 and after.version != before.version
    assert list(after.history.columns) == ["epoch", "loss"] == list(after.blanks)
    assert before.history.columns["rmse"][9] > 0, "what was handed out stays as it was"


def test_where_an_incident_of_the_log_stands_is_known_from_the_rows_there_were(world: World) -> None:
    run = world.run()
    run.history(10)
    run.events.append("cursor", log_offset=0, line=0, generation=0, history_rows=7)
    run.events.append("incident", incident=Incident("a", "error", "x", "lost a worker").to_dict())
    run.events.append("cursor", log_offset=0, line=0, generation=0, history_rows=9)
    ledger = Ledger(run.folder)
    ledger.read()
    assert ledger.reached == {"a": 7}
