"""The data page in words: the columns; beside them quality, split, leakage checks and the test part."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.trainings.data_sheet import ColumnSheet, DataSheet, Found
from trainer_tui.runs.trainings.split_sheet import CheckSheet, Opening, SplitSheet
from trainer_tui.runs.units import counted
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.trials.entries import Entry, bar, entry, heading

SIGNS: dict[str, tuple[str, Tone]] = {
    "passed": ("✔", "good"),
    "info": ("✔", "good"),
    "warning": ("▲", "warning"),
    "failed": ("✘", "bad"),
    "critical": ("✘", "bad"),
}

_QUALITY = {"PASSED": "passed", "WARNING": "warning", "FAILED": "failed"}
_STANDINGS = ("passed", "warning", "failed")
_BAR = 16
_BLANK = entry()
_KIND, _NUMBER = 12, 9


def column_entries(data: DataSheet | None) -> list[Entry]:
    """What the data is, and its columns: kind, gaps, and why it was taken for that."""
    if data is None:
        return [entry("no data.json yet: the columns come when the data was read", "dim")]
    told = [
        entry(
            f"{data.name or 'the data'}: {data.rows:,} rows, {counted(data.features, 'feature', 'features')}"
        ),
        entry(data.source, "dim"),
        Entry(_target(data), data.target_why),
        *_roles(data),
    ]
    used = [column for column in data.columns if column.used]
    unused = [column for column in data.columns if not column.used and column.name != data.target]
    wide = min(28, max([len(column.name) for column in data.columns], default=6))
    told.append(heading(f"{counted(len(used), 'column', 'columns')} used"))
    told.append(entry(f"{'':{wide}}  {'kind':{_KIND}}{'missing':>{_NUMBER}}{'distinct':>{_NUMBER}}", "dim"))
    told += [_column(column, wide, data.rows) for column in used]
    if unused:
        told.append(heading(f"{len(unused)} left out"))
        told += [_column(column, wide, data.rows) for column in unused]
    if data.noticed:
        told.append(heading("noticed while reading"))
        told += [finding_entry(found) for found in data.noticed]
    return told


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _target(data: DataSheet) -> tuple[Piece, ...]:
    unit = f" in {data.unit}" if data.unit else ""
    pieces: list[Piece] = [("target ", "dim"), (data.target or "–", "plain"), (f"{unit}, {data.task}", "dim")]
    if data.classes:
        shown = ", ".join(f"{label} {count:,}" for label, count in data.classes[:8])
        more = f", {len(data.classes) - 8} more" if len(data.classes) > 8 else ""
        pieces.append((f": {shown}{more}", "plain"))
    elif data.target_range:
        pieces.append((f": {data.target_range}", "plain"))
    return tuple(pieces)


def _roles(data: DataSheet) -> list[Entry]:
    found = []
    for name, role in (("group", data.group), ("time", data.time)):
        if role is not None:
            span = role.span or f"{role.distinct:,} different"
            found.append(Entry(((f"{name} ", "dim"), (role.name, "plain"), (f", {span}", "dim")), role.why))
    return found


def _column(column: ColumnSheet, wide: int, rows: int) -> Entry:
    name = column.name if len(column.name) <= wide else column.name[: wide - 1] + "…"
    gaps: Tone = "warning" if rows and column.missing > rows / 2 else "plain"
    missing = f"{column.missing:,}" if column.missing else "·"
    return Entry(
        (
            (f"{name:{wide}}  ", "plain" if column.used else "dim"),
            (f"{column.kind:{_KIND}}", "plain"),
            (f"{missing:>{_NUMBER}}", gaps),
            (f"{column.distinct:>{_NUMBER},}", "dim"),
            (f"  {column.why}" if column.why else "", "dim"),
        ),
        opens=(
            ((f"{column.kind}, {'used' if column.used else 'left out'}", "plain"),),
            ((f"{column.missing:,} of {rows:,} rows without a value", gaps),),
            ((f"{column.distinct:,} different values", "plain"),),
            ((column.why or "taken for what it plainly is", "plain"),),
        ),
        title=column.name,
    )


def check_entries(data: DataSheet | None, split: SplitSheet | None) -> list[Entry]:
    """Quality, split, leakage checks, test part and holdout."""
    return [_summary(data, split), _BLANK, *_quality(data), _BLANK, *_split(split)]


def _summary(data: DataSheet | None, split: SplitSheet | None) -> Entry:
    """Everything in one line: what is wrong is to be seen without scrolling."""
    pieces: list[Piece] = []
    if data is not None and data.quality:
        sign, tone = SIGNS[_QUALITY.get(data.quality, "warning")]
        pieces.append((f"{sign} quality   ", tone))
    if split is not None and split.checks:
        worst = next(name for name in reversed(_STANDINGS) if any(c.standing == name for c in split.checks))
        sign, tone = SIGNS[worst]
        count = sum(check.standing == worst for check in split.checks)
        told = "no leak found" if worst == "passed" else f"{count} of {len(split.checks)} leakage checks"
        pieces.append((f"{sign} {told}   ", tone))
    if split is not None:
        pieces.append((f"test {split.test.state}", "plain"))
    return Entry(tuple(pieces or [("nothing was read and checked yet", "dim")]))


def _quality(data: DataSheet | None) -> list[Entry]:
    if data is None or not data.quality:
        return [heading("Quality"), entry("the quality check has not run yet", "dim")]
    sign, tone = SIGNS[_QUALITY.get(data.quality, "warning")]
    score = f", score {data.score:.2f}" if data.score is not None else ""
    told = [heading("Quality"), Entry(((f"{sign} {data.quality.lower()}{score}", tone),))]
    told += [finding_entry(found) for found in data.findings]
    quiet = sum(standing == "passed" for standing in data.checks.values())
    if quiet:
        told.append(entry(f"✔ {counted(quiet, 'check', 'checks')} found nothing", "good"))
    return told


def finding_entry(found: Found) -> Entry:
    """A finding with its sentence; enter names the rows."""
    sign, tone = SIGNS.get(found.severity, ("▲", "warning"))
    sign, tone = ("·", "dim") if found.severity == "info" else (sign, tone)
    return Entry(
        ((f"{sign} ", tone), (found.check, "plain")), found.message, opens=opened(found), title=found.check
    )


def opened(found: Found) -> tuple[tuple[Piece, ...], ...]:
    """A finding in full: sentence, columns, rows."""
    lines: list[tuple[Piece, ...]] = [((found.message, "plain"),)]
    if found.columns:
        lines.append((("columns  ", "dim"), (", ".join(found.columns), "plain")))
    if found.rows:
        more = found.affected - len(found.rows)
        left = f" and {more:,} more" if more > 0 else ""
        lines.append((("rows  ", "dim"), (", ".join(found.rows), "plain"), (left, "dim")))
    elif found.affected:
        lines.append(((f"{found.affected:,} rows", "plain"),))
    return tuple(lines)


def _split(split: SplitSheet | None) -> list[Entry]:
    if split is None:
        return [heading("Split"), entry("the data is not split yet", "dim")]
    told = [heading("Split"), Entry(_how(split))]
    total = max(1, split.rows)
    for part, rows in split.parts:
        told.append(
            Entry(
                (
                    (f"{part:<11}", "plain"),
                    (bar(rows / total, _BAR), "plain"),
                    (f"{rows:>9,}  {rows / total:6.1%}", "plain"),
                )
            )
        )
    if split.left_out:
        told.append(entry(f"{_rows(split.left_out)} in no part", "dim"))
    if split.split_id:
        again = {True: ", made by an earlier training", False: ", made by this training", None: ""}
        told.append(entry(f"split {split.split_id[:12]}{again[split.reused]}", "dim"))
    told += [_BLANK, *_leakage(split.checks), _BLANK, heading("Test and holdout")]
    return [*told, test_entry(split.test), holdout_entry(split.holdout)]


def _how(split: SplitSheet) -> tuple[Piece, ...]:
    said = [split.strategy or "split"]
    said += [f"{name} {text}" for name, text in (("group", split.group), ("time", split.time)) if text]
    said += [f"{name} {text}" for name, text in (("gap", split.gap), ("seed", split.seed)) if text]
    return ((", ".join(said), "plain"),)


def _leakage(checks: Sequence[CheckSheet]) -> list[Entry]:
    if not checks:
        return [heading("Leakage"), entry("no check has run yet", "dim")]
    counts = {name: sum(check.standing == name for check in checks) for name in _STANDINGS}
    told = ", ".join(f"{SIGNS[name][0]} {count}" for name, count in counts.items() if count)
    worst = sorted(checks, key=lambda check: -_STANDINGS.index(check.standing))
    return [heading(f"Leakage  {told}"), *(check_entry(check) for check in worst)]


def check_entry(check: CheckSheet) -> Entry:
    """One leakage check: its sign, what it looks for, what it found."""
    sign, tone = SIGNS[check.standing]
    text = " ".join(found.message for found in check.findings)
    if check.accepted:
        text += f" Accepted: {check.accepted}"
    head: tuple[Piece, ...] = ((f"{sign} ", tone), (check.name, "plain"), (f"  {check.about}", "dim"))
    lines = [line for found in check.findings for line in opened(found)]
    if check.about:
        lines.insert(0, ((f"looks for: {check.about}", "dim"),))
    if check.accepted:
        lines.append(((f"accepted by a person: {check.accepted}", "warning"),))
    if not check.findings:
        lines.append((("it found nothing", "good"),))
    return Entry(head, text, opens=tuple(lines), title=check.name)


def test_entry(test: Opening) -> Entry:
    """Whether the test part was opened: it may be once."""
    signs: dict[str, tuple[str, Tone]] = {
        "unopened": ("○ test: not opened; one training may evaluate it once", "plain"),
        "opened": ("■ test: opened; it may not be opened again", "plain"),
        "refused": ("▲ test: refused, it was opened before", "warning"),
    }
    words, tone = signs.get(test.state, (f"▲ test: {test.state}", "warning"))
    return Entry(((words, tone),), f"{_by_whom(test)}{test.sentence}")


def holdout_entry(holdout: Opening) -> Entry:
    """Whether the holdout is locked, as it is to be."""
    if holdout.state == "locked":
        return Entry((("✔ holdout: locked, no training evaluates it", "good"),), holdout.sentence)
    return Entry(((f"▲ holdout: {holdout.state}", "warning"),), f"{_by_whom(holdout)}{holdout.sentence}")


def _by_whom(opening: Opening) -> str:
    """`By credit/002-full at 2026-01-25 13:58 UTC. `."""
    moment = parse_utc(opening.at)
    at = moment.strftime("%Y-%m-%d %H:%M UTC") if moment is not None else opening.at
    said = " ".join(f"{word} {text}" for word, text in (("by", opening.by), ("at", at)) if text)
    return f"{said[0].upper()}{said[1:]}. " if said else ""
