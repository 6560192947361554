"""What the library that raised an exception says about its kind: a table of where frames stand.

Only what the exception's own name leaves open is decided here: a `MemoryError` out of `torch.load` stays one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_tui.failures.exceptions import kind_of

_VAGUE = frozenset(("exception", "bad-input"))
_LOST_WORKER = frozenset((
    "ConnectionResetError", "ConnectionRefusedError", "ConnectionAbortedError", "BrokenPipeError", "EOFError",
    "FileNotFoundError",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """A kind, and where the frames of its exceptions stand."""

    kind: str
    innermost: re.Pattern[str]
    """Matches the file in which it was raised."""
    through: re.Pattern[str] | None = None
    """If given: a file that another frame stands in."""
    names: frozenset[str] = frozenset()
    """Exceptions that it holds for; empty: all whose name says nothing or only "bad input"."""


def _file(pattern: str) -> re.Pattern[str]:
    return re.compile(r"(?:^|[/\\])(?:" + pattern.replace("/", r"[/\\]") + ")")


_PLACES: tuple[_Place, ...] = (
    # Tensors of a worker are fetched from it over a socket, which is gone once the worker was killed.
    _Place(
        "dataloader",
        _file(r"(multiprocess|multiprocessing)/\w+\.py$|torch/multiprocessing/\w+\.py$"),
        _file(r"torch/utils/data/|torch/multiprocessing/reductions\.py$"),
        _LOST_WORKER,
    ),
    _Place("checkpoint", _file(r"torch/(serialization|_weights_only_unpickler)\.py$|safetensors/|orbax/")),
    _Place(
        "checkpoint", _file(r"torch/distributed/checkpoint/|flax/(training/checkpoints|serialization)\.py$")
    ),
    _Place("distributed", _file(r"torch/distributed/|torch/nn/parallel/distributed\.py$")),
    _Place("compile", _file(r"torch/_inductor/|triton/(compiler|runtime|backends)/")),
    _Place("config", _file(r"hydra/_internal/|omegaconf/|argparse\.py$|jsonargparse/")),
    # A key that is not in a file may as well be a mistake of the script.
    _Place(
        "bad-input",
        _file(r"PIL/|h5py/|lmdb/|zarr/|decord/|soundfile\.py$|torchaudio/_backend/"),
        names=frozenset(("OSError", "RuntimeError", "ValueError", "EOFError", "SyntaxError")),
    ),
)


_FEEDERS = _file(
    r"torch/utils/data/|torchdata/|batchgenerators/|prefetch_generator/|nvidia/dali/|ffcv/|mxnet/gluon/data/"
    r"|keras/\S*(data_utils|data_adapter|py_dataset_adapter)\.py$"
)
_TORN_DOWN = _LOST_WORKER | {"OSError"}
_TRACKERS = _file(r"(comet_ml|wandb|neptune|clearml)/")
_INSTALLED = re.compile(r"(?:^|[/\\])(?:lib|Lib|site-packages|dist-packages|python3[\d.]*)[/\\]")


def feeds_training(name: str, frames: Sequence[str]) -> bool:
    """True for an exception that ends a thread which hands batches to the training.

    A connection that is gone does not count: such threads lose theirs whenever the training ends before them.
    """
    return name.rpartition(".")[2] not in _TORN_DOWN and any(_FEEDERS.search(_path(at)) for at in frames)


def is_trackers_own(frames: Sequence[str]) -> bool:
    """True for a traceback that begins inside an experiment tracker and never leaves installed packages."""
    if not frames or not _TRACKERS.search(_path(frames[0])):
        return False
    return all(_INSTALLED.search(_path(frame)) for frame in frames)


def _path(frame: str) -> str:
    return frame.rpartition(" in ")[0].rpartition(":")[0]


def kind_by_frames(name: str, frames: Sequence[str]) -> str:
    """Kind of an exception by its (dotted) name and its frames (`file:line in function`, innermost last)."""
    kind = kind_of(name)
    if not frames:
        return kind
    files = [_path(frame) for frame in frames]
    last = name.rpartition(".")[2]
    for place in _PLACES:
        if not (last in place.names if place.names else kind in _VAGUE):
            continue
        passed = place.through is None or any(place.through.search(file) for file in files)
        if passed and place.innermost.search(files[-1]):
            return place.kind
    return kind
