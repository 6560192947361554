"""What the source says of a frame: the line it stands on, the lock it asks for, the locks it is inside of.

The interpreter does not tell who owns a `threading.Lock`. The source does, for locks taken with `with X:`
or `X.acquire()`: a thread inside such a block holds X. The text is that of now; of a file changed since
the run began it may mislead, so what follows from it is worded as read from the source.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from trainer_tui.runs.plain import plain_reader
from trainer_tui.supervise.doing.snapshot import Frame, Stack

LIMIT = 2 << 20
"""Bytes of the longest source that is read."""

Sources = dict[str, str]


def read_source(path: str) -> str:
    """The text of a source file; empty when it cannot be had."""
    if not path.endswith(".py"):
        return ""
    try:
        with plain_reader(path) as file:
            return file.read(LIMIT).decode(errors="replace")
    except OSError:
        return ""


def line_at(sources: Sources, frame: Frame) -> str:
    """The line a frame stands on, without its indent; empty when it is not known."""
    lines = sources.get(frame.file, "").splitlines()
    return lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""


def lock_asked(sources: Sources, frame: Frame) -> str:
    """The lock that is asked for on this line: the X of `with X:` or `X.acquire()`; empty when none is."""
    tree = _tree(sources.get(frame.file, ""))
    for node in ast.walk(tree):
        if isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if _spans(item.context_expr, frame.line) and not isinstance(item.context_expr, ast.Call):
                    return ast.unparse(item.context_expr)
        elif isinstance(node, ast.Call) and _spans(node, frame.line):
            target = _acquired(node)
            if target:
                return target
    return ""


def locks_held(sources: Sources, stack: Stack, *, asking: bool = False) -> set[tuple[str, str]]:
    """(file, name of the lock) of each lock that a thread with this stack is inside of.

    `asking`: its innermost frame still waits, so what that very line takes is not held yet.
    """
    found: set[tuple[str, str]] = set()
    for depth, frame in enumerate(stack):
        # What libraries hold inside of themselves explains little, and they are long.
        text = "" if frame.is_library else sources.get(frame.file, "")
        if text:
            names = _held_at(text, frame.line, asking and depth == 0)
            found |= {(frame.file, scoped(frame, name)) for name in names}
    return found


def forget() -> None:
    """Let go of the parsed sources: who looks at hangs lives for days, and hangs are rare."""
    _tree.cache_clear()
    _held_at.cache_clear()


def scoped(frame: Frame, name: str) -> str:
    """`self.lock` of one class is not that of another."""
    owner, dot, _ = frame.function.rpartition(".")
    return f"{owner}:{name}" if dot and name.startswith("self.") else name


@lru_cache(maxsize=64)
def _tree(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


@lru_cache(maxsize=512)
def _held_at(text: str, line: int, asking: bool) -> frozenset[str]:
    tree = _tree(text)
    held = set()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.With, ast.AsyncWith)) or not _within(node.body, line):
            continue
        locks = [item.context_expr for item in node.items if not isinstance(item.context_expr, ast.Call)]
        held |= {ast.unparse(lock) for lock in locks if not (asking and _spans(lock, line))}
    return frozenset(held | _acquired_before(tree, line))


def _acquired_before(tree: ast.Module, line: int) -> set[str]:
    """Locks acquired by a call earlier in the function that holds this line, and not released before it."""
    functions = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    around = [n for n in functions if _spans(n, line)]
    innermost: ast.AST = max(around, key=lambda n: n.lineno) if around else tree
    calls = [n for n in ast.walk(innermost) if isinstance(n, ast.Call) and (n.end_lineno or 0) < line]
    held: set[str] = set()
    for call in sorted(calls, key=lambda n: n.lineno):
        if target := _acquired(call):
            held.add(target)
        held.discard(_method_of(call, "release"))
    return held


def _acquired(call: ast.Call) -> str:
    return _method_of(call, "acquire")


def _method_of(call: ast.Call, method: str) -> str:
    function = call.func
    return (
        ast.unparse(function.value) if isinstance(function, ast.Attribute) and function.attr == method else ""
    )


def _within(body: list[ast.stmt], line: int) -> bool:
    return body[0].lineno <= line <= (body[-1].end_lineno or body[-1].lineno)


def _spans(node: ast.expr | ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)
