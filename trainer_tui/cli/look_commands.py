"""The commands that look: at a run's metrics, page, log and stacks, and at anybody's logs."""

from __future__ import annotations

from typing import Annotated

import typer

from trainer_tui.cli.arguments import AsJson, Model, Run, Watched, done

SCAN_EPILOG = "Exit codes: 0 no error was found; 1 there is one; 2 a file could not be read, or bad usage."

STACK_EPILOG = (
    "Exit codes: 0 it was looked at; 1 its stacks may not be read; 2 nothing runs here, or bad usage."
)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the program."""
    app.command()(history)
    app.command()(report)
    app.command()(serve)
    app.command()(log)
    app.command(epilog=SCAN_EPILOG)(scan)
    app.command(epilog=STACK_EPILOG)(stack)


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


def log(
    what: Annotated[str, typer.Argument(metavar="FILE|MODEL", help="A log file, or whose newest log.")],
    run: Run = None,
) -> None:
    """Read a log of any size: search, filter, jump to a line or a time, follow, copy."""
    from trainer_tui.cli.log import log as do

    done(do(what, run))


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
