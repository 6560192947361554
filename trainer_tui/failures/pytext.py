"""How Python writes tracebacks: the single lines. Plain functions on text; the state is in `traceback`."""

from __future__ import annotations

import re
from typing import Literal

from trainer_tui.failures.exceptions import METRIC_NAME, SUFFIXES, is_known

Style = Literal["plain", "group", "ipython", "rich"]

HEADER = "Traceback (most recent call last)"
_BOX = "─━╭╮╰╯┌┐└┘│┃"

# What launchers put in front of every line of a process: torchrun, mpirun, Ray, srun --label, docker compose.
_STREAM = re.compile(
    r"\[(?:rank|default)\d+\]: ?"
    r"|(?:\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})?\[\d+(?:,[^\]\s<]{1,60})?\]<std(?:out|err)>: ?"
    r"|\([^()]{0,80}\bpid=\d+[^()]{0,80}\) ?"
    r"| {0,4}\d{1,5}: "
    r"|\[\d{1,4}\] "
    r"|[A-Za-z][\w.-]{0,60} {1,8}\| "
    r"|\[(?:stderr|stdout|\d{1,4})\]: ?"
    r"|\[pod/[^\]\s]{1,200}\] "
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,60} [\w.@-]{1,60}\[\d+\]: "
)
_STAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,\d]{0,12}(?:Z|[+-]\d\d:?\d\d) ?(?:std(?:out|err) [FP] )?"
)
_BRACKETED = re.compile(
    r"\[(?:\d[\d\-/:.,TZ+ ]{7,40}|[\w:./-]{0,40}(?:rank|worker|node|std(?:out|err))[\w:./ -]{0,40})\] (?=\S)"
)
_FRAME = re.compile(r'File "([^"]{1,400})", line (\d{1,8})(?:, in (.{1,200}))?')
_NOTEBOOK_FRAME = re.compile(
    r"^(?:File )?([^\s:]{1,300})(?::(\d{1,8}),)? in (?:<cell line: \d+>|([\w.<>]{1,100}))\("
)
_BOXED_FRAME = re.compile(r"([^\s:]\S{0,300}\.pyx?):(\d{1,8}) in (\S{1,100})")
_NAME = r"((?:[A-Za-z_]\w{0,80}\.){0,12}[A-Za-z_]\w{0,80})"
_EXCEPTION = re.compile(_NAME + r"(?: \(see above for traceback\))?(?::(?:$| +(.*))|$)")
_TANGLED = re.compile(
    r"((?:[A-Za-z_]\w{0,40}\.){0,6}[A-Z]\w{0,60}?(?:Error|Exception|Interrupt))\1{1,64}(?=:|$)"
)
_NOTEBOOK_HEADER = re.compile(r"(?:^|\s)([A-Za-z_][\w.]{0,120}) {2,}$")
_NUMBER_ONLY = re.compile(r"[-+\d.,eE% ()\[\]]*")
_MARGIN = re.compile(r" *[|+](?:[-+| ]|\d+(?= -))*")

CHAINS = (
    "During handling of the above exception, another exception occurred",
    "The above exception was the direct cause of the following exception",
)
# What announces a traceback of something that is being cleaned up or that only failed to be logged,
EXCUSES = (
    "Exception ignored ",
    "Error in atexit._run_exitfuncs",
    "--- Logging error ---",
    "during interpreter shutdown",
)
# and of a thread or a task without which the process goes on.
SIDE_TASKS = (
    "Exception in thread ", "Exception in callback ", "Task exception was never retrieved",
    "Detailed Traceback:", "Below are more details about the failures",
)  # fmt: skip
# Functions that run while an interpreter or an object goes away; what fails there fails after the work.
TEARDOWN = re.compile(
    r"in (_run_finalizers|_run_exitfuncs|_exit_function|__del__|_cleanup|_shutdown_workers)\b|sem_unlink\("
)
# What libraries print on the lines after an exception and that belongs to it.
CONTINUATION = re.compile(
    r"(CUDA kernel errors might|For debugging consider|Compile with `|The exit codes of the workers"
    r"|Exception raised from|frame #\d+|ncclSystemError|Last error:"
    r"|Set the environment variable HYDRA|Device-side assert)"
)


def split_prefix(text: str) -> tuple[str, str]:
    """(the launcher's label of the process, without time stamps; the line as the process wrote it)."""
    stream = ""
    at = 0
    for _ in range(3):
        if stamp := _STAMP.match(text, at):
            at = stamp.end()
        elif label := _STREAM.match(text, at):
            stream += label.group().strip() + " "
            at = label.end()
        else:
            break
    return stream, text[at:]


def without_label(body: str) -> str:
    """The line without a time stamp or a worker's name in brackets, which a tool put in front of it."""
    label = _BRACKETED.match(body)
    return body[label.end() :] if label else body


