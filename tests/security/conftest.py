"""The lab of the supervision tests and the shop of the command line's, here too."""

import sys
from pathlib import Path

for room in ("cli", "supervise", "runs", "tui", "security"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))

from hostile_world import hostile  # noqa: F401, E402
from shop import shop  # noqa: F401, E402
