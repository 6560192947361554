"""What several commands take, and how each of them ends."""

from __future__ import annotations

from typing import Annotated

import typer

MODEL_HELP = "Name of a model (models/NAME.py), its path, or the name of a watched command."
Model = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)]
AnyModel = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="Name of a model; all of them without one.")
]
Watched = Annotated[str | None, typer.Argument(metavar="[MODEL]", help=MODEL_HELP)]
Run = Annotated[int | None, typer.Option(metavar="N", help="Number of the run; the newest without it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

RUN_HELP = "A run as MODEL/NUMBER (model_3/7), as `trainer-tui runs` names it, or MODEL for its newest."
OneRun = Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP)]


def done(code: int) -> None:
    """Leave with an exit code."""
    raise typer.Exit(code)
