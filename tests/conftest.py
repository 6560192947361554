"""What holds for all tests."""

import gc
import os
import tempfile

import pytest
from hypothesis import settings

# A busy machine is no failure: examples are bounded in number, not in time.
settings.register_profile("trainer", deadline=None)
settings.load_profile("trainer")

# What a developer chose on the screen must not change what tests see, nor tests what was chosen.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="trainer-tui-tests-")

# Tests start the package a thousand times: it is compiled once, though containers often ask for never.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The collector's usual pace takes a third of the CPU time: it looks at every test and screen again and again.
gc.set_threshold(20_000, 10, 10)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is there before the first test stays."""
    gc.collect()
    gc.freeze()
