"""The commands about training on a table: `train DATA`, `train check`, `train splits`, `train unlock`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trainer_tui.cli.arguments import AsJson, done
from trainer_tui.cli.outcomes import WATCH_EPILOG

SPLITS_EPILOG = "Exit codes: 0 the ledger is in order; 1 a rule is missing or was gone around; 2 bad usage."
UNLOCK_EPILOG = "Exit codes: 0 unlocked; 2 there is nothing to unlock, no reason was given, or bad usage."
CHECK_EPILOG = (
    "Exit codes: 0 it may be trained on; 1 the quality check or a leakage check refuses; 2 bad usage."
)

_DEFAULT = "start"


class _DataOrCommand(TyperGroup):
    """`train DATA …` is short for `train start DATA …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


train = typer.Typer(
    name="train",
    cls=_DataOrCommand,
    help="Train on a table: splits that cannot leak, tuning, honest evaluation. `train DATA --target Y`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A CSV, Parquet, Arrow, NPZ file, sklearn:NAME, database URL with --query, feast:REPO#SERVICE.",
    ),
]
Target = Annotated[str, typer.Option("--target", metavar="COLUMN", help="What is predicted.")]
Group = Annotated[
    str, typer.Option("--group", metavar="COLUMN", help="Rows of one group (a patient) stay in one split.")
]
Time = Annotated[
    str, typer.Option("--time", metavar="COLUMN", help="When a row was observed: split by time.")
]
Gap = Annotated[
    str,
    typer.Option("--gap", metavar="SPAN", help="Left out between two parts of a split by time, as in 7d."),
]
Strategy = Annotated[
    str,
    typer.Option(
        "--split", metavar="WAY", help="random, stratified, group, time, group-time; else what fits."
    ),
]
Task = Annotated[
    str, typer.Option("--task", metavar="TASK", help="classification or regression; else inferred.")
]
Positive = Annotated[str, typer.Option("--positive", metavar="LABEL", help="The positive class.")]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", metavar="COLUMN", help="A column the model must not see; repeat it."),
]
RowId = Annotated[str, typer.Option("--row-id", metavar="COLUMN", help="The column with the row ids.")]
Query = Annotated[
    str, typer.Option("--query", metavar="SQL", help="The SELECT, where DATA is a database URL.")
]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same result.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the runs; else that of the data.")]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        "--accept", metavar="CHECK=REASON", help="Accept what a leakage check finds, with a reason."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Make them commands of the program."""
    app.add_typer(train)


@train.command(_DEFAULT, epilog=WATCH_EPILOG)
def start(
    data: Data,
    target: Target = "",
    group: Group = "",
    time: Time = "",
    gap: Gap = "",
    split: Strategy = "",
    task: Task = "",
    positive: Positive = "",
    drop: Drop = None,
    row_id: RowId = "",
    unit: Annotated[
        str, typer.Option("--unit", metavar="TEXT", help="The target's unit, in regression.")
    ] = "",
    query: Query = "",
    algorithm: Annotated[
        list[str] | None,
        typer.Option("--algorithm", metavar="NAME", help="Only this one; repeat it. Else all that suit."),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Trials of the search; a quarter in the quick run.")
    ] = 50,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Minutes after which no further trial is begun.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that search side by side.")] = 1,
    metric: Annotated[
        str, typer.Option(metavar="NAME", help="What validation chooses by: auc, mcc, rmse, log_loss …")
    ] = "",
    seed: Seed = 0,
    name: Name = "",
    accept: Accept = None,
    tracking: Annotated[
        str, typer.Option(metavar="URL", help="An MLflow server; else SQLite in the output folder; none.")
    ] = "",
    database: Annotated[
        str, typer.Option(metavar="URL", help="SQLite or PostgreSQL; else that of the runs.")
    ] = "",
    skip_quick: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Start with the full phase; the reason is written down."),
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="No screen: lines, with a bar on a terminal.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, the report at last. Implies --headless.")
    ] = False,
) -> None:
    """Train on a table of data, watched and gated like any model.

    The quick run (5A) takes 15 % of the train and validation rows and a quarter of the trials; the full one
    (5B) all of them. The test rows are evaluated once, at its very end; the holdout stays locked.
    """
    from trainer_tui.cli.train import Asked
    from trainer_tui.cli.train import train as do

    asked = Asked(
        source=data,
        name=name,
        target=target,
        group=group,
        time=time,
        gap=gap,
        strategy=split,
        task=task,
        positive=positive,
        drop=tuple(drop or ()),
        row_id=row_id,
        unit=unit,
        query=query,
        algorithms=tuple(algorithm or ()),
        trials=trials,
        minutes=minutes,
        workers=workers,
        metric=metric,
        seed=seed,
        accept=tuple(accept or ()),
        tracking=tracking,
        database=database,
    )
    done(do(asked, skip_quick, headless, as_json))


@train.command(epilog=CHECK_EPILOG)
def check(
    data: Data,
    target: Target = "",
    group: Group = "",
    time: Time = "",
    gap: Gap = "",
    split: Strategy = "",
    task: Task = "",
    positive: Positive = "",
    drop: Drop = None,
    row_id: RowId = "",
    query: Query = "",
    seed: Seed = 0,
    name: Name = "",
    accept: Accept = None,
    as_json: AsJson = False,
) -> None:
    """Show what was understood of the data, its quality, its split and its leaks; nothing is trained."""
    from trainer_tui.cli.train import Asked
    from trainer_tui.cli.train import check as do

    asked = Asked(
        source=data,
        name=name,
        target=target,
        group=group,
        time=time,
        gap=gap,
        strategy=split,
        task=task,
        positive=positive,
        drop=tuple(drop or ()),
        row_id=row_id,
        query=query,
        seed=seed,
        accept=tuple(accept or ()),
    )
    done(do(asked, as_json))


@train.command(epilog=SPLITS_EPILOG)
def splits(
    split: Annotated[
        str, typer.Argument(metavar="[SPLIT]", help="The beginning of a split's id; all without one.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the splits: which test parts were evaluated, by whom; whether the ledger is whole."""
    from trainer_tui.cli.train_ledger import splits as do

    done(do(split, as_json))


@train.command(epilog=UNLOCK_EPILOG)
def unlock(
    split: Annotated[str, typer.Argument(metavar="SPLIT", help="The beginning of a split's id.")],
    why: Annotated[str, typer.Option("--why", metavar="REASON", help="It stays in the ledger.")],
    test: Annotated[bool, typer.Option("--test", help="One evaluation more of the test part.")] = False,
    holdout: Annotated[bool, typer.Option("--holdout", help="One evaluation of the holdout.")] = False,
    as_json: AsJson = False,
) -> None:
    """Allow one evaluation more of the test part, or one of the holdout, for a reason."""
    from trainer_tui.cli.train_ledger import unlock as do

    done(do(split, test, holdout, why, as_json))
