"""Lines of the kernel's log, as kernels and drivers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.failures import kernel_word

LINES = [
    (
        "Memory cgroup out of memory: Killed process 32342 (python) total-vm:319728kB, anon-rss:65280kB",
        ("oom", 32342, "", True),
    ),
    (
        "Out of memory: Killed process 77 (python3) total-vm:1kB, anon-rss:2kB, UID:0",
        ("oom", 77, "", False),
    ),
    (
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a/b,"
        "task_memcg=/a/b/c,task=python,pid=32342,uid=0",
        ("oom", 32342, "/a/b", True),
    ),
    (
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
        "task_memcg=/u,task=python,pid=5,uid=0",
        ("oom", 5, "", False),
    ),
    (
        "python[32319]: segfault at 0 ip 00007fb20a185ad8 sp 00007ffc error 4 in libc.so.6[167ad8,7f+15000] "
        "likely on CPU 1 (core 1, socket 0)",
        ("crash", 32319, "libc.so.6", False),
    ),
    ("pt main thread[9]: segfault at 10 ip 0 sp 0 error 14", ("crash", 9, "", False)),
    (
        "traps: python[123] general protection fault ip:7f00 sp:7f01 error:0 in libtorch_cpu.so[7f00+1000]",
        ("crash", 123, "libtorch_cpu.so", False),
    ),
    (
        "traps: python3.11[8] trap invalid opcode ip:7f00 sp:7f01 error:0 in _jaxlib.so[7f+1]",
        ("crash", 8, "_jaxlib.so", False),
    ),
    (
        "NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
        ("gpu", None, "", False),
    ),
    ("NVRM: Xid (PCI:0000:86:00): 31, pid=12345, name=python, Ch 00000010", ("gpu", 12345, "", False)),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_what_a_line_says(line, expected):
    word = kernel_word(line)
    assert word is not None and (word.what, word.pid, word.where, word.within_cgroup) == expected
    assert word.text == line[:300]


@pytest.mark.parametrize(
    "line",
    [
        "python invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        "Code: e1 ff ff ff c3 66 2e 0f",
        "[  32342]     0 32342    79932    17504   196608        0             0 python",
        "EXT4-fs (sda1): mounted filesystem",
        "",
    ],
)
def test_a_line_that_says_nothing(line):
    assert kernel_word(line) is None


@given(st.text(max_size=400))
def test_any_line_is_read(line):
    word = kernel_word(line)
    assert word is None or len(word.text) <= 300
