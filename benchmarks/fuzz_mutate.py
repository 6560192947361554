"""A small mutation engine: bytes that are nearly a file of some format. The same seed gives the same bytes.
# ruff: noqa: E501 - tables of inputs read best in few long lines

It knows nothing of the formats but their seeds and words; what is JSON is also changed as a tree, since a
document of the right shape with a wrong type inside goes further than a broken one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

EDGES = (
    *(b"0", b"-0", b"1", b"-1", b"0.5", b"1e999", b"-1e999", b"nan", b"NaN", b"-nan", b"inf", b"Infinity"),
    *(b"-Infinity", b"1e308", b"5e-324", b"1e-400", b"255", b"256", b"65535", b"65536", b"2147483647"),
    *(b"2147483648", b"4294967296", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809"),
    *(b"18446744073709551616", b"1" + b"0" * 400, b"9" * 5000, b"0x10", b"1_000", b"1,000", b"\xd9\xa3", b""),
    *(b"\xc2\xb2", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"24:60:60", b"1e15", b"1e16"),
)
"""Numbers and dates at edges, and what Python alone takes for a number."""

ODD = (
    *(b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\x1b[31m", b"\x1b"),
    *(
        b"\x1b]0;x\x07",
        b"\x9b",
        b"\r",
        b"\r\n",
        b"\n",
        b"\n\n",
        b"\x08",
        b"\x85",
        b"\xe2\x80\xa8",
        b"\t",
        b" ",
    ),
    *(
        b'"',
        b"'",
        b"`",
        b"\\",
        b"%s",
        b"{}",
        b"../",
        b"/",
        b"$(x)",
        b";",
        b"=",
        b"#",
        b"<!--",
        b"\xe2\x80\xae",
    ),
    *(
        b"\x0b",
        b"\x0c",
        b"\x1c",
        b"\xf0\x9f\x92\xa5",
        b"I\xcc\x87",
        b"\xc4\xb0",
        b"\xc3\x9f",
        b"\xef\xac\x80",
    ),
)
"""Bytes that text handling stumbles over: NULs, torn UTF-8, escapes, quotes, letters that change length."""

_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        0.5,
        10**400,
        -(10**400),
        2**63,
        2**64,
        1e308,
        5e-324,
        "",
        "x",
        "\0",
        "nan",
    ),
    *(
        float("nan"),
        float("inf"),
        -float("inf"),
        [],
        {},
        [None],
        [[]],
        {"": None},
        ["x"],
        "\x1b[31m",
        "\ud800",
    ),
    *(
        "a" * 3000,
        [0] * 300,
        {"a": {"b": {"c": []}}},
        "2026-01-25T14:30:00.123Z",
        "../../../../etc",
        "9" * 5000,
    ),
    *("²", 1.5, "1e999", [1, "a", None, 1.5, True], {"id": 1}, "0001-01-01T00:00:00+14:00", 10**18),
)
"""What stands in a document in place of what belongs there."""

_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_OPENERS = (
    (b"[", b"]"),
    (b"{", b"}"),
    (b'{"a":', b"}"),
    (b"(", b")"),
    (b"<!--", b"-->"),
    (b"```\n", b"```\n"),
)
_DEPTHS = (2, 20, 90, 300, 480, 900, 1100, 20_000)

Mutation = Callable[["Mutator", bytes], bytes]


class Mutator:
    """Makes inputs of at most `most` bytes from the seeds of one format and its words."""

    def __init__(self, chance: Random, seeds: Sequence[bytes], words: Sequence[bytes], most: int) -> None:
        self.chance, self.seeds, self.most = chance, list(seeds), most
        self.words = [*words, *ODD, *EDGES]

    def make(self) -> bytes:
        """The next input; now and then a seed as it is, or one long stretch of the same."""
        chance = self.chance
        data = chance.choice(self.seeds)
        if chance.random() < 0.01:
            return data[: self.most]
        for _ in range(1 + int(chance.expovariate(0.6))):
            data = chance.choice(_MUTATIONS)(self, data)[: self.most]
        return _stretched(self, data) if chance.random() < 0.01 else data

    def at(self, data: bytes) -> int:
        """A place in the bytes; more often near a line's end or a quote than anywhere."""
        if data and self.chance.random() < 0.3:
            found = data.find(
                self.chance.choice((b"\n", b'"', b":", b",", b" ")), self.chance.randrange(len(data))
            )
            if found >= 0:
                return found + self.chance.randrange(2)
        return self.chance.randrange(len(data) + 1)

    def span(self, data: bytes, most: int = 64) -> tuple[int, int]:
        """A stretch of the bytes, mostly short, sometimes of any length."""
        start = self.at(data)
        length = (
            self.chance.randrange(1, most)
            if self.chance.random() < 0.8
            else self.chance.randrange(len(data) + 1)
        )
        return start, min(len(data), start + length)


