"""Crashes of compiled code (F04)."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    NATIVE,
    STOPPED,
)
from trainer_tui.failures.rules import Rule

# fmt: off
RULES: tuple[Rule, ...] = (
    # --- F04 native crashes
    Rule("fatal-python", "error", "native-crash",
         r"Fatal Python error: |Windows fatal exception: ",
         "The interpreter crashed.", NATIVE),
    Rule("jvm-crash", "error", "native-crash",
         r"^# (A fatal error has been detected by the Java Runtime|There is insufficient memory for the Java Runtime)",
         "The Java machine crashed.", NATIVE, behind_hash=True),
    Rule("segfault", "error", "native-crash",
         r"(^|: line \d+: *\d+ |: *|\] *|^\d+ )Segmentation fault( \(core dumped\)|$| {3,}\S)"
         r"|[Cc]aught signal \d+ \(|[Cc]aught signal number \d+|Signal: (Segmentation fault|Bus error|Aborted|Illegal instruction|Floating point exception)|^Segmentation fault: 11|terminated with signal SIG(SEGV|ABRT|BUS|ILL|FPE)|SIGSEGV \(@"
         r"|\*\*\* caught (segfault|bus error|illegal operation)|^\[?\d*\]? ?signal \(?\d+(\.\d+)?\)?( \(\d+\))?: \w"
         r"|received signal SIG(SEGV|BUS|ILL|FPE|ABRT)\b|\*\*\* SIG[A-Z]+ (\(@|received)|KILLED BY SIGNAL: (4|6|7|8|11) "
         r"|EXIT STRING: \w[^(]*\(signal (4|6|7|8|11)\)|exited on signal (4|6|7|8|11) "
         r"|`Segmentation fault` is detected|Received signal 11\b|signal 11 \(Segmentation",
         "The process crashed: invalid memory access.", NATIVE),
    Rule("core-dumped", "error", "native-crash",
         r"\(core dumped\)|the monitored command dumped core|^(.*: line \d+: *\d+ )(Aborted|Bus error|Illegal instruction"
         r"|Floating point exception|Trace/breakpoint trap)\b|^(Bus error|Illegal instruction"
         r"|Floating point exception)( \(core dumped\))?$",
         "The process crashed.", NATIVE),
    Rule("bare-aborted", "warning", "native-crash",
         r"^(Aborted|Abort trap: 6)$",
         "Something aborted itself.", NATIVE, last_words=True),
    Rule("other-signal", "error", "signal",
         r": line \d+: *\d+ (Alarm clock|Terminated|Hangup|Quit|User defined signal \d"
         r"|CPU time limit exceeded|File size limit exceeded)\b",
         "The shell saw a process end by a signal.", STOPPED),
    Rule("exit-139", "error", "native-crash",
         r"(?i)\b(exit(ed)?|exits|terminated|finished|completed)( with)?( (exit|return|non-zero))* ?(code|status)[:=]? *(-11|-6|-7|-4|-8|139|134|135|132|136)\b"
         r"|\bexitcode: -(11|6|7|4|8)\b|exit code (-10737\d{5}|0x[cC]00000\w\w|322122\d{4})\b|^=   EXIT CODE: (11|139|6|134)$|^Command terminated by signal (4|6|7|8|11)$",
         "A process crashed.", NATIVE, consequence=True),
    Rule("sanitizer", "error", "native-crash",
         r"==\d+== ?ERROR: \w+Sanitizer: ",
         "A sanitizer stopped the process.", NATIVE),
    Rule("c-assertion", "error", "native-crash",
         r"^[\w./+-]+: [\w./+-]+:\d+: .*: Assertion .+ failed\.?$|^Assertion failed: \(.+\), function |INTERNAL ASSERT FAILED at \"[^\" ]+\":\d",
         "A check in compiled code failed.", NATIVE, sieve=r": Assertion .|Assertion failed: .|INTERNAL ASSERT FAILED at"),
    Rule("heap", "error", "native-crash",
         r"Attempt to free invalid pointer|buffer overflow detected \*\*\*|^pure virtual method called|^Fatal glibc error: "
         r"|double free or corruption|free\(\): (invalid|double free)|malloc(_consolidate)?\(\): |munmap_chunk\(\): invalid"
         r"|corrupted (size vs|double-linked|unsorted)|\*\*\* stack smashing detected",
         "The heap is corrupted.", NATIVE),
    Rule("terminate-called", "error", "native-crash",
         r"^terminate called (after throwing|without an active|recursively)|^libc\+\+abi.{0,40}terminating",
         "Compiled code ended with an exception that nobody caught.", NATIVE),
    Rule("process-abort", "error", "native-crash",
         r"`Process abort signal` is detected|^C\+\+ Traceback \(most recent call last\)"
         r"|^Error Message Summary:|^LLVM ERROR: ",
         "Compiled code aborted.", NATIVE),
    Rule("check-failed", "error", "native-crash",
         r"^F\d{4} \d\d:\d\d:\d\d.{0,80}\.(cc|cpp|cxx|cu|cuh|h|hpp|py):\d+\] |(^|: )F [\w./+-]+\.(cc|cpp|cu|h):\d+\] |[:\]] Check failed: .|^\*\*\* Check failure stack trace"
         r"|\*\*\* Process received signal \*\*\*|\]PETSC ERROR: ",
         "A check inside compiled code failed.", NATIVE),
    Rule("fatal-library", "error", "native-crash",
         r"^\[LightGBM\] \[Fatal\] |^E?\[\d\d:\d\d:\d\d\] \S*dmlc\S*logging\.h:\d+: |^(Error: )?catboost/\S+\.(cpp|h):\d+: |^(Intel|INTEL) (oneAPI |ONEAPI )?MKL (FATAL )?ERROR: "
         r"|^ERROR \([\w-]+\[\d[^\]]*\]:\w+\(\):\S+:\d+\) |^FATAL: \w+::",
         "The library gave up.",
         ("Read the message: it names the parameter or the data that does not fit.",),
         sieve=r"\[LightGBM\] \[Fatal\] |dmlc\S*logging\.h:\d|catboost/\S+\.(cpp|h):\d+: |MKL (FATAL )?ERROR: "
               r"|ERROR \([\w-]+\[\d|FATAL: \w+::"),
    Rule("rust-panic", "error", "native-crash",
         r"^thread '.*' (\(\d+\) )?panicked at |^panic: (runtime|interface|assignment|close of|send on|reflect|sync|http|json|flag|yaml|open|exit|unable|cannot|could not|failed|invalid|error|unexpected)[ :]|^fatal error: (all goroutines are asleep|concurrent map|stack overflow|unexpected signal|runtime: )",
         "A Rust or Go library panicked.", NATIVE),
)
# fmt: on
