"""From bytes, exit statuses and metric rows to incidents.

Importing this package is light: the automaton (hyperscan) is loaded when the first `Scanner` is built.
"""

from trainer_tui.failures.exit_status import classify_exit, reason_for
from trainer_tui.failures.red_flags import RedFlags
from trainer_tui.failures.rule_table import DEFAULT as DEFAULT_RULES
from trainer_tui.failures.rules import Rule
from trainer_tui.failures.scanner import Scanner
from trainer_tui.failures.user_rules import rules_from

__all__ = ["DEFAULT_RULES", "RedFlags", "Rule", "Scanner", "classify_exit", "reason_for", "rules_from"]
