"""Which columns and which x axis are drawn, of all that the histories hold."""

from __future__ import annotations

from trainer_tui.tui.curves import groups as grouped
from trainer_tui.tui.histories import Ledger, Page
from trainer_tui.tui.plotting.picture import MOST_CURVES, CurvesPicture, Wish
from trainer_tui.tui.plotting.traces import A_ROW, BY_THE_CLOCK, SINCE_START, XAxis

_ADVICE = (
    "run.log(epoch=…, train_loss=…, val_loss=…) of TrainingRun writes them;\n"
    "what other tools write, or print into the log, is found by itself,\n"
    'or named in the table of the model in trainer.toml: history = "metrics.csv"'
)

NO_ROWS = f"waits for the first row of metrics\n\n{_ADVICE}"

NO_HISTORY = f"this run has written no metrics\n\n{_ADVICE}"


def choice(wish: Wish, ledgers: list[Ledger], pages: list[Page]) -> CurvesPicture:
    """The columns there are and those that are chosen, or why there are none."""
    rows = max((page.history.rows for page in pages), default=0)
    problems = sum(page.problems for page in pages)
    if not rows:
        alive = any(not ledger.state.over for ledger in ledgers)
        return CurvesPicture(wish, waiting=NO_ROWS if alive or not ledgers else NO_HISTORY)
    main = ledgers[0].main_metric
    metrics = list(dict.fromkeys(n for page in pages for n in page.history.metrics()))
    others = list(dict.fromkeys(n for page in pages for n in page.history.columns if n not in metrics))
    groups = tuple(tuple(group) for group in grouped(metrics, main))
    names = (*(name for group in groups for name in group), *others)
    chosen = tuple(name for name in names if name in (wish.columns or ()))
    if not chosen and wish.columns != ():  # none was asked for yet, or another run has none of them
        chosen = groups[0] if groups else tuple(others[:1])
    chosen = chosen[:MOST_CURVES]
    waiting = "" if chosen else "no column is chosen: space in the list shows one"
    return CurvesPicture(wish, names, chosen, groups, rows=rows, problems=problems, waiting=waiting)


def axis_of(wished: XAxis, pages: list[Page]) -> XAxis:
    """The axis wished for, or the next best where no run has it."""
    axes: tuple[XAxis, ...] = (wished, "step")
    for axis in axes:
        if any(x_name(page, axis) for page in pages):
            return axis
    return "row"


def x_name(page: Page, axis: XAxis) -> str:
    """What the axis is called in this history; empty where it has none."""
    history = page.history
    if axis == "row":
        return "row"
    if axis == "step":
        return history.step_column or ""
    names = {name.lower() for name in history.columns}
    return "time" if names & {*SINCE_START, *BY_THE_CLOCK, *A_ROW} else ""
