"""What holds for all tests."""

import os
import tempfile

from hypothesis import settings

# A busy machine is no failure: examples are bounded in number, not in time.
settings.register_profile("trainer", deadline=None)
settings.load_profile("trainer")

# What a developer chose on the screen must not change what tests see, nor tests what was chosen.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="trainer-tui-tests-")
