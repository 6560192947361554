"""From bytes, exit statuses and metric rows to incidents.

Importing this package is light: the automaton (hyperscan) is loaded when the first `Scanner` is built.
"""

from trainer_tui.failures.error_types import error_type
from trainer_tui.failures.exit_status import classify_exit, reason_for
from trainer_tui.failures.flags import MachineFlags, RedFlags
from trainer_tui.failures.kernel_words import KernelWord, kernel_word
from trainer_tui.failures.rule_table import DEFAULT as DEFAULT_RULES
from trainer_tui.failures.rules import Rule
from trainer_tui.failures.scanner import Scanner
from trainer_tui.failures.scene import Scene
from trainer_tui.failures.user_rules import faults as rule_faults
from trainer_tui.failures.user_rules import rule_set, rules_from

__all__ = [
    "DEFAULT_RULES",
    "KernelWord",
    "MachineFlags",
    "RedFlags",
    "Rule",
    "Scanner",
    "Scene",
    "classify_exit",
    "error_type",
    "kernel_word",
    "reason_for",
    "rule_faults",
    "rule_set",
    "rules_from",
]
