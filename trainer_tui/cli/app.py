"""The command line: parses, calls, prints. Every command imports what it needs when it is called."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from trainer_tui.runs.verdict import EXIT_CODES, EXIT_USAGE

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."

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

Model = Annotated[str, typer.Argument(help="Name of a model (models/NAME.py) or of a watched command.")]
AnyModel = Annotated[str | None, typer.Argument(help="Name of a model; all of them without one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

_command: list[str] | None = None
"""What stood behind `--` on the command line; None when there was no `--`."""


@app.command()
def watch(
    model: AnyModel = None,
    headless: Annotated[bool, typer.Option(help="No screen: lines in a pipe, a progress bar on a terminal.")] = False,
    until: Annotated[
        str, typer.Option(help="Return at the first: failure (or the end), gate (the quick gate, or a failure), end.")
    ] = "end",
    skip_quick: Annotated[
        str, typer.Option(metavar="REASON", help="Start with the full phase; the reason is written down.")
    ] = "",
    attach: Annotated[bool, typer.Option("--attach", help="Look at the newest run, never start one.")] = False,
    name: Annotated[str, typer.Option(help="Name for a command given behind --.")] = "",
    as_json: AsJson = False,
) -> None:
    """Run quick (5A), gate and full (5B) of a model under supervision, or return to the run that lives.

    With `-- CMD ARGS` any command is run and watched. Quitting leaves the run going.
    """
    from trainer_tui.cli.watch import watch as do

    done(
        do(
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


@app.command()
def status(model: AnyModel = None, as_json: AsJson = False) -> None:
    """Say where the newest run of a model (or of every model) stands."""
    from trainer_tui.cli.show import status as do

    done(do(model, as_json))


@app.command()
def runs(
    model: AnyModel = None,
    as_json: AsJson = False,
    rebuild: Annotated[bool, typer.Option(help="Make the run index anew from the run folders first.")] = False,
) -> None:
    """List every run."""
    from trainer_tui.cli.show import runs as do

    done(do(model, as_json, rebuild))


@app.command()
def events(
    model: Model,
    run: Annotated[int | None, typer.Option(help="Number of the run; the newest without it.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the watch is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what happened to a run, in order."""
    from trainer_tui.cli.show import events as do

    done(do(model, run, follow, as_json))


@app.command()
def stop(
    model: Model,
    why: Annotated[str, typer.Option(help="The reason, for the record.")] = "",
    as_json: AsJson = False,
) -> None:
    """End the living run: TERM, after the grace time KILL."""
    from trainer_tui.cli.control import send

    done(send(model, "stop", as_json, why=why))


@app.command()
def pause(model: Model, as_json: AsJson = False) -> None:
    """Hold the living run where it is."""
    from trainer_tui.cli.control import send

    done(send(model, "pause", as_json))


@app.command()
def resume(model: Model, as_json: AsJson = False) -> None:
    """Let a paused run go on."""
    from trainer_tui.cli.control import send

    done(send(model, "resume", as_json))


@app.command()
def skip(
    model: Model,
    why: Annotated[str, typer.Option(help="The reason; without one nothing is skipped.")],
    as_json: AsJson = False,
) -> None:
    """End the quick phase and go on with the full one."""
    from trainer_tui.cli.control import send

    done(send(model, "skip", as_json, why=why))


@app.command()
def note(model: Model, text: str, as_json: AsJson = False) -> None:
    """Write a note into the events of the living run."""
    from trainer_tui.cli.control import send

    done(send(model, "note", as_json, text=text))


@app.command()
def retry(model: Model, as_json: AsJson = False) -> None:
    """Start the next attempt and return at once; `watch` looks at it."""
    from trainer_tui.cli.control import retry as do

    done(do(model, as_json))


@app.command()
def check(
    model: Model,
    run: Annotated[int | None, typer.Option(help="Number of the run; the newest full one without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a run and the diary against the quality gates, as they stand now."""
    from trainer_tui.cli.show import check as do

    done(do(model, run, as_json))


@app.command()
def history(
    model: Model,
    run: Annotated[int | None, typer.Option(help="Number of the run; the newest without it.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv, json or parquet.")] = "csv",
    output: Annotated[str, typer.Option("--output", "-o", help="File to write; standard output without it.")] = "",
) -> None:
    """Write out the metrics of a run."""
    from trainer_tui.cli.export import history as do

    done(do(model, run, form, output))


@app.command()
def supervise(model: Model) -> None:
    """Take over a run that has no supervisor."""
    from trainer_tui.cli.control import take_over

    done(take_over(model))


@app.command()
def init(folder: Annotated[str, typer.Argument(help="Where; the current folder without it.")] = ".") -> None:
    """Write a commented trainer.toml and a first model into a folder. Nothing is overwritten."""
    from trainer_tui.cli.start import init as do

    done(do(folder))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine offers, and what to do about what is missing."""
    from trainer_tui.cli.start import doctor as do

    done(do(as_json))


@app.command()
def version() -> None:
    """Print the version."""
    from trainer_tui import __version__

    print(__version__)


def done(code: int) -> None:
    """Leave with an exit code."""
    raise typer.Exit(code)


def main(arguments: list[str] | None = None) -> None:
    """The program. What a user can mend is one sentence on standard error, never a traceback."""
    global _command
    words = sys.argv[1:] if arguments is None else arguments
    if "--" in words:
        at = words.index("--")
        words, _command = words[:at], words[at + 1 :]
    try:
        app(args=words)
    except BrokenPipeError:
        # The reader of our output has left (`| head`): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not is_for_users(error):
            raise
        print(f"trainer-tui: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)


def is_for_users(error: Exception) -> bool:
    """Whether an error is one that its sentence explains: of the project, its settings, or the disk."""
    return isinstance(error, OSError) or type(error).__name__ in ("ProjectError", "SettingsError")


if __name__ == "__main__":
    main()
