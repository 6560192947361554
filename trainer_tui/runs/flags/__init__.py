"""The red flags as data: what each means, where it comes from, how it is tuned."""

from trainer_tui.runs.flags.history_table import HISTORY_FLAGS
from trainer_tui.runs.flags.machine_table import MACHINE_FLAGS
from trainer_tui.runs.flags.spec import Flag, FlagSettings, Parameter, Values, faults, merged, tuned

FLAGS: tuple[Flag, ...] = (*HISTORY_FLAGS, *MACHINE_FLAGS)

__all__ = [
    "FLAGS",
    "HISTORY_FLAGS",
    "MACHINE_FLAGS",
    "Flag",
    "FlagSettings",
    "Parameter",
    "Values",
    "faults",
    "merged",
    "tuned",
]
