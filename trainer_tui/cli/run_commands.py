"""The commands about runs in general: list, label, compare, delete."""

from __future__ import annotations

from typing import Annotated

import typer

from trainer_tui.cli.arguments import RUN_HELP, AnyModel, AsJson, OneRun, done

COMPARE_EPILOG = "Exit codes: 0 they were compared; 2 one of them is not there, or bad usage."
DELETE_EPILOG = (
    "Exit codes: 0 they are in the trash; 1 one was refused, for it lives or is still being judged; "
    "2 bad usage."
)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the program."""
    app.command()(runs)
    app.command()(tag)
    app.command(epilog=COMPARE_EPILOG)(compare)
    app.command(epilog=DELETE_EPILOG)(delete)
    app.command()(restore)
    app.command()(trash)


def runs(
    model: AnyModel = None,
    words: Annotated[
        str,
        typer.Option(
            "--filter",
            metavar="WORDS",
            help="Only runs with all of these words; model:, phase:, status:, tag:, note: look in one place, "
            "a minus before a word leaves out.",
        ),
    ] = "",
    on_screen: Annotated[bool, typer.Option("--open", help="Show them on a screen of their own.")] = False,
    as_json: AsJson = False,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="With --json: all that is known of each run, from its folder. Slower."),
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the run index anew from the run folders first.")
    ] = False,
) -> None:
    """List every run."""
    from trainer_tui.cli.listing import open_screen
    from trainer_tui.cli.listing import runs as do

    done(open_screen(model) if on_screen else do(model, words, as_json, rebuild, whole))


def tag(
    run: OneRun,
    tags: Annotated[list[str] | None, typer.Argument(metavar="[TAG...]", help="Tags to add.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="Take a tag away.")
    ] = None,
    note: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A note on the run instead of its present one; '' for none."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Label a run with tags and a note, or say how it is labelled."""
    from trainer_tui.cli.listing import tag as do

    done(do(run, tags or [], remove or [], note, as_json))


def compare(run: OneRun, other: OneRun, as_json: AsJson = False) -> None:
    """Say what differs between two runs: configuration, code, environment, result."""
    from trainer_tui.cli.listing import compare as do

    done(do(run, other, as_json))


def delete(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help=RUN_HELP)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Move ended runs and their logs to output/.trash; `restore` brings them back."""
    from trainer_tui.cli.trashing import delete as do

    done(do(runs, yes, as_json))


def restore(run: OneRun, as_json: AsJson = False) -> None:
    """Bring a deleted run back, with its log."""
    from trainer_tui.cli.trashing import restore as do

    done(do(run, as_json))


def trash(
    empty: Annotated[bool, typer.Option("--empty", help="Delete for good what lies there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the deleted runs, or empty the trash."""
    from trainer_tui.cli.trashing import trash as do

    done(do(empty, yes, as_json))
