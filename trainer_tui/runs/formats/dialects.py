"""The table of dialects: how trainers print numbers, a pattern each and how its matches are read.

A pattern is run over whole pieces of a log, so it must not cross the end of a line, and it begins with what
is found fast. `read` turns a match into a row; what it has to remember is in the context, a dict of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from trainer_tui.runs.formats.free_text import NUMBER, freely, is_metric, pairs_of
from trainer_tui.runs.formats.rows import Row, column, key_of, metrics_in, number_of
from trainer_tui.runs.formats.trainer_state import logged

Context = dict[str, object]
Match = re.Match[bytes]

BEFORE = 200
"""Bytes of a line that are read before the word for its progress."""

START = rb"(?<![^\r\n])"
"""The start of a line, or of what a carriage return begins anew."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of printing numbers."""

    name: str
    pattern: re.Pattern[bytes]
    read: Callable[[Match, Context], Row | None]
    needed: int = 1
    """Rows of growing progress before it is believed: what no other program prints needs one."""


def _number(match: Match, group: str) -> float:
    return float(match[group])


def _nanogpt(match: Match, context: Context) -> Row:
    if match["step"] is not None:
        names = {"step": "step", "train_loss": "train", "val_loss": "val"}
    else:
        names = {"step": "iter", "loss": "loss"}
    return {name: _number(match, group) for name, group in names.items()}


_DICT_PAIR = re.compile(rb"""['"]([^'"]{1,120})['"]\s*:\s*['"]?(""" + NUMBER + rb""")['"]?\s*(?=[,}])""")


def _dict(match: Match, context: Context) -> Row | None:
    row = {column(k.decode(errors="replace")): float(v) for k, v in _DICT_PAIR.findall(match[0])}
    row = logged(row)
    return row if any(map(is_metric, metrics_in(row))) and key_of(row) is not None else None


def _keras(match: Match, context: Context) -> Row | None:
    if match["epoch"] is not None:
        context["epoch"] = float(match["epoch"])
        return None
    epoch = context.pop("epoch", None)  # what `evaluate` prints afterwards belongs to no epoch
    row = pairs_of(match["final"])
    return {"epoch": epoch, **row} if isinstance(epoch, float) and row else None


_TAB_PAIR = re.compile(rb"\t([^\t:\r\n]{1,120}): ?(" + NUMBER + rb")(?=[\t\r\n+ ])")


def _boosting(match: Match, context: Context) -> Row | None:
    found = _TAB_PAIR.findall(b"\t" + match["rest"] + b"\t")
    row = {column(name.decode(errors="replace")): float(value) for name, value in found}
    row = {name: value for name, value in row.items() if name not in ("total", "remaining", "best")}
    return {"iteration": _number(match, "iteration"), **row} if row else None


def _perceptron(match: Match, context: Context) -> Row | None:
    if match["iteration"] is not None:
        context["iteration"] = _number(match, "iteration")
        return {"iteration": _number(match, "iteration"), "loss": _number(match, "loss")}
    iteration = context.get("iteration")
    return (
        {"iteration": iteration, "validation_score": _number(match, "score")}
        if isinstance(iteration, float)
        else None
    )


def _sgd(match: Match, context: Context) -> Row | None:
    if match["epoch"] is not None:
        context["epoch"] = float(match["epoch"])
        return None
    epoch = context.get("epoch")
    return {"epoch": epoch, "loss": _number(match, "loss")} if isinstance(epoch, float) else None


_COLUMN_GAP = re.compile(rb"[ \t]{2,}|\t")


def _table(match: Match, context: Context) -> Row | None:
    if match["head"] is not None:
        titles = [
            column(title.decode(errors="replace")) for title in _COLUMN_GAP.split(match["head"].strip())
        ]
        context["names"] = titles if any(map(is_metric, titles)) else []
        return None
    names = context.get("names")
    cells = match["row"].split()
    if not isinstance(names, list) or len(cells) < len(names) - 1 or match["end"] == b"\r":
        return None
    row = {
        n: v for n, c in zip(names, cells, strict=False) if (v := number_of(c.partition(b"/")[0])) is not None
    }
    return row if names and names[0] in row and any(map(is_metric, row)) else None


_BAR_PAIR = re.compile(rb" ?([A-Za-z][^|:\r\n]{0,80}?): *(" + NUMBER + rb") ?(?=\||$)")
_BOOKKEEPING = ("consumed", "elapsed", "number_of", "global_batch", "loss_scale", "params_norm", "num_zeros")


def _megatron(match: Match, context: Context) -> Row | None:
    rest = match["rest"] if match["rest"] is not None else match["vrest"]
    validation = match["rest"] is None
    row: Row = {"iteration": _number(match, "viteration" if validation else "iteration")}
    for words, value in _BAR_PAIR.findall(rest):
        name = column(words.decode(errors="replace")).removesuffix("_value")
        if not name.startswith(_BOOKKEEPING):
            row["val_" + name if validation else name] = float(value)
    return row if len(row) > 1 else None


def _deepspeed(match: Match, context: Context) -> Row:
    return {"step": _number(match, "step"), "loss": _number(match, "loss")}


_EVALUATION = re.compile(
    rb"(?i)\b(?:val|valid|validation|validating|eval|evaluation|evaluating|test|testing)\b"
)
_EPOCH = re.compile(rb"(?i)\bepoch[ :=\[]*(\d+)")


