"""A project with one run that ended, and `serve` in it as a user starts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "cli")]

from served_world import Served  # noqa: E402
from shop import GOOD, PROGRAM, Shop  # noqa: E402

pytest.importorskip("textual_serve")


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The project."""
    shop = Shop(tmp_path_factory.mktemp("web"))
    shop.write("trainer.toml", "[full]\nmin_hours = 0\n[stop]\ngrace_seconds = 1\n")
    shop.model("good", GOOD)
    shop.ok("watch", "good", "--headless")
    yield shop
    shop.clear()


@pytest.fixture
def serve(ended: Shop) -> Iterator[Callable[..., Served]]:
    """Start a server; it ends with the test."""
    started: list[Served] = []

    def start(*words: str) -> Served:
        process = subprocess.Popen(
            [*PROGRAM, "serve", *words, "--port", "0"],
            cwd=ended.root,
            env=ended.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(Served(process))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
            served.process.communicate()
