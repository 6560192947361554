"""What a process and its children are doing right now: stacks, wait channels, and a verdict over them.

`take` makes a `Snapshot` of a process tree in about a second, without pausing anybody; `judge` says in one
`Verdict` what it waits for or works at. Taking is the only part that touches the machine.
"""

from trainer_tui.supervise.doing.snapshot import Process, Snapshot, Thread
from trainer_tui.supervise.doing.take import take
from trainer_tui.supervise.doing.telling import document, stacks_text
from trainer_tui.supervise.doing.verdict import Verdict
from trainer_tui.supervise.doing.verdicts import judge

__all__ = ["Process", "Snapshot", "Thread", "Verdict", "document", "judge", "stacks_text", "take"]
