"""The library that raised an exception tells its kind, where its name does not."""

from __future__ import annotations

import pytest

from trainer_tui.failures import Scanner
from trainer_tui.failures.frame_kinds import kind_by_frames

SITE = "/e/lib/python3.11/site-packages"
PYTHON = "/usr/lib/python3.11"
SCRIPT = "/w/train.py:3 in <module>"
FETCH = (
    f"{SITE}/torch/utils/data/dataloader.py:725 in __next__",
    f"{SITE}/torch/multiprocessing/reductions.py:541 in rebuild_storage_fd",
)

RECV = f"{PYTHON}/multiprocessing/connection.py:395 in _recv"
CASES = [
    ("ConnectionResetError", (SCRIPT, *FETCH, RECV), "dataloader"),
    ("FileNotFoundError", (*FETCH, f"{PYTHON}/multiprocessing/resource_sharer.py:87 in c"), "dataloader"),
    ("EOFError", (SCRIPT, *FETCH), "dataloader"),
    ("ConnectionResetError", (SCRIPT, RECV), "network"),
    ("FileNotFoundError", (SCRIPT, FETCH[0], "/w/data.py:9 in __getitem__"), "bad-input"),
    ("RuntimeError", (SCRIPT, f"{SITE}/torch/serialization.py:777 in load"), "checkpoint"),
    ("EOFError", (SCRIPT, f"{SITE}/torch/serialization.py:777 in _legacy_load"), "checkpoint"),
    ("FileNotFoundError", (SCRIPT, f"{SITE}/torch/serialization.py:777 in __init__"), "checkpoint"),
    ("ValueError", (SCRIPT, f"{SITE}/safetensors/torch.py:12 in load_file"), "checkpoint"),
    ("KeyError", (SCRIPT, f"{SITE}/torch/distributed/checkpoint/planner.py:1 in x"), "checkpoint"),
    ("ValueError", (SCRIPT, f"{SITE}/torch/distributed/rendezvous.py:3 in x"), "distributed"),
    ("AttributeError", ("C:\\e\\torch\\serialization.py:3 in x",), "checkpoint"),
    ("MemoryError", (SCRIPT, f"{SITE}/torch/serialization.py:777 in load"), "cpu-oom"),
    ("ValueError", (f"{SITE}/torch/serialization.py:777 in load", SCRIPT), "exception"),
    ("KeyError", ("/w/my_torch_serialization.py:3 in x",), "exception"),
    ("KeyError", (SCRIPT, f"{SITE}/h5py/_hl/group.py:328 in __getitem__"), "exception"),
    ("OSError", (SCRIPT, f"{SITE}/h5py/_hl/files.py:231 in make_fid"), "bad-input"),
    ("KeyError", (), "exception"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "frames", "kind"), CASES)
def test_the_frames_say_the_kind(name: str, frames: tuple[str, ...], kind: str) -> None:
    assert kind_by_frames(name, frames) == kind


def test_a_worker_that_was_killed_is_a_matter_of_the_data_loader() -> None:
    frames = "".join(
        f'  File "{frame.partition(":")[0]}", line 1, in f\n'
        for frame in (*FETCH, f"{PYTHON}/multiprocessing/connection.py:1")
    )
    said = "ConnectionResetError: [Errno 104] Connection reset by peer"
    text = f"Traceback (most recent call last):\n{frames}{said}\n"
    scanner = Scanner()
    found = scanner.feed(text.encode()) + scanner.finish()
    assert (found[-1].kind, found[-1].severity) == ("dataloader", "error")
