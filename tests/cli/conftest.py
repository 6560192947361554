"""A project in a temporary folder, and the real program run in it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the tests beside this file share `shop`

from shop import shop  # noqa: F401