def header_style(body: str) -> Style | None:
    """How a traceback that starts on this line is written; None if none starts here."""
    at = body.find(HEADER)
    if at < 0:
        return None
    before, after = body[:at], body[at + len(HEADER) :]
    if before.endswith("C++ ") or before.rstrip().endswith(("'", '"', "`", "(")):
        return None
    if any(char in before for char in _BOX):
        return "rich" if not after.strip(" " + _BOX) else None
    if after.strip() not in ("", ":"):
        return None
    if notebook_name(body):
        return "ipython"
    if before.endswith("Exception Group ") or (before.strip(" |+-") == "" and "|" in before):
        return "group"
    return "plain"


def announces_side_task(body: str) -> bool:
    """True for the line before the traceback of a thread or a task; the JVM quotes its threads' names."""
    return any(words in body for words in SIDE_TASKS) and 'Exception in thread "' not in body


def notebook_name(body: str) -> str:
    """The exception's class in IPython's header line, "" if it is not one."""
    match = _NOTEBOOK_HEADER.search(body[: max(0, body.find(HEADER))][-200:])
    return match.group(1) if match and _looks_like_exception(match.group(1)) else ""


def indent_of(body: str) -> int:
    """Leading blanks of a header line that stands alone; 0 where something is glued in front of it."""
    return len(body) - len(body.lstrip()) if body.lstrip().startswith(("Traceback", "Exception Group")) else 0


def frame_of(body: str, style: Style) -> str:
    """`file:line in function` if the line is a frame, else ""."""
    if match := _FRAME.search(body):
        return f"{match[1]}:{match[2]} in {match[3] or '<module>'}"
    if style == "rich" and (match := _BOXED_FRAME.search(body)):
        return f"{match[1]}:{match[2]} in {match[3]}"
    if style == "ipython" and (match := _NOTEBOOK_FRAME.match(body)):
        return f"{match[1]}:{match[2] or '?'} in {match[3] or '<cell>'}"
    return ""


def exception_in_traceback(body: str) -> tuple[str, str] | None:
    """(class name, the line) of the line that ends a traceback; None if the line is not one."""
    match = _EXCEPTION.match(body)
    if match is None:
        return None
    name, message = match[1], match[2] or ""
    plausible = (
        _looks_like_exception(name) or "." in name or (name[0].isupper() and bool(message) and len(name) > 3)
    )
    return (name, _quoted(body)) if plausible else None


def untangle(body: str) -> str:
    """An exception that several processes wrote into one line at once, as one of them wrote it.

    `KeyErrorKeyError: : 'a''a'` is `KeyError: 'a'`; other lines are returned as they are.
    """
    body = body.removeprefix("^C")  # the terminal's echo of the key
    match = _TANGLED.match(body)
    if match is None:
        return body
    name, rest = match[1], body[match.end() :]
    said = rest.lstrip(": ")
    period = (said + said).find(said, 1) if said else 0
    return f"{name}: {said[:period]}" if period else name


def exception_alone(body: str) -> tuple[str, str] | None:
    """(class name, the line) of an exception without a traceback; strict, since prose looks alike."""
    match = _EXCEPTION.match(body.strip())
    if match is None:
        return None
    name, message = match[1], match[2] or ""
    last = name.rpartition(".")[2]
    a_number = message != "" and _NUMBER_ONLY.fullmatch(message) is not None
    if a_number and METRIC_NAME.match(last):
        return None
    if is_known(name):
        return name, _quoted(body)
    if last.endswith("Warning") or last in ("Exception", "BaseException", "Error"):
        return None
    by_module = re.search(r"\.\w*(errors?|exceptions?)\.", "." + name) is not None
    named = _looks_like_exception(name) and not METRIC_NAME.match(last) and (message != "" or "." in name)
    if not (by_module or named) or a_number:
        return None
    return (name, _quoted(body)) if last[0].isupper() or last[0] == "_" else None


def strip_margin(body: str) -> str | None:
    """A line of an exception group without its `|` margin; None if it has none."""
    match = _MARGIN.match(body)
    return body[match.end() :] if match else None


def strip_box(body: str) -> str:
    """A line of a boxed traceback without the box."""
    return body.strip().strip("│┃").rstrip()


def closes_box(body: str) -> bool:
    """True for the lower edge of a boxed traceback."""
    text = body.strip()
    return len(text) > 10 and not text.strip(_BOX) and not text.startswith(("╭", "┌"))


def _quoted(body: str) -> str:
    return body.strip().removesuffix(":")


def _looks_like_exception(name: str) -> bool:
    return is_known(name) or (name.rpartition(".")[2].endswith((*SUFFIXES, "Warning")) and not name.islower())
