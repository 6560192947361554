"""The hyperparameter search log: a part of the diary that a machine keeps, between two comments of its own.

What stands between them is replaced as the search goes on; everything else belongs to people. The first line
inside holds a digest of what we wrote: where somebody changed it by hand, their text is kept below, outside.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from trainer_tui.diary.document import Diary, edited
from trainer_tui.diary.headings import bare, newline_of, with_newlines
from trainer_tui.diary.lines import scan
from trainer_tui.diary.markdown import code, one_line
from trainer_tui.diary.marker import quoted
from trainer_tui.diary.placing import HEADING, gap_after
from trainer_tui.diary.sensitivity import FEWEST, Effect, effects
from trainer_tui.diary.studies import Study, Trial, Value, is_finite

ROWS = 40
"""Trials that the table shows; of more, the best."""

_CLOSE = "<!-- /search -->"
_DIGEST = re.compile(r"<!-- kept up to date by trainer-tui; digest ([0-9a-f]{12}).*-->$")
_KEPT = "> **Kept**: this stood between the marks of the search log and was changed by hand; it is yours."
_INSIGHT = (
    "### Insight for Paper\n\n"
    "<!-- what does the sensitivity say about the model and the data? this is never replaced -->\n\n"
)

Outcome = Literal["written", "unchanged", "kept"]


class SearchLogError(Exception):
    """Marks that do not fit together, in a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of an update."""

    outcome: Outcome
    """`kept`: somebody had changed the text inside, and it stands below the log now."""
    line: int
    """1-based line of the opening mark."""


def log_search(
    diary: Diary, study: Study, model: str = "", entries: Mapping[str, int] | None = None
) -> tuple[Diary, Logged]:
    """The diary with the log of a study written or brought up to date.

    `entries`: run → number of its diary entry, for the notes. Raises SearchLogError when its end is gone.
    """
    newline = newline_of(diary.text)
    inner = with_newlines(_inner(study, model, entries or {}), newline)
    place = _find(diary.text, study.name)
    if place is None:
        text = diary.text
        new = "" if text.strip("\ufeff \t\r\n") else HEADING
        new += gap_after((text + new)[-4096:], newline) + "## Hyperparameter Search Log\n\n"
        block = f"{_open(study.name)}\n{inner}{_CLOSE}\n\n{_INSIGHT}"
        after = edited(diary, len(text), len(text), with_newlines(new + block, newline))
        found = _find(after.text, study.name)
        return after, Logged("written", found[2] if found else 1)
    start, end, line = place
    old = diary.text[start:end]
    if _same(old) == _same(inner):
        return diary, Logged("unchanged", line)
    if _is_ours(old):
        return edited(diary, start, end, inner), Logged("written", line)
    # Behind the closing mark: its line is the next one.
    behind = end + len(_line_at(diary.text, end))
    gap = newline if behind and diary.text[:behind] == bare(diary.text[:behind]) else ""
    theirs = with_newlines(f"{gap}\n{_KEPT}\n\n{_without_digest(old).strip()}\n", newline)
    kept = edited(diary, behind, behind, theirs)
    return edited(kept, start, end, inner), Logged("kept", line)


def _open(name: str) -> str:
    return f"<!-- search: {quoted(name)} -->"


def _find(text: str, name: str) -> tuple[int, int, int] | None:
    """Where the inside of a log begins and ends, and its line."""
    begin = None
    for index, line in enumerate(scan(text)):
        if line.kind != "text":
            continue
        row = bare(line.raw).strip()
        if begin is None:
            if row == _open(name):
                begin = line.offset + len(line.raw), index + 1
        elif row == _CLOSE:
            return begin[0], line.offset, begin[1]
        elif row.startswith("<!-- search: "):
            break
    if begin is not None:
        raise SearchLogError(
            f"the search log {name!r} begins in line {begin[1]} and has no end; add a line {_CLOSE}"
        )
    return None


def _line_at(text: str, at: int) -> str:
    return next((line.raw for line in scan(text[at : at + 200])), "")


def _same(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text).strip()


def _digest(body: str) -> str:
    return hashlib.sha256(_same(body).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _is_ours(inner: str) -> bool:
    first, _, rest = _same(inner).partition("\n")
    found = _DIGEST.match(first.strip())
    return not _same(inner) or (found is not None and found[1] == _digest(rest))


def _without_digest(inner: str) -> str:
    first, _, rest = _same(inner).partition("\n")
    return rest if _DIGEST.match(first.strip()) else inner


def _inner(study: Study, model: str, entries: Mapping[str, int]) -> str:
    parts = [
        _head(study, model),
        f"### Search Space\n\n{_space(study)}",
        f"### Results\n\n{_results(study, entries)}",
        f"### Selected Configuration\n\n{_selected(study)}",
        f"### Sensitivity\n\n{_sensitivity(study)}",
    ]
    body = "\n\n".join(parts) + "\n"
    told = f"kept up to date by trainer-tui; digest {_digest(body)}; write outside of the marks"
    return f"<!-- {told} -->\n\n{body}\n"


def _head(study: Study, model: str) -> str:
    counts: dict[str, int] = {}
    for trial in study.trials:
        counts[trial.state] = counts.get(trial.state, 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    goal = f"{study.direction} {code(study.metric)}"
    rows = [
        f"**Study**: {code(study.name)}, {len(study.trials)} trials ({told}), {goal}",
        *([f"**Model**: {one_line(model)}"] if model else []),
        f"**Source**: {code(study.source)}",
    ]
    return "\n".join(rows)


def _space(study: Study) -> str:
    rows = []
    for param in study.params:
        values = {trial.params[param] for trial in study.trials if param in trial.params}
        rows.append(f"- {_word(param)}: {_range(values)}")
    return "\n".join(rows) or "No parameter was varied."


def _range(values: set[Value]) -> str:
    numbers = sorted(value for value in values if isinstance(value, float | int))
    words = sorted(value for value in values if isinstance(value, str))
    if len(values) <= 6:
        return "[" + ", ".join([*map(_value, numbers), *map(_value, words)]) + "]"
    told = f"{_value(numbers[0])} to {_value(numbers[-1])}" if numbers else ", ".join(map(_value, words[:6]))
    return f"{told} ({len(values)} values)"


def _results(study: Study, entries: Mapping[str, int]) -> str:
    best = study.best
    shown = sorted(study.trials, key=lambda trial: trial.number)
    left = ""
    if len(shown) > ROWS:
        sign = 1 if study.direction == "minimize" else -1
        ordered = sorted(
            shown,
            key=lambda t: (
                not is_finite(t.value),
                sign * (t.value or 0.0) if is_finite(t.value) else 0,
                t.number,
            ),
        )
        shown = ordered[:ROWS]
        left = f"\n\nThe best {ROWS} of {len(study.trials)} trials."
    header = ["Trial", *map(_word, study.params), _word(study.metric), "Notes"]
    rows = [_table_row(header), "|" + "----|" * len(header)]
    for trial in shown:
        cells = [_value(trial.params[p]) if p in trial.params else "" for p in study.params]
        result = _value(trial.value) if trial.value is not None else "–"
        is_best = best is not None and trial.number == best.number
        rows.append(
            _table_row(
                [
                    str(trial.number),
                    *cells,
                    f"**{result}**" if is_best else result,
                    _note(trial, is_best, entries),
                ]
            )
        )
    return "\n".join(rows) + left


def _note(trial: Trial, is_best: bool, entries: Mapping[str, int]) -> str:
    words = ["✅ Best"] if is_best else []
    if trial.state != "complete":
        words.append(trial.state.capitalize())
    elif not is_finite(trial.value):
        words.append("Diverged")
    if trial.note:
        words.append(_word(trial.note))
    if trial.run in entries:
        words.append(f"see diary #{entries[trial.run]}")
    return ", ".join(words)


def _selected(study: Study) -> str:
    best = study.best
    if best is None:
        return "No trial has a result yet."
    rows = [f"- {_word(param)} = {_value(value)}" for param, value in best.params.items()]
    value = _value(best.value) if best.value is not None else "–"
    return "\n".join([*rows, "", f"Trial {best.number}, {_word(study.metric)} {value}."])


def _sensitivity(study: Study) -> str:
    own = effects(study)
    if study.importances:
        direction = {effect.param: effect for effect in own}
        rows = [
            [_word(param), f"{share:.0%}", _way(direction.get(param))]
            for param, share in sorted(study.importances.items(), key=lambda item: (-item[1], item[0]))
        ]
        how = (
            "Shares of Optuna's importance (its default evaluator); direction by Spearman's rank correlation."
        )
        header = ["Parameter", "Importance", f"{_word(study.metric)} with it"]
    elif own:
        rows = [[_word(e.param), f"{e.strength:.2f}", _way(e)] for e in own]
        how = (
            "Rank correlation with the result: Spearman's for numbers, for words the root of eta squared on "
            "ranks. Neither sees how parameters work together, nor an optimum in the middle."
        )
        header = ["Parameter", "Strength (0 to 1)", f"{_word(study.metric)} with it"]
    else:
        return f"Fewer than {FEWEST} trials with a result, or nothing was varied: nothing can be said yet."
    body = "\n".join(_table_row(row) for row in rows)
    return f"{_table_row(header)}\n|{'----|' * len(header)}\n{body}\n\n{how}"


def _way(effect: Effect | None) -> str:
    return {1: "grows", -1: "falls"}.get(effect.sign, "") if effect is not None else ""


def _table_row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _word(text: str) -> str:
    """A text of one cell that Markdown shows as it stands."""
    return re.sub(r"([|\\`*<>\[\]])", r"\\\1", one_line(text, 120))


def _value(value: Value) -> str:
    if isinstance(value, str):
        return _word(value)
    return "NaN" if value != value else f"{value:.6g}"
