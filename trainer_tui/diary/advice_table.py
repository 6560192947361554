"""Phrases that say less than they seem to, and what to write instead. Data: one row, one kind of sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"(?<![\w.])[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?![\w.]*\w)"

_REASON = (
    r"\bbecause\b|\bsince\b|\bdue to\b|\bcaused by\b|\bso that\b|\bin order to\b|\bwhich means\b|\bthat is why\b"
    r"|\bas (?:the|it|they|its|hub)\b|\btherefore\b|\bbalanc\w+|\bavoids?\b|\bprevents?\b|\bkeeps?\b|→|\bhence\b"
    r"|\bexplain\w*|\breason\b|\bneeds?\b|\bjustif\w+"
)
_MEANING = (
    _REASON
    + r"|%|±|×|\bper\b|/|\bvs\b|\bversus\b|\bthan\b|\bcompared\b|\bcorrespond\w*|\bmeans?\b|\bequals?\b"
    r"|\binstead of\b|\bfrom\b|\bbaseline\b|\bacceptable\b|\bwithin\b|\bbetter\b|\bworse\b|\bunits?\b|\berror of\b"
    r"|\bepochs?\b|\bsteps?\b|\biterations?\b"
)
_UNIT = (
    r"\s*(?:%|°|ms|s|sec\w*|min\w*|h|hours?|days?|[kmgt]i?b|bytes?|bits?|[kmg]?hz|fps|it/s|[kmg]?w(?:att\w*)?"
    r"|epochs?|steps?|iterations?|rows?|samples?|cores?|gpus?|x|×|times)\b"
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One kind of sentence that is worth a second look."""

    rule: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str]
    """What in the same paragraph makes it good."""
    sentence: str
    """What is said of it; `{found}` is the words that were found."""
    todo: str


def _phrase(rule: str, pattern: str, unless: str, sentence: str, todo: str) -> Phrase:
    return Phrase(rule, re.compile(pattern, re.I), re.compile(unless, re.I), sentence, todo)


PHRASES: tuple[Phrase, ...] = (
    _phrase(
        "fixed-by-tuning",
        r"\b(?:fix(?:ed)?|solv(?:ed|es)|resolved|worked|helped|went away)\b[^.;\n]{0,40}"
        r"\b(?:by|after|with) (?:\w+ ){0,3}(?:tuning|tweaking|tweaks?|trying|playing|fiddling|adjusting|experimenting)\b"
        r"|\btrial and error\b|\b(?:it )?(?:just|somehow|magically|suddenly) (?:works?|worked|went away|converged)\b"
        r"|\btun(?:ed|ing) (?:\w+ ){0,4}(?:until|till|and) (?:it )?(?:works?|worked|converged)\b",
        _REASON,
        "“{found}” says that it works, not why",
        "say what the change does to the gradients, the data or the model that made it fail",
    ),
    _phrase(
        "magic-number",
        r"\b(?:set|chose|picked|used|took|changed|reduced|lowered|raised|increased|decreased)\b[^.;\n]{0,40}?"
        rf"(?:=|\bto\b|\bof\b|:)?\s*`?{NUMBER}`?[^.;\n]{{0,30}}?"
        r"\b(?:and|then|now|,)\s*(?:now )?(?:it|that|this|everything|training)?\s*"
        r"(?:works?|worked|fixed|helped|converged|was fine|is fine|ran through)\b",
        _REASON,
        "“{found}” names a value without the reason for it",
        "say why this value: which scale of the gradients, of the data or of the loss it fits",
    ),
    _phrase(
        "number-without-meaning",
        r"\b(?:loss|rmse|mae|mse|error|accuracy|f1|auc|r2|r²|score|perplexity|likelihood)\b[^.;:\n|]{0,20}"
        rf"\b(?:converged to|reached|dropped to|fell to|went (?:down|up) to|ended at|is|was|of)\s+`?{NUMBER}`?",
        _MEANING,
        "“{found}” is a number without a meaning",
        "say in which unit, against what, and whether that is good enough for what the model is for",
    ),
    _phrase(
        "number-without-unit",
        r"\b(?:took|lasted|duration|time|memory|ram|vram|size|latency|speed|throughput|temperature|power)\b"
        rf"[^.;\n|]{{0,16}}?(?:=|:|\bis|\bwas|\bof|\bto|\b)\s*`?{NUMBER}`?(?!{_UNIT})(?=\s*(?:$|[.,;)\n]))",
        r"(?!)",
        "“{found}” has no unit",
        "add the unit",
    ),
)
"""What is looked for in The Investigation, The Fix, The Why and the next steps, code and tables excepted."""

CLAIM = re.compile(
    r"\bconverge[ds]?\b|\bconvergence (?:at|in|after|achieved)\b|\bno (?:further|more) (?:divergence|nan|crash)\w*"
    r"|\b(?:val(?:idation)?|test|final|best)[ _-](?:\w+[ _-])?(?:rmse|mae|mse|loss|accuracy|error|score|f1|auc)\b"
    rf"[^\n]{{0,12}}?{NUMBER}"
    rf"|\b(?:rmse|mae|mse|accuracy|f1|auc)\s*(?:=|:|\bof\b|\bis\b|\bwas\b)\s*{NUMBER}|\bimproved (?:by|to|from)\b",
    re.I,
)
"""A result: there must be a run that shows it."""

RUN_NAME = re.compile(r"(?<![\w/.-])([\w][\w.+-]*/\d{3,}-(?:quick|full))(?![\w-])")
"""`model_3/007-full`."""
