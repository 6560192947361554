"""The settings that stand in a source: names with a literal value, found in its syntax tree.

`LEARNING_RATE = 0.1`, `SGD(lr=0.1)`, `{"lr": 0.1}`, `def fit(epochs=80)`, `environ.get("LR", "0.1")` and
`add_argument("--lr", default=0.1)` are settings; so is `lr: 0.1` of a settings file. What is computed
is code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST = 80
"""Characters of the longest value that is taken for a setting: more is a text, or a table."""

_LARGEST = 400_000
"""Characters of the longest source in which settings are looked for: more was written by a program."""

_LINE = re.compile(r"""^\s*["']?([A-Za-z_][\w.-]*)["']?\s*[:=]\s*(\S.*?)\s*,?\s*$""")
_COMMENT = re.compile(r"\s+#.*$")
_SECTION = re.compile(r"^\s*\[+([^\]]+)\]+\s*$")
SETTINGS_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".toml", ".ini", ".cfg"})

Key = tuple[str, ...]
Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Constant:
    """One setting where it stands."""

    key: Key
    """Scope, place and name; what has the same key before and after is the same setting."""
    name: str
    """As it is written, e.g. `LEARNING_RATE`, `lr`, `--lr`."""
    text: str
    """Its value as it is written."""
    value: str
    """Its value in one way of writing: `1e-3` and `0.001` are no difference."""
    line: int
    """1-based."""
    span: Span
    """First line, first byte, last line, last byte of the value, as `ast` counts them."""


def constants(text: str, suffix: str = ".py") -> dict[Key, list[Constant]] | None:
    """The settings of a source by key, in order; None when it is neither Python nor a settings file."""
    if len(text) > _LARGEST or text.count("\r") > text.count("\r\n"):
        return None  # Python counts a lone carriage return as the end of a line, and nothing else does
    if suffix in SETTINGS_SUFFIXES:
        found = list(_of_lines(text))
    elif suffix == ".py":
        try:
            found = list(_Finder(text).of(ast.parse(text), ()))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    else:
        return None
    by_key: dict[Key, list[Constant]] = {}
    for constant in found:
        by_key.setdefault(constant.key, []).append(constant)
    return by_key


def is_declared(key: Key) -> bool:
    """Whether the key is a name of a module or class, which says what it is for wherever it is new."""
    return len(key) >= 2 and key[-2] == "=" and not any(word.startswith("def ") for word in key)


def with_values(text: str, changes: list[tuple[Constant, str]]) -> str:
    """The source with other values in the places of these settings."""
    rows = [row.encode() for row in text.split("\n")]
    for constant, value in sorted(changes, key=lambda change: change[0].span, reverse=True):
        first, start, last, end = constant.span
        joined = rows[first - 1][:start] + value.encode() + rows[last - 1][end:]
        rows[first - 1 : last] = [joined]
    return b"\n".join(rows).decode("utf-8", "replace")


class _Finder:
    """Walks a syntax tree; the scope is the way from the module to a node."""

    def __init__(self, text: str) -> None:
        self._rows = [row.encode() for row in text.split("\n")]

    def of(self, node: ast.AST, scope: Key) -> Iterator[Constant]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = (*scope, f"def {node.name}")
            yield from self._defaults(node.args, scope)
        elif isinstance(node, ast.ClassDef):
            scope = (*scope, f"class {node.name}")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from self._one((*scope, "=", ast.unparse(target)), ast.unparse(target), node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from self._one((*scope, "{}", key.value), key.value, value)
        elif isinstance(node, ast.Call):
            yield from self._call(node, scope)
        for child in ast.iter_child_nodes(node):
            yield from self.of(child, scope)

    def _call(self, node: ast.Call, scope: Key) -> Iterator[Constant]:
        called = ast.unparse(node.func)[-_LONGEST:]
        first = node.args[0] if node.args else None
        flag = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        of_flag = flag if called.endswith(("add_argument", "option", "Option")) and flag else ""
        for keyword in node.keywords:
            if keyword.arg is not None:
                name = of_flag if of_flag and keyword.arg == "default" else keyword.arg
                yield from self._one((*scope, called, of_flag, keyword.arg), name, keyword.value)
        if flag and len(node.args) == 2 and called.endswith((".get", "getenv")):
            yield from self._one((*scope, called, flag), flag, node.args[1])

    def _defaults(self, arguments: ast.arguments, scope: Key) -> Iterator[Constant]:
        plain = [*arguments.posonlyargs, *arguments.args]
        pairs = [*zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)]
        named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        pairs += [(arg, value) for arg, value in named if value is not None]
        for arg, value in pairs:
            yield from self._one((*scope, "default", arg.arg), arg.arg, value)

    def _one(self, key: Key, name: str, node: ast.expr) -> Iterator[Constant]:
        if isinstance(node, ast.Dict | ast.Call | ast.Name | ast.Attribute) or node.end_lineno is None:
            return
        span = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset or 0)
        if span[2] - span[0] > 2 or (span[0] == span[2] and span[3] - span[1] > _LONGEST):
            return
        try:
            value = repr(ast.literal_eval(node))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return
        text = " ".join(self._text(span).split())
        if len(text) <= _LONGEST:
            yield Constant(key, name, text, value, span[0], span)

    def _text(self, span: Span) -> str:
        first, start, last, end = span
        rows = self._rows[first - 1 : last]
        if first == last:
            return rows[0][start:end].decode("utf-8", "replace")
        return b"\n".join([rows[0][start:], *rows[1:-1], rows[-1][:end]]).decode("utf-8", "replace")


def _of_lines(text: str) -> Iterator[Constant]:
    """The `name: value` and `name = value` lines of a settings file; of nested ones the innermost name."""
    section = ""
    for number, row in enumerate(text.split("\n"), 1):
        heading = _SECTION.match(row)
        if heading:
            section = heading[1]
        found = _LINE.match(_COMMENT.sub("", row)) if not row.lstrip().startswith(("#", ";")) else None
        if not found or found[2] in ("{", "[", "|", ">") or len(found[2]) > _LONGEST:
            continue
        start, end = (len(row[:at].encode()) for at in found.span(2))
        value = found[2].strip("\"'")
        yield Constant((section, found[1]), found[1], found[2], value, number, (number, start, number, end))
