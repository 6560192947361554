"""Sentences about a training: the same on the screen, on the page and in the diary."""

from __future__ import annotations

from typing import Literal

from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.trainings.evaluation_sheet import ComparisonSheet
from trainer_tui.runs.trainings.plainly import short
from trainer_tui.runs.trainings.trials import Trial, Trials

NO_TRAINING = (
    "This run is no training: `trainer-tui train DATA --target y` starts one, with trials to look at here."
)

Verdict = Literal["better", "worse", "open"]


def params_text(trial: Trial) -> str:
    """`learning_rate 0.05, depth 6`."""
    return ", ".join(
        f"{name} {value if isinstance(value, str) else short(value)}" for name, value in trial.params.items()
    )


def counts_text(trials: Trials) -> str:
    """`37 of 50 trials: 30 complete, 6 pruned, 1 running`."""
    counts = ", ".join(f"{count:,} {state}" for state, count in trials.counts().items() if count)
    total = len(trials.trials)
    asked = f"{total:,} of {trials.asked:,}" if trials.asked > total else f"{total:,}"
    return f"{asked} {'trial' if total == 1 == max(1, trials.asked) else 'trials'}" + (
        f": {counts}" if counts else ""
    )


def value_text(value: float | None, unit: str = "") -> str:
    """`0.9921`, `12.3 medals`; `–` where there is none."""
    if value is None:
        return "–"
    return f"{value:.4g} {unit}".rstrip()


def took_text(seconds: float | None) -> str:
    """`12 ms`, `3.2 s`, `2 min 11 s`; `–` where it is not told."""
    if seconds is None or seconds < 0:
        return "–"
    return f"{seconds * 1000:.0f} ms" if seconds < 0.1 else duration_text(seconds)


def best_text(trials: Trials) -> str:
    """`best auc 0.9921: trial 34, lightgbm`; empty without one."""
    best = trials.best
    if best is None:
        return ""
    by = f", {best.algorithm}" if best.algorithm else ""
    return f"best {trials.metric or 'value'} {value_text(best.value, trials.unit)}: trial {best.number}{by}"


def verdict(comparison: ComparisonSheet, metric: str) -> tuple[Verdict, str]:
    """Whether the model beats the previous best, and the sentence that says how sure that is."""
    against = f"the previous best{f' ({comparison.against})' if comparison.against else ''}"
    found = comparison.differences.get(metric)
    if not comparison.paired or found is None:
        return "open", f"not compared with {against}: {comparison.why or f'no {metric} of both is known'}"
    figures = f"{metric} {found.new:.4g} against {found.old:.4g}"
    change = found.new - found.old
    if found.interval is None:
        return "open", f"nobody can say whether it is better than {against}: {figures}, without an interval"
    low, high = found.interval
    told = f"{figures}, {change:+.3g}, 95 % interval {low:+.3g} to {high:+.3g}"
    if low <= 0 <= high:
        return "open", f"no difference from {against} that chance would not explain: {told}"
    if found.better_share is None:
        return "open", f"it differs from {against}: {told}"
    better = found.better_share > 0.5
    return ("better" if better else "worse"), f"{'better' if better else 'worse'} than {against}: {told}"
