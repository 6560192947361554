"""Red flags: from rows of metrics and samples of the machine to incidents, once an episode.

What each flag means, where it comes from and its parameters: `trainer_tui.runs.flags`.
"""

from trainer_tui.failures.flags.machine_watch import MachineFlags
from trainer_tui.failures.flags.watch import RedFlags

__all__ = ["MachineFlags", "RedFlags"]
