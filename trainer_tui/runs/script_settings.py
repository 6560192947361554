"""What a supervisor tells a training script: the `TRAINER_*` variables, read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

Phase = Literal["quick", "full"]

QUICK = {"TRAINER_DATA_FRACTION": 0.15, "TRAINER_SCALE": 0.25, "TRAINER_CHAINS_SCALE": 0.5}
"""How much of everything a quick run takes when nobody says otherwise."""

RANKS = (
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
)
"""Variables by which distributed launchers number their processes. Of these only the first one writes."""


class ScriptSettings(NamedTuple):
    """How much to train and where to write. A named tuple: dataclasses cost a script 10 ms to import."""

    folder: Path | None
    """The run folder, absolute; None when the script runs alone."""
    phase: Phase
    data_fraction: float
    scale: float
    """Of epochs and iterations."""
    chains_scale: float
    """Of chains and estimators."""
    seed: int
    main_process: bool
    """False in the second and further processes of a distributed run."""


def read_settings(environ: Mapping[str, str]) -> ScriptSettings:
    """The settings in these environment variables; raises ValueError with one sentence for a bad one.

    In the full phase every fraction is 1, whatever the variables say: full means all.
    """
    phase = _phase(environ)
    given = {name: _fraction(environ, name, default) for name, default in QUICK.items()}
    data, scale, chains = given.values() if phase == "quick" else (1.0, 1.0, 1.0)
    folder = environ.get("TRAINER_RUN_DIR")
    return ScriptSettings(
        folder=Path(folder).absolute() if folder else None,
        phase=phase,
        data_fraction=data,
        scale=scale,
        chains_scale=chains,
        seed=_seed(environ),
        main_process=all(_rank(environ, *names) == 0 for names in RANKS),
    )


def _phase(environ: Mapping[str, str]) -> Phase:
    text = environ.get("TRAINER_PHASE") or "full"
    if text == "quick":
        return "quick"
    if text == "full":
        return "full"
    raise ValueError(f"TRAINER_PHASE is {text!r}; it must be quick or full")


def _fraction(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise ValueError(f"{name} is {text!r}; it must be a number above 0 and at most 1")
    return value


def _seed(environ: Mapping[str, str]) -> int:
    text = environ.get("TRAINER_SEED") or "0"
    # numpy takes no seed below 0 or beyond 32 bits.
    if not (_is_count(text) and int(text) < 2**32):
        raise ValueError(f"TRAINER_SEED is {text!r}; it must be a whole number from 0 to {2**32 - 1}")
    return int(text)


def _rank(environ: Mapping[str, str], rank: str, size: str) -> int:
    """The process's number; 0 where these variables belong to no distributed run."""
    number, count = environ.get(rank, ""), environ.get(size, "")
    return int(number) if _is_count(number) and _is_count(count) and int(count) > 1 else 0


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
