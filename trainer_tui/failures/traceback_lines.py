"""What one line means to an open traceback: a part of it, its exception, something after it, or nothing."""

from __future__ import annotations

from trainer_tui.failures import pytext
from trainer_tui.failures.automaton import Hits
from trainer_tui.failures.open_traceback import TAIL, OpenTraceback

PATIENCE = 200
"""Foreign lines between the lines of one traceback before it is given up."""
_FRAMES = 200

Named = tuple[str, str]
"""The name and the message of an exception."""


def inside(current: OpenTraceback, body: str, line: int, hits: Hits) -> bool | Named:
    """Whether a line belongs to a traceback that waits for its exception; that, if the line names it."""
    if current.style == "group":
        return _in_group(current, body)
    if not body.strip():
        current.blanks += 1
        return current.style != "plain" or current.blanks <= 5
    if pytext.header_style(body) is not None:  # several processes wrote into each other
        current.add(body)
        return True
    if current.style == "rich":
        return _in_box(current, body)
    inner = body[current.indent :] if not body[: current.indent].strip() else body
    exception = pytext.exception_in_traceback(pytext.untangle(inner))
    if current.style == "ipython":
        return _in_notebook(current, body, inner, exception, line, hits)
    if _frame(current, inner) or inner.startswith((" ", "\t")):
        current.add(body)
        return True
    if exception:
        current.add(body)
        return exception
    return False


def _in_group(current: OpenTraceback, body: str) -> bool | Named:
    inner = pytext.strip_margin(body)
    if inner is None:
        current.ended = current.incident is not None  # the margin ends with the group
        return False
    current.add(body)
    _frame(current, inner)
    return pytext.exception_in_traceback(inner) or True


def _in_notebook(
    current: OpenTraceback, body: str, inner: str, exception: Named | None, line: int, hits: Hits
) -> bool | Named:
    if exception and exception[0].rpartition(".")[2] == current.name.rpartition(".")[2]:
        current.add(body)
        return exception
    if hits.rules:
        return False
    current.add(body)
    _frame(current, inner)
    return line - current.line < 5 * PATIENCE


def _in_box(current: OpenTraceback, body: str) -> bool | Named:
    if pytext.closes_box(body):
        current.boxed = False
    elif not current.boxed:
        exception = pytext.exception_in_traceback(body.strip())
        if exception is None:
            return False
        current.add(body)
        return exception
    elif not body.startswith((" ", "│", "┃")):
        return False
    current.add(body)
    _frame(current, pytext.strip_box(body))
    return True


def after(current: OpenTraceback, body: str, hits: Hits) -> bool:
    """Whether a line after the exception belongs to it: a blank, a note, what chains the next one to it."""
    if not body.strip():
        current.blanks += 1
        return current.blanks <= 3
    if any(chain in body for chain in pytext.CHAINS):
        current.chained, current.blanks = True, 0
        current.add(body)
        return True
    style = pytext.header_style(body)
    if style is not None:
        if not current.chained:
            return False
        current.chained = current.ended = False
        current.style, current.indent, current.blanks = style, pytext.indent_of(body), 0
        current.name, current.boxed = pytext.notebook_name(body), True
        current.add(body)
        return True
    if pytext.frame_of(body, current.style) and body.startswith(" "):
        return True  # the twin of a traceback that two processes wrote into each other
    noted = body.startswith((" ", "\t")) and not current.blanks
    if not noted and pytext.CONTINUATION.match(body):
        noted = not any(rule.severity == "error" for rule, _ in hits.rules)
    if not noted or current.added >= TAIL:
        return False
    current.added += 1
    current.add(body)
    current.stale = True
    return True


def _frame(current: OpenTraceback, body: str) -> bool:
    """Keep a frame, if the line names one."""
    frame = pytext.frame_of(body, current.style)
    if frame and len(current.frames) < _FRAMES:
        current.frames.append(frame)
        current.blanks = 0  # loguru sets its frames apart
    if current.severity == "error" and pytext.TEARDOWN.search(body):
        current.severity, current.rule = "notice", "teardown"
    return bool(frame)