def _tqdm(match: Match, context: Context) -> Row | None:
    """The last frame of each step: a bar that is redrawn fifty times a second says nothing fifty times."""
    if _EVALUATION.search(match["label"]):
        return _evaluation_bar(match, context)
    held, last = context.get("held"), context.get("last")
    base = float(str(context.get("base", 0.0)))
    at, total = _number(match, "at"), _number(match, "total")
    final = match["end"] == b"\n"
    done: Row | None = None
    if isinstance(last, float) and at != last:
        done = held if isinstance(held, dict) else None
        if at < last:
            base += float(str(context.get("total", 0.0)))
    pairs = pairs_of(match["label"].rstrip(b": ") + b", " + match["postfix"])
    row: Row = {"step": base + at, **pairs} if any(map(is_metric, pairs)) else {}
    epoch = _EPOCH.search(match["label"])
    if row and epoch is not None:
        row = {"epoch": float(epoch[1]), **row}
    context.update(base=base, last=at, total=total, held=row or None)
    if final and row and done is None:
        context["held"] = None
        return row
    return done


def _evaluation_bar(match: Match, context: Context) -> Row | None:
    if match["end"] != b"\n" and match["at"] != match["total"]:
        return None
    pairs = {n if n.startswith("val") else f"val_{n}": v for n, v in pairs_of(match["postfix"]).items()}
    step = float(str(context.get("base", 0.0))) + float(str(context.get("last", 0.0)))
    if not any(map(is_metric, pairs)) or context.get("evaluated") == (step, pairs):
        return None
    context["evaluated"] = (step, pairs)
    return {"step": step, **pairs}


def _freely(match: Match, context: Context) -> Row | None:
    from_, to = max(0, match.start() - BEFORE), match.start()
    before = match.string[from_:to]
    start = from_ + max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    return freely(match.string[start : match.end()])


def _compiled(*parts: bytes) -> re.Pattern[bytes]:
    return re.compile(b"".join(parts))


_N = NUMBER

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "nanogpt",
        _compiled(
            rb"step (?P<step>\d+): train loss (?P<train>",
            _N,
            rb"), val loss (?P<val>",
            _N,
            rb")|"
            rb"iter (?P<iter>\d+): loss (?P<loss>",
            _N,
            rb"), time ",
        ),
        _nanogpt,
    ),
    Dialect("huggingface", _compiled(rb"\{['\"][^\r\n{}]{1,4000}\}"), _dict, needed=2),
    Dialect(
        "keras",
        _compiled(START, rb"Epoch (?P<epoch>\d+)/\d+[ \t]*(?=[\r\n])|/step - (?P<final>[^\r\n]+)\n"),
        _keras,
    ),
    Dialect(
        "lightgbm",
        _compiled(
            rb"\[(?P<iteration>\d+)\]\t(?P<rest>[^\t:\r\n]{1,200}'s [^\t:\r\n]{1,200}: ", _N, rb"[^\r\n]*)"
        ),
        _boosting,
    ),
    Dialect(
        "xgboost",
        _compiled(rb"\[(?P<iteration>\d+)\]\t(?P<rest>[^\s:]{1,200}-[^\s:]{1,200}:", _N, rb"[^\r\n]*)"),
        _boosting,
    ),
    Dialect(
        "catboost",
        _compiled(
            START, rb"(?P<iteration>\d+):\t(?P<rest>(?:learn|test): ", _N, rb"[^\r\n]*\ttotal: [^\r\n]*)"
        ),
        _boosting,
    ),
    Dialect(
        "sklearn-mlp",
        _compiled(
            rb"Iteration (?P<iteration>\d+), loss = (?P<loss>",
            _N,
            rb")|Validation score: (?P<score>",
            _N,
            rb")",
        ),
        _perceptron,
    ),
    Dialect(
        "sklearn-sgd",
        _compiled(START, rb"-- Epoch (?P<epoch>\d+)|Norm: [^\r\n]*Avg\. loss: (?P<loss>", _N, rb")"),
        _sgd,
    ),
    Dialect(
        "megatron",
        _compiled(
            rb"iteration +(?P<iteration>\d+)/ *\d+ \|(?P<rest>[^\r\n]*)|"
            rb"validation loss at iteration (?P<viteration>\d+)[^|\r\n]*\|(?P<vrest>[^\r\n]*)"
        ),
        _megatron,
    ),
    Dialect(
        "deepspeed",
        _compiled(rb"steps: (?P<step>\d+) loss: (?P<loss>", _N, rb") iter time"),
        _deepspeed,
    ),
    Dialect(
        "table",
        _compiled(
            START,
            rb"[ \t]*(?:(?P<head>(?:[Ee]poch|Iter|[Ss]tep)(?:[ \t]{2,}|\t)[^\r\n]*)[\r\n]|"
            rb"(?P<row>\d+(?:/\d+)?[ \t]+[-+.\dnNiI][^\r\n]*)(?P<end>[\r\n]))",
        ),
        _table,
        needed=2,
    ),
    Dialect(
        "tqdm",
        _compiled(
            START,
            rb"(?P<label>[^\r\n|]*?)(?<!\d)\d++%\|[^|\r\n]*\| *(?P<at>\d+)/(?P<total>\d+) "
            rb"\[[\d:?]+<[\d:?]+(?P<postfix>[^\]\r\n]*)\]?[^\r\n]*(?P<end>[\r\n])",
        ),
        _tqdm,
        needed=2,
    ),
    Dialect(
        "key=value",
        _compiled(
            rb"[ESIUResiur](?:poch|tep|ter(?:ation)?|pdate|ound|POCH|TEP|TER)"
            rb"(?:\([a-z]+\))?[\s:=#\[(]{0,12}\d[^\r\n]*"
        ),
        _freely,
        needed=2,
    ),
)
"""In the order in which they are asked: what is sure comes before what could be anything."""

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
