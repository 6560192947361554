"""The command line: parses, calls, prints. Every command imports what it needs when it is called."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from trainer_tui.cli import run_commands
from trainer_tui.cli.arguments import AnyModel, AsJson, Model, Run, Watched, done
from trainer_tui.cli.outcomes import (
    ASK_EPILOG,
    CHECK_EPILOG,
    DOCTOR_EPILOG,
    EPILOG,
    STATUS_EPILOG,
    WATCH_EPILOG,
    is_for_users,
    sentence,
)
from trainer_tui.cli.streams import READER_LEFT, ReaderGoneError, prepare_streams, silence_output
from trainer_tui.runs.verdict import EXIT_USAGE

SCAN_EPILOG = "Exit codes: 0 no error was found; 1 there is one; 2 a file could not be read, or bad usage."

STACK_EPILOG = (
    "Exit codes: 0 it was looked at; 1 its stacks may not be read; 2 nothing runs here, or bad usage."
)

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


@app.command(epilog=ASK_EPILOG)
def stop(
    model: Model,
    why: Annotated[str, typer.Option(metavar="REASON", help="The reason, for the record.")] = "",
    as_json: AsJson = False,
) -> None:
    """End the living run: TERM, after the grace time KILL."""
    from trainer_tui.cli.control import send

    done(send(model, "stop", as_json, why=why))


@app.command(epilog=ASK_EPILOG)
def pause(model: Model, as_json: AsJson = False) -> None:
    """Hold the living run where it is."""
    from trainer_tui.cli.control import send

    done(send(model, "pause", as_json))


@app.command(epilog=ASK_EPILOG)
def resume(model: Model, as_json: AsJson = False) -> None:
    """Let a paused run go on."""
    from trainer_tui.cli.control import send

    done(send(model, "resume", as_json))


@app.command(epilog=ASK_EPILOG)
def skip(
    model: Model,
    why: Annotated[str, typer.Option(metavar="REASON", help="The reason; without one nothing is skipped.")],
    as_json: AsJson = False,
) -> None:
    """End the quick phase and go on with the full one."""
    from trainer_tui.cli.control import send

    done(send(model, "skip", as_json, why=why))


@app.command(epilog=ASK_EPILOG)
def note(
    model: Model,
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", help="The note; quotes are not needed.")],
    as_json: AsJson = False,
) -> None:
    """Write a note into the events of the living run."""
    from trainer_tui.cli.control import send

    done(send(model, "note", as_json, text=" ".join(text)))


@app.command()
def retry(
    model: Model,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Begin with the full phase: for a model whose quick run passed, and nothing changed since.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start the next attempt and return at once; `watch` looks at it."""
    from trainer_tui.cli.control import retry as do

    done(do(model, as_json, full))


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
def history(
    model: Watched = None,
    run: Run = None,
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="csv, json or parquet; else as the file's name says, or csv."
        ),
    ] = "",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write; standard output without it.")
    ] = "",
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Read a file or folder: Lightning, Keras, Transformers, TensorBoard, W&B, MLflow, a log.",
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Write out the metrics of a run, or those that another tool wrote."""
    from trainer_tui.cli.export import history as do

    done(do(model, run, "json" if as_json else form, output, source))


@app.command()
def report(
    model: Model,
    run: Annotated[
        int | None, typer.Option(metavar="N", help="A run of the watch; the newest watch without it.")
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File to write, - for standard output [MODEL-N.html]."
        ),
    ] = "",
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="html or md; else as the file's name says, or html."),
    ] = "",
) -> None:
    """Write one page about a watch: outcome, phases, gates, curves, machine, incidents, diary, results."""
    from trainer_tui.cli.pages import page as do

    done(do(model, run, output, form))


@app.command()
def serve(
    model: Watched = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; elsewhere than here it needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0: any that is free.")] = 8000,
    token: Annotated[
        str,
        typer.Option(
            "--token",
            metavar="TOKEN",
            envvar="TRAINER_TUI_TOKEN",
            help="What who opens the page must have; `new` makes one, as does another address without one.",
        ),
    ] = "",
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="NAME", help="Another name of this machine, of a proxy perhaps."),
    ] = None,
) -> None:
    """Show the dashboard of a model, or all runs, in a browser: the same screens, the same keys."""
    from trainer_tui.cli.serving import Wish
    from trainer_tui.cli.serving import serve as do

    done(do(Wish(model, host, port, token, tuple(name or ()))))


@app.command()
def log(
    what: Annotated[str, typer.Argument(metavar="FILE|MODEL", help="A log file, or whose newest log.")],
    run: Run = None,
) -> None:
    """Read a log of any size: search, filter, jump to a line or a time, follow, copy."""
    from trainer_tui.cli.log import log as do

    done(do(what, run))


@app.command(epilog=SCAN_EPILOG)
def scan(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Logs of any program, compressed too; - is standard input."),
    ],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as the files grow, until Ctrl+C.")
    ] = False,
    rules: Annotated[
        str | None,
        typer.Option(metavar="FILE.toml", help="[[rules]] of your own [the project's trainer.toml]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an incident.")] = False,
) -> None:
    """Say what went wrong in a log, where, why probably, and what to try. Needs no project."""
    from trainer_tui.cli.scan import scan as do

    done(do(files, as_json, follow, rules))


@app.command(epilog=STACK_EPILOG)
def stack(
    model: Watched = None,
    pid: Annotated[
        int | None,
        typer.Option(
            "--pid", metavar="PID", min=1, help="One process of the run; without MODEL any process."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the living run's process does or waits for, with its stacks. It is not paused for that."""
    from trainer_tui.cli.stack import stack as do

    done(do(model, pid, as_json))


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
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["watch"] and "--" in words:
        at = words.index("--")
        words, _command = words[:at], words[at + 1 :]
    try:
        app(args=words)
    except ReaderGoneError:
        silence_output()
        sys.exit(READER_LEFT)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not is_for_users(error):
            raise
        print(f"trainer-tui: {sentence(error)}", file=sys.stderr)
        silence_output()
        sys.exit(EXIT_USAGE)


if __name__ == "__main__":
    main()
