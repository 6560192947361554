"""The command line: parses, calls, prints. Every command imports what it needs when it is called."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from trainer_tui.cli import ask_commands, diary, look_commands, run_commands, train_commands
from trainer_tui.cli.arguments import AnyModel, AsJson, Model, Run, Watched, done
from trainer_tui.cli.outcomes import (
    CHECK_EPILOG,
    DOCTOR_EPILOG,
    EPILOG,
    STATUS_EPILOG,
    WATCH_EPILOG,
    is_for_users,
    sentence,
)
from trainer_tui.cli.streams import READER_LEFT, ReaderGoneError, prepare_streams, silence_output
from trainer_tui.runs.text import clean_lines
from trainer_tui.runs.verdict import EXIT_USAGE

app = typer.Typer(
    name="trainer-tui",
    help="Supervises training runs: quick validation, gate, full training, failures, lab notebook.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_command: list[str] | None = None
"""What stood behind `--` on the command line; None when there was no `--`."""


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit()


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Supervises training runs: quick validation, gate, full training, failures, lab notebook."""


@app.command(epilog=WATCH_EPILOG)
def watch(
    model: Watched = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="No screen: lines, with a bar on a terminal.")
    ] = False,
    until: Annotated[
        str,
        typer.Option(
            metavar="WHEN",
            help="failure: return when a failure is certain, or at the end; gate: also when the quick gate "
            "is passed; end: return at the end. Implies --headless, but for end.",
        ),
    ] = "end",
    skip_quick: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Start with the full phase; the reason is written down."),
    ] = None,
    attach: Annotated[
        bool, typer.Option("--attach", help="Look at the newest run, never start one.")
    ] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="TEXT", help="Name for a command given behind --.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, the report at last. Implies --headless.")
    ] = False,
) -> None:
    """Run a model under supervision, or come back.

    The quick phase (5A) comes first, then its gate, then the full one (5B). While a run lives, this returns
    to it; a run that ended while nobody looked is shown before another one is started.

    With `-- CMD ARGS` any command is run and watched. Quitting leaves the run going.
    """
    from trainer_tui.cli.watch import Wish
    from trainer_tui.cli.watch import watch as do

    done(
        do(
            Wish(
                model=model,
                command=_command,
                name=name,
                headless=headless,
                until=until,
                skip_quick=skip_quick,
                attach=attach,
                as_json=as_json,
            )
        )
    )


@app.command(epilog=STATUS_EPILOG)
def status(model: AnyModel = None, as_json: AsJson = False) -> None:
    """Say where the newest run of a model (or of every model) stands."""
    from trainer_tui.cli.show import status as do

    done(do(model, as_json))


run_commands.add_to(app)
ask_commands.add_to(app)
look_commands.add_to(app)
diary.add_to(app)
train_commands.add_to(app)


@app.command()
def events(
    model: Model,
    run: Run = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the watch is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what happened to a run, in order."""
    from trainer_tui.cli.show import events as do

    done(do(model, run, follow, as_json))


@app.command(epilog=CHECK_EPILOG)
def check(
    model: Model,
    run: Annotated[
        int | None, typer.Option(metavar="N", help="Number of the run; the newest full one without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a run and the diary against the quality gates."""
    from trainer_tui.cli.show import check as do

    done(do(model, run, as_json))


@app.command()
def supervise(model: Model, as_json: AsJson = False) -> None:
    """Take over a run that has no supervisor."""
    from trainer_tui.cli.control import take_over

    done(take_over(model, as_json))


@app.command()
def init(
    folder: Annotated[
        str, typer.Argument(metavar="[FOLDER]", help="Where; the current folder without it.")
    ] = ".",
    as_json: AsJson = False,
) -> None:
    """Write a commented trainer.toml and a first model into a folder. Nothing is overwritten."""
    from trainer_tui.cli.start import init as do

    done(do(folder, as_json))


@app.command()
def allow(
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[FOLDER]...", help="Without one: list what is allowed.")
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Allow them no longer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let your projects lead into folders beyond their own: a scratch disk for output, for example."""
    from trainer_tui.cli.allowing import allow as do

    done(do(folders or [], forget, as_json))


@app.command(epilog=DOCTOR_EPILOG)
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine offers and what it lacks."""
    from trainer_tui.cli.start import doctor as do

    done(do(as_json))


@app.command()
def version() -> None:
    """Print the version."""
    from trainer_tui import __version__

    typer.echo(__version__)


def main(arguments: list[str] | None = None) -> None:
    """The program. What a user can mend is one sentence on standard error, never a traceback."""
    global _command
    prepare_streams()
    words, _command = sys.argv[1:] if arguments is None else arguments, None
    if words[:1] == ["watch"] and "--" in words:
        at = words.index("--")
        words, _command = words[:at], words[at + 1 :]
    try:
        code = app(args=words, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except TyperException as error:
        # What was typed, or came out of a script's variable, is quoted in it.
        told = io.StringIO()
        error.show(file=told)  # type: ignore[attr-defined]
        print(clean_lines(told.getvalue().rstrip("\n")), file=sys.stderr)
        sys.exit(getattr(error, "exit_code", EXIT_USAGE))
    except typer.Abort:
        print("Aborted!", file=sys.stderr)
        sys.exit(1)
    except ReaderGoneError:
        silence_output()
        sys.exit(READER_LEFT)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not is_for_users(error):
            raise
        print(clean_lines(f"trainer-tui: {sentence(error)}"), file=sys.stderr)
        silence_output()
        sys.exit(EXIT_USAGE)


if __name__ == "__main__":
    main()
