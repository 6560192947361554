"""Numbers in a line of free text: `epoch 3 loss=0.1 acc: 0.9`, and what of it is a metric."""

from __future__ import annotations

import re

from trainer_tui.runs.formats.rows import Row, column

NUMBER = (
    rb"[-+]?(?:\d++(?:\.\d*+)?(?:[eE][-+]?\d++)?+|\.\d++(?:[eE][-+]?\d++)?+"
    rb"|[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
)
"""A number as trainers print it, `nan` and `inf` among them; it is taken whole or not at all: to try every
part of a thousand digits would take minutes."""

_ENDS = rb"(?![\w:]|\.\d|/\d)"
"""Behind a number: no unit (24.15ms, 3000M), no clock (0:12), no fraction (3/10)."""

_METRIC = re.compile(
    r"(?:^|[^a-z])(?:loss|acc|accuracy|error|err|mse|mae|rmse|rmsle|mape|auc|auroc|f1|precision|recall|ppl|perplexity"
    r"|score|reward|return|elbo|nll|bpb|bpc|bleu|rouge|wer|cer|iou|miou|dice|map|psnr|ssim|fid|kl|r2|logloss|likelihood"
    r"|loglik|objective|cost|residual|energy|entropy|gnorm|acc1|acc5|top1|top5|metric|rhat|divergences)(?:$|[^a-z])"
    r"|loss|accuracy|grad_?norm|logloss|perplexity"
)
"""Names of which one at least must be on a line before it passes for metrics."""

_WORDS = (
    rb"train|training|val|valid|validation|test|eval|evaluation|avg|average|mean|total|lm|learning|grad|gradient|best|"
    rb"running|policy|value|actor|critic|box|cls|dev|current|cur|final|mlm|aux|main|smooth|smoothed"
)
_PAIR = re.compile(
    rb"(?<![\w./@-])((?:(?i:"
    + _WORDS
    + rb")[ ]){0,2}[A-Za-z][\w@./'-]{0,60}(?:\([\w%]{1,12}\))?)[ ]*[:=][ ]*("
    + NUMBER
    + rb")"
    + _ENDS
)
_SPACED = re.compile(
    rb"(?<![\w./@-])((?:(?i:"
    + _WORDS
    + rb")[ _]){0,2}(?i:loss|acc|accuracy|auc|f1|ppl|perplexity|error|mse|mae|rmse|nll"
    rb"|elbo|reward|acc@[15]|grad_norm|gnorm))[ \t]+(" + NUMBER + rb")" + _ENDS
)
_PROGRESS = re.compile(
    rb"(?i)(?<![a-z_])(global_step|epoch|step|iteration|iter|update|round|batch)(?:\([a-z]+\))?"
    rb"[ \t:=#\[(]{0,12}(\d+(?:\.\d+)?)(?:/(\d+))?(?!\w|\.\d)"
)
_WITHIN = re.compile(rb"(?i)epoch(?:\([a-z]+\))?[ \t:=\[(]*(\d+)[\])]*[ \t]*[\[(]+[ \t]*(\d+)/(\d+)")
"""`Epoch: [0][ 10/391]`, `Train Epoch: 1 [640/60000 (1%)]`: how far within the epoch."""

_NO_METRIC = re.compile(
    r"(?:^|_)(?:time|eta|elapsed|data|memory|mem|max_mem|gpu_mem|seed|epochs?|steps?|iter|iters|iteration|iterations|rank|"
    r"world_size|batch|batch_size|workers|num_workers|port|pid|gpu|gpus|line|version|v_num|total_steps|max_steps|"
    r"speed|remaining|date|hours|minutes|seconds|secs|ms|samples|tokens|update|round)$"
)
"""Names that are told beside metrics and are none."""


def is_metric(name: str) -> bool:
    """Whether a column is surely a metric by its name."""
    return _METRIC.search(name.lower()) is not None


def pairs_of(text: bytes) -> Row:
    """The `name=number`, `name: number` and `loss number` of a text, without times and counts."""
    found = _SPACED.findall(text) + _PAIR.findall(text)
    row: Row = {}
    for words, value in found:
        name = column(words.decode(errors="replace"))
        if not _NO_METRIC.search(name.lower()):
            row.setdefault(name, float(value))
    return row


def freely(line: bytes) -> Row | None:
    """The row that a line of free text tells; None without progress and a metric."""
    row = pairs_of(line)
    if not any(map(is_metric, row)):
        return None
    progress = _progress(line)
    return {**progress, **row} if progress else None


def _progress(line: bytes) -> Row:
    """How far it is; steps that are counted anew in each epoch go on over all of them."""
    within = _WITHIN.search(line)
    if within is not None:
        epoch, done, total = (float(group) for group in within.groups())
        return {"epoch": epoch, "step": epoch * total + done}
    progress: Row = {}
    for word, value, total in _PROGRESS.findall(line):
        name = word.decode().lower()
        done = float(value)
        if total and "epoch" in progress and name != "epoch":
            done += progress["epoch"] * float(total)
        elif name == "batch":
            continue  # without a total it says nothing about the whole
        progress.setdefault("step" if name in ("batch", "update") else name, done)
    return progress
