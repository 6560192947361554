"""What the kernel writes into its log about a process that it ended: a line in, who and why out.

The wordings are those of `mm/oom_kill.c`, `arch/x86/mm/fault.c`, `arch/x86/kernel/traps.c` and of NVIDIA's
driver ("Xid Errors").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Word = Literal["oom", "crash", "gpu"]


@dataclass(frozen=True, slots=True)
class KernelWord:
    """One line of the kernel's log that says what became of a process."""

    what: Word
    pid: int | None
    """None: the line names no process, as a GPU that fell off the bus does not."""
    text: str
    """The line, without its time."""
    where: str = ""
    """The library in which it crashed, or the memory cgroup whose limit was reached."""
    within_cgroup: bool = False
    """For `oom`: a cgroup's limit was reached, not the machine's."""


_OOM = re.compile(r"(?P<memcg>Memory cgroup out of memory|Out of memory)[^:]*: Killed process (?P<pid>\d+)")
_OOM_TABLE = re.compile(r"oom-kill:constraint=CONSTRAINT_(?P<why>\w+).*,pid=(?P<pid>\d+)")
_OOM_WHERE = re.compile(r",oom_memcg=([^,]*)")
_SEGFAULT = re.compile(r"\S.*?\[(?P<pid>\d+)\]: segfault at .*?(?: in (?P<where>[^\[\s]+)\[|$)")
_TRAP = re.compile(
    r"traps: .*?\[(?P<pid>\d+)\] (?:general protection|trap |general protection fault).*?"
    r"(?: in (?P<where>[^\[\s]+)\[|$)"
)
_XID = re.compile(r"NVRM: Xid \([^)]*\): \d+(?:,.*?\bpid='?(?P<pid>\d+))?")


def kernel_word(text: str) -> KernelWord | None:
    """What a line of the kernel's log says about a process; None for any other line."""
    text = text.strip()
    if match := _OOM.search(text):
        within = match["memcg"].startswith("Memory")
        return KernelWord("oom", int(match["pid"]), text[:300], within_cgroup=within)
    if match := _OOM_TABLE.search(text):
        where = _OOM_WHERE.search(text)
        within = match["why"] == "MEMCG"
        return KernelWord("oom", int(match["pid"]), text[:300], where[1] if where else "", within)
    if match := _SEGFAULT.match(text) or _TRAP.match(text):
        return KernelWord("crash", int(match["pid"]), text[:300], match["where"] or "")
    if match := _XID.search(text):
        return KernelWord("gpu", int(match["pid"]) if match["pid"] else None, text[:300])
    return None
