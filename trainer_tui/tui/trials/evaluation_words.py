"""The evaluation page in words: metrics of each part, threshold, comparison, confusion, the test part."""

from __future__ import annotations

from trainer_tui.runs.trainings.evaluation_sheet import PARTS, EvaluationSheet, PartSheet
from trainer_tui.runs.trainings.saying import verdict
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.trials.entries import Entry, entry, heading

_NAME, _VALUE, _INTERVAL = 20, 11, 18
_BLANK = entry()

MOST_CLASSES = 8
"""Of more, the confusion has no room."""

_VERDICTS: dict[str, tuple[str, Tone]] = {
    "better": ("✔", "good"),
    "worse": ("✘", "bad"),
    "open": ("○", "plain"),
}


def evaluation_entries(sheet: EvaluationSheet | None, part: str, width: int) -> list[Entry]:
    """Everything but the pictures, in a width."""
    if sheet is None:
        return [entry("no evaluation.json yet: it comes when the final model was trained", "dim")]
    told = [*_said(sheet), *_metrics(sheet, width), *_confusion(sheet, part)]
    return told or [entry("evaluation.json holds no part", "dim")]


def part_of(sheet: EvaluationSheet | None, wanted: str) -> str:
    """The part whose curves are shown: the wanted one, else test, else validation, else train."""
    parts = sheet.parts if sheet is not None else {}
    if wanted in parts:
        return wanted
    return next((name for name in ("test", "validation", "train") if name in parts), "")


def _said(sheet: EvaluationSheet) -> list[Entry]:
    told = []
    if sheet.comparison is not None:
        found, sentence = verdict(sheet.comparison, sheet.metric)
        sign, tone = _VERDICTS[found]
        told.append(Entry(text=f"{sign} {sentence}", tone=tone, indent=0))
    if sheet.threshold is not None:
        rule = f" by {sheet.threshold.rule}" if sheet.threshold.rule else ""
        on = sheet.threshold.found_on
        where = f", found on {on}{rule}" if on else rule
        sign = "" if on != "test" else "▲ "
        told.append(
            entry(f"{sign}threshold {sheet.threshold.value:.4g}{where}", "plain" if not sign else "warning")
        )
    if sheet.test_refused:
        told.append(Entry(text=f"▲ test not evaluated: {sheet.test_refused}", tone="warning", indent=0))
    elif "test" not in sheet.parts:
        told.append(entry("○ test was not evaluated", "plain"))
    return told


def _metrics(sheet: EvaluationSheet, width: int) -> list[Entry]:
    parts = [name for name in PARTS if name in sheet.parts]
    if not parts:
        return []
    free = width - _NAME - _VALUE * len(parts)
    # Of the parts whose intervals have no room, the later ones are what counts.
    having = [name for name in parts if sheet.parts[name].intervals]
    wide = set(having[len(having) - max(0, min(len(having), free // _INTERVAL)) :])
    head = "".join(
        f"{name:>{_VALUE}}{'95 % interval' if name in wide else '':^{_INTERVAL if name in wide else 0}}"
        for name in parts
    )
    rows = "".join(
        f"{sheet.parts[name].rows:>{_VALUE},}{'':{_INTERVAL if name in wide else 0}}" for name in parts
    )
    names = list(dict.fromkeys(name for part in parts for name in sheet.parts[part].metrics))
    names.sort(key=lambda name: name != sheet.metric)
    told = [heading("Metrics"), entry(f"{'':{_NAME}}{head}", "dim"), entry(f"{'rows':{_NAME}}{rows}", "dim")]
    for name in names:
        if any(sheet.parts[part].metrics.get(name) is not None for part in parts):
            told.append(_metric(sheet, name, parts, wide))
    why = {name: reason for part in parts for name, reason in sheet.parts[part].reasons.items()}
    told += [Entry(((f"{name}: {reason}", "dim"),)) for name, reason in why.items()]
    return told


def _metric(sheet: EvaluationSheet, name: str, parts: list[str], wide: set[str]) -> Entry:
    chosen = name == sheet.metric
    unit = next((u for part in parts if (u := sheet.parts[part].units.get(name))), "")
    label = f"{'▸ ' if chosen else '  '}{name}{f' {unit}' if unit else ''}"
    pieces: list[Piece] = [(f"{label[: _NAME - 1]:{_NAME}}", "plain")]
    for part in parts:
        value = sheet.parts[part].metrics.get(name)
        pieces.append((f"{_figure(value):>{_VALUE}}", "plain"))
        if part in wide:
            pieces.append((f"{_interval(sheet.parts[part], name):^{_INTERVAL}}", "dim"))
    return Entry(tuple(pieces))


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.6g}"


def _interval(part: PartSheet, name: str) -> str:
    found = part.intervals.get(name)
    if found is None:
        return ""
    places = ".3f" if max(map(abs, found)) < 100 else ".4g"
    return f"{found[0]:{places}} to {found[1]:{places}}"


def _confusion(sheet: EvaluationSheet, part: str) -> list[Entry]:
    found = sheet.parts.get(part)
    cells = found.confusion if found is not None else ()
    if not 1 < len(cells) <= MOST_CLASSES:
        return []
    labels = [sheet.classes[n] if n < len(sheet.classes) else str(n) for n in range(len(cells))]
    wide = max(8, min(14, max(len(label) for label in labels) + 2))
    head = "".join(f"{label[: wide - 1]:>{wide}}" for label in labels)
    told = [heading(f"Confusion on {part}"), entry(f"{'true, predicted →':{_NAME}}{head}", "dim")]
    for number, line in enumerate(cells):
        pieces: list[Piece] = [(f"  {labels[number][: _NAME - 3]:{_NAME - 2}}", "plain")]
        for at, count in enumerate(line):
            pieces.append((f"{count:>{wide},}", "plain" if at == number else "dim"))
        told.append(Entry(tuple(pieces)))
    return told
