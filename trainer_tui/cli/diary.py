"""The commands about the diary, and the hand-over of everything."""

from __future__ import annotations

from typing import Annotated

import typer

from trainer_tui.cli.arguments import AsJson, done

CHECK_EPILOG = "Exit codes: 0 nothing is missing; 3 something waits for a person; 2 bad usage."
EDIT_EPILOG = (
    "Exit codes: 0 it is written, or nothing had changed; 3 somebody else changed the same, and the "
    "entry holds both versions; 2 bad usage, or the diary cannot be written."
)
VERIFY_EPILOG = (
    "Exit codes: 0 it is written, or whole; 1 a file of it is not what the manifest says; 2 bad usage."
)

ENTRY_HELP = "Number of an entry, a run (model_3/7), or the id of an incident."
OneEntry = Annotated[str, typer.Argument(metavar="ENTRY", help=ENTRY_HELP)]
AnyEntry = Annotated[
    str | None, typer.Argument(metavar="[ENTRY]", help=f"{ENTRY_HELP} All of them without one.")
]
Section = Annotated[
    str,
    typer.Option("--section", metavar="NAME", help="struggle, investigation, fix, why, next, or a title."),
]
Model = Annotated[str, typer.Option("--model", metavar="MODEL", help="Only entries about this model.")]
Kind = Annotated[
    str, typer.Option("--kind", metavar="KIND", help="Only of this kind: nan-loss, struggle, note.")
]
Status = Annotated[
    str, typer.Option("--status", metavar="WORD", help="Only with this word in their status: open.")
]
Tag = Annotated[str, typer.Option("--tag", metavar="TAG", help="Only with this tag.")]
Search = Annotated[str, typer.Option("--search", metavar="WORDS", help="Only with all of these words.")]

diary = typer.Typer(
    name="diary",
    help="Read, write and check the lab notebook, output/dev_diary.md.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the program."""
    app.add_typer(diary)
    app.command(epilog=VERIFY_EPILOG)(export)


@diary.command("list")
def list_entries(
    model: Model = "",
    kind: Kind = "",
    status: Status = "",
    tag: Tag = "",
    search: Search = "",
    as_json: AsJson = False,
) -> None:
    """List the entries."""
    from trainer_tui.cli.diary_reading import list_entries as do
    from trainer_tui.diary.listing import Filter

    done(do(Filter(model, kind, status, tag, search), as_json))


@diary.command()
def show(
    entry: OneEntry,
    section: Section = "",
    incident: Annotated[
        bool, typer.Option("--incident", help="Also the incident it is about, and where its log is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print an entry, or one section of it."""
    from trainer_tui.cli.diary_reading import show as do

    done(do(entry, section, incident, as_json))


@diary.command()
def add(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Whose newest run it is about.")
    ] = None,
    title: Annotated[
        str, typer.Option("--title", metavar="TEXT", help="What stands behind its number.")
    ] = "",
    text: Annotated[
        str, typer.Option("--text", metavar="TEXT", help="What happened; - reads it from standard input.")
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag; can be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Open an entry with its four sections, and say which number it has."""
    from trainer_tui.cli.diary_writing import add as do

    done(do(model, title, text, tag or [], as_json))


@diary.command(epilog=EDIT_EPILOG)
def edit(
    entry: OneEntry,
    section: Section = "",
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="TEXT", help="The section's new text; - reads standard input."),
    ] = None,
    append: Annotated[bool, typer.Option("--append", help="Put --text below what the section says.")] = False,
    status: Annotated[str | None, typer.Option("--status", metavar="TEXT", help="A new status.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag to add.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change an entry, in $EDITOR where no text, status or tag is given. Nothing else of the file changes."""
    from trainer_tui.cli.diary_writing import Change
    from trainer_tui.cli.diary_writing import edit as do

    done(do(entry, Change(section, text, append, status, tuple(tag or ())), as_json))


@diary.command()
def accept(entry: OneEntry, as_json: AsJson = False) -> None:
    """Accept the fix that an entry proposes: its status becomes RESOLVED."""
    from trainer_tui.cli.diary_writing import accept as do

    done(do(entry, as_json))


@diary.command(epilog=CHECK_EPILOG)
def check(entry: AnyEntry = None, as_json: AsJson = False) -> None:
    """Say what the entries lack: sections, causes, reasons, units, runs behind results, unfinished merges."""
    from trainer_tui.cli.diary_reading import check as do

    done(do(entry, as_json))


@diary.command("export")
def export_diary(
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="html, json or md; else as the file's name says."),
    ] = "",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write; standard output without it.")
    ] = "",
    model: Model = "",
    kind: Kind = "",
    status: Status = "",
    tag: Tag = "",
    search: Search = "",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Write out the diary: one HTML page, JSON, or Markdown byte for byte."""
    from trainer_tui.cli.diary_export import export as do
    from trainer_tui.diary.listing import Filter

    done(do("json" if as_json else form, output, Filter(model, kind, status, tag, search)))


@diary.command("search-log")
def search_log(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Optuna's storage, a CSV, or the run folder of a training."),
    ],
    study: Annotated[
        str, typer.Option("--study", metavar="NAME", help="Name of the study; of a CSV, that of its file.")
    ] = "",
    model: Annotated[str, typer.Option("--model", metavar="MODEL", help="The model that was tuned.")] = "",
    metric: Annotated[
        str, typer.Option("--metric", metavar="COLUMN", help="What was searched for, e.g. val_rmse.")
    ] = "",
    direction: Annotated[
        str,
        typer.Option(
            "--direction", metavar="WAY", help="minimize or maximize; of a CSV, else by the metric's name."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write a hyperparameter search into the diary, or bring it up to date: table, choice, sensitivity."""
    from trainer_tui.cli.diary_writing import search_log as do

    done(do(source, study, model, metric, direction, as_json))


def export(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL...]", help="Whose runs; those of all without one.")
    ] = None,
    bundle: Annotated[str, typer.Option("--bundle", metavar="FILE.zip", help="The archive to write.")] = "",
    verify: Annotated[
        str,
        typer.Option("--verify", metavar="FILE.zip", help="Hold an archive against its manifest instead."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Hand over: diary, full logs, histories, results, gates, events and settings of runs in one archive."""
    from trainer_tui.cli.bundle import export as do

    done(do(models or [], bundle, verify, as_json))
