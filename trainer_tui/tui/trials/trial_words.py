"""One trial in full, and the line above all trials."""

from __future__ import annotations

import json

from trainer_tui.runs.trainings.plainly import short
from trainer_tui.runs.trainings.saying import best_text, counts_text, took_text, value_text
from trainer_tui.runs.trainings.trials import Trial, Trials
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.trials.rows import SIGNS
from trainer_tui.tui.words import sparkline

_SPARK = 60


def head_pieces(trials: Trials) -> list[Piece]:
    """How many trials of which state, and the best one."""
    if not trials.trials:
        return [("no trial has ended yet", "dim")]
    pieces: list[Piece] = []
    best = best_text(trials)
    if best:
        pieces.append((f"★ {best}   ", "good"))
    pieces.append((counts_text(trials), "plain"))
    if not trials.direction:
        pieces.append(("   whether more or less is better is not told: no trial is marked", "warning"))
    if trials.unreadable:
        pieces.append((f"   ▲ {trials.unreadable:,} lines are no trial", "warning"))
    return pieces


def trial_lines(trial: Trial, trials: Trials) -> list[tuple[Piece, ...]]:
    """Everything that is known of one trial."""
    sign, tone = SIGNS[trial.state]
    best = trials.best
    is_best = best is not None and best.number == trial.number
    lines: list[tuple[Piece, ...]] = [
        (
            (f"{sign} {trial.state}".strip(), tone),
            (f"   {trials.metric or 'value'} {value_text(trial.value, trials.unit)}", "plain"),
            ("   ★ the best so far" if is_best else "", "good"),
        ),
        (
            (trial.algorithm or "no algorithm is named", "plain"),
            (f"   took {took_text(trial.seconds)}" if trial.seconds is not None else "", "dim"),
            (f"   started {trial.started}" if trial.started else "", "dim"),
            (f"   worker {trial.worker}" if trial.worker else "", "dim"),
        ),
        (("", "plain"),),
    ]
    wide = max([len(name) for name in trial.params], default=0)
    for name, value in trial.params.items():
        text = value if isinstance(value, str) else short_or_exact(value)
        lines.append(((f"{name:{wide}}  ", "dim"), (text, "plain")))
    if not trial.params:
        lines.append((("it has no parameters", "dim"),))
    lines += _steps(trial)
    if trial.error:
        lines += [(("", "plain"),), (("error  ", "bad"), (trial.error, "plain"))]
    return lines


def _steps(trial: Trial) -> list[tuple[Piece, ...]]:
    if not trial.steps:
        return []
    values = [value for _, value in trial.steps]
    low, high = min(values), max(values)
    shown = [value - low for value in values]
    spark = sparkline(shown, min(_SPARK, len(shown)), (high - low) or 1.0)
    told = ", ".join(f"{short(step)}: {short(value)}" for step, value in trial.steps[-12:])
    earlier = f"the last 12 of {len(values)}: " if len(values) > 12 else ""
    return [
        (("", "plain"),),
        (("steps  ", "dim"), (spark, "plain"), (f"  {short(low)} to {short(high)}", "dim")),
        ((f"       {earlier}{told}", "dim"),),
    ]


def short_or_exact(value: float) -> str:
    """All digits of a parameter: it is here to be used again."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value!r}"


def params_json(trial: Trial) -> str:
    """The parameters for a script: whole numbers without a fraction."""
    plain = {
        name: int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
        for name, value in trial.params.items()
    }
    return json.dumps({"algorithm": trial.algorithm, "params": plain}, ensure_ascii=False)