def _flip(m: Mutator, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(m.chance.randrange(1, 4) if out else 0):
        out[m.chance.randrange(len(out))] ^= 1 << m.chance.randrange(8)
    return bytes(out)


def _byte(m: Mutator, data: bytes) -> bytes:
    at = m.at(data)
    return (
        data[:at]
        + bytes((m.chance.choice((0, 1, 127, 128, 255, 10, m.chance.randrange(256))),))
        + data[at + 1 :]
    )


def _cut(m: Mutator, data: bytes) -> bytes:
    start, end = m.span(data)
    return data[:start] if m.chance.random() < 0.2 else data[:start] + data[end:]


def _repeat(m: Mutator, data: bytes) -> bytes:
    start, end = m.span(data)
    return data[:end] + data[start:end] * m.chance.choice((1, 2, 10, 100)) + data[end:]


def _splice(m: Mutator, data: bytes) -> bytes:
    other = m.chance.choice(m.seeds)
    start, end = m.span(other, 200)
    if m.chance.random() < 0.3:
        return data[: m.at(data)] + other[start:]
    at = m.at(data)
    return data[:at] + other[start:end] + data[at:]


def _word(m: Mutator, data: bytes) -> bytes:
    at, end = m.span(data, 8)
    return data[:at] + m.chance.choice(m.words) + data[end if m.chance.random() < 0.5 else at :]


def _number(m: Mutator, data: bytes) -> bytes:
    found = _NUMBER.search(data, m.at(data)) or _NUMBER.search(data)
    return data if found is None else data[: found.start()] + m.chance.choice(EDGES) + data[found.end() :]


def _binary(m: Mutator, data: bytes) -> bytes:
    size, at = m.chance.choice((1, 2, 4, 8)), m.at(data)
    value = m.chance.choice(
        (0, 1, (1 << 8 * size - 1) - 1, 1 << 8 * size - 1, (1 << 8 * size) - 1, len(data))
    )
    value &= (1 << 8 * size) - 1
    return data[:at] + value.to_bytes(size, m.chance.choice(("little", "big"))) + data[at + size :]


def _lines(m: Mutator, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at, to = m.chance.randrange(len(lines)), m.chance.randrange(len(lines))
    what = m.chance.randrange(4)
    if what == 0:
        lines[at], lines[to] = lines[to], lines[at]
    elif what == 1:
        del lines[at]
    elif what == 2:
        lines.insert(to, lines[at])
    else:
        lines[at] = lines[at] * m.chance.choice((2, 50))
    return m.chance.choice((b"\n", b"\n", b"\n", b"\n", b"\r\n", b"\r")).join(lines)


def _deep(m: Mutator, data: bytes) -> bytes:
    opener, closer = m.chance.choice(_OPENERS)
    depth = min(m.chance.choice(_DEPTHS), m.most // (len(opener) + len(closer)))
    inner = b"1" if m.chance.random() < 0.5 else b""
    nest = opener * depth + inner + closer * (depth if m.chance.random() < 0.8 else 0)
    found = _NUMBER.search(data, m.at(data))
    start, end = found.span() if found is not None else m.span(data, 4)
    return data[:start] + nest + data[end:]


def _tree(m: Mutator, data: bytes) -> bytes:
    """One line, or all of it, as a JSON tree with one place changed."""
    lines = data.split(b"\n")
    at = m.chance.randrange(len(lines))
    try:
        document = json.loads(data)
        whole = True
    except (ValueError, RecursionError):
        whole = False
        try:
            document = json.loads(lines[at])
        except (ValueError, RecursionError):
            return _word(m, data)
    try:
        changed = json.dumps(_grafted(m, document)).encode()
    except (ValueError, RecursionError):
        return data
    if whole:
        return changed
    lines[at] = changed
    return b"\n".join(lines)


def _grafted(m: Mutator, node: Any) -> Any:
    """The tree with one value replaced, one key dropped, doubled or renamed."""
    chance = m.chance
    if not isinstance(node, dict | list) or not node or chance.random() < 0.15:
        return chance.choice(_VALUES)
    if isinstance(node, list):
        at = chance.randrange(len(node))
        return [*node[:at], _grafted(m, node[at]), *node[at + 1 :]]
    key = chance.choice(list(node))
    what = chance.random()
    if what < 0.1:
        return {name: value for name, value in node.items() if name != key}
    if what < 0.2:
        return {**node, m.chance.choice(m.words).decode("utf-8", "replace"): chance.choice(_VALUES)}
    if what < 0.25:
        return {**node, key: node[chance.choice(list(node))]}
    return {**node, key: _grafted(m, node[key])}


def _stretched(m: Mutator, data: bytes) -> bytes:
    """One piece again and again, as long as is allowed: what is worse than linear shows."""
    start, end = m.span(data, 12)
    piece = data[start:end] or b"a"
    room = max(0, m.most - len(data))
    return data[:end] + piece * (room // len(piece)) + data[end:]


_MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _byte, _cut, _repeat, _splice, _splice, _word, _word, _number, _number, _binary, _lines),
    *(_deep, _tree, _tree, _tree),
)
