"""The commands that ask something of a run; the supervisor carries them out."""

from __future__ import annotations

from typing import Annotated

import typer

from trainer_tui.cli.arguments import AsJson, Model, done
from trainer_tui.cli.outcomes import ASK_EPILOG


def add_to(app: typer.Typer) -> None:
    """Make them commands of the program."""
    app.command(epilog=ASK_EPILOG)(stop)
    app.command(epilog=ASK_EPILOG)(pause)
    app.command(epilog=ASK_EPILOG)(resume)
    app.command(epilog=ASK_EPILOG)(skip)
    app.command(epilog=ASK_EPILOG)(note)
    app.command()(retry)


def stop(
    model: Model,
    why: Annotated[str, typer.Option(metavar="REASON", help="The reason, for the record.")] = "",
    as_json: AsJson = False,
) -> None:
    """End the living run: TERM, after the grace time KILL."""
    from trainer_tui.cli.control import send

    done(send(model, "stop", as_json, why=why))


def pause(model: Model, as_json: AsJson = False) -> None:
    """Hold the living run where it is."""
    from trainer_tui.cli.control import send

    done(send(model, "pause", as_json))


def resume(model: Model, as_json: AsJson = False) -> None:
    """Let a paused run go on."""
    from trainer_tui.cli.control import send

    done(send(model, "resume", as_json))


def skip(
    model: Model,
    why: Annotated[str, typer.Option(metavar="REASON", help="The reason; without one nothing is skipped.")],
    as_json: AsJson = False,
) -> None:
    """End the quick phase and go on with the full one."""
    from trainer_tui.cli.control import send

    done(send(model, "skip", as_json, why=why))


def note(
    model: Model,
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", help="The note; quotes are not needed.")],
    as_json: AsJson = False,
) -> None:
    """Write a note into the events of the living run."""
    from trainer_tui.cli.control import send

    done(send(model, "note", as_json, text=" ".join(text)))


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
