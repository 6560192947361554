"""What a training tried and how good the result is, as its run folder says; of other runs nothing."""

from __future__ import annotations

from trainer_tui.report.blocks import Block, Facts, Group, Item, Items, Table, Tone
from trainer_tui.report.facts import RunFacts, WatchFacts
from trainer_tui.runs.files import read_json
from trainer_tui.runs.plan import PHASE_NAMES, PHASES
from trainer_tui.runs.trainings import EVALUATION, SPLIT, TRIALS
from trainer_tui.runs.trainings.evaluation_sheet import PARTS, EvaluationSheet, evaluation_of
from trainer_tui.runs.trainings.saying import best_text, counts_text, params_text, verdict
from trainer_tui.runs.trainings.split_sheet import SplitSheet, split_of
from trainer_tui.runs.trainings.trials import Trials, read_trials

_VERDICTS: dict[str, tuple[str, Tone]] = {
    "better": ("✔", "good"),
    "worse": ("✘", "bad"),
    "open": ("○", "plain"),
}

_STANDINGS: dict[str, tuple[str, Tone]] = {"failed": ("✘", "bad"), "warning": ("▲", "warning")}


def training(watch: WatchFacts) -> list[Block]:
    """Trials, checks and metrics of the last attempt at the newest phase that has any."""
    for phase in reversed(PHASES):
        run = watch.last_of(phase)
        blocks = _blocks(run) if run is not None else []
        if run is not None and blocks:
            return [Group(f"#{run.run.number} {PHASE_NAMES[phase]}", tuple(blocks))]
    return []


def _blocks(run: RunFacts) -> list[Block]:
    folder = run.run.path
    try:
        trials = read_trials(folder / TRIALS)
    except OSError:
        trials = Trials()
    split, evaluation = read_json(folder / SPLIT), read_json(folder / EVALUATION)
    blocks: list[Block] = _tried(trials) if trials.trials else []
    if split is not None:
        blocks.append(Items(tuple(_checks(split_of(split)))))
    if evaluation is not None:
        blocks += _evaluation(evaluation_of(evaluation))
    return blocks


def _tried(trials: Trials) -> list[Block]:
    rows = [("tried", counts_text(trials))]
    if trials.best is not None:
        rows += [("chosen", best_text(trials)), ("parameters", params_text(trials.best) or "none")]
    return [Facts(tuple(rows))]


def _checks(split: SplitSheet) -> list[Item]:
    parts = ", ".join(f"{part} {rows:,}" for part, rows in split.parts)
    found = [Item("·", f"split {split.strategy}: {parts}", "dim")]
    for check in split.checks:
        if check.standing != "passed":
            sign, tone = _STANDINGS[check.standing]
            said = " ".join(finding.message for finding in check.findings)
            accepted = f"accepted: {check.accepted}" if check.accepted else ""
            found.append(Item(sign, f"{check.name}: {said}", tone, accepted))
    quiet = sum(check.standing == "passed" for check in split.checks)
    if quiet:
        found.append(Item("✔", f"{quiet} of {len(split.checks)} leakage checks found nothing", "good"))
    test = split.test
    by = "".join(f" {word} {text}" for word, text in (("by", test.by), ("at", test.at)) if text)
    found.append(Item("·", f"the test part: {test.state}{by}", "dim"))
    return found


def _evaluation(sheet: EvaluationSheet) -> list[Block]:
    parts = [name for name in PARTS if name in sheet.parts]
    names = list(dict.fromkeys(name for part in parts for name in sheet.parts[part].metrics))
    names.sort(key=lambda name: name != sheet.metric)
    rows = tuple((name, *(_cell(sheet, part, name) for part in parts)) for name in names)
    note = "in brackets: 95 % intervals"
    if sheet.threshold is not None:
        on = f", found on {sheet.threshold.found_on}" if sheet.threshold.found_on else ""
        note += f"; threshold {sheet.threshold.value:.4g}{on}"
    blocks: list[Block] = [Table(("metric", *parts), rows, note)] if rows else []
    items = []
    if sheet.comparison is not None:
        found, sentence = verdict(sheet.comparison, sheet.metric)
        items.append(Item(_VERDICTS[found][0], sentence, _VERDICTS[found][1]))
    if sheet.test_refused:
        items.append(Item("▲", f"the test part was not evaluated: {sheet.test_refused}", "warning"))
    return [*blocks, *([Items(tuple(items))] if items else [])]


def _cell(sheet: EvaluationSheet, part: str, name: str) -> str:
    found = sheet.parts[part]
    value, interval = found.metrics.get(name), found.intervals.get(name)
    if value is None:
        return "–"
    around = f" ({interval[0]:.4g} to {interval[1]:.4g})" if interval is not None else ""
    return f"{value:.4g}{around}"
