"""The texts of the first lines: state, phase chain, alerts; from a picture to pieces with their tones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len

from trainer_tui.runs.follow import Progress
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import PHASE_NAMES
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean
from trainer_tui.tui.alarms import tone_of
from trainer_tui.tui.pictures import RunPicture, Tone
from trainer_tui.tui.words import about_text, bar, elapsed_text, number_text

Piece = tuple[str, Tone]

_STATUS: dict[str, tuple[str, str, Tone]] = {
    "starting": ("◌", "starting", "plain"),
    "running": ("●", "running", "good"),
    "paused": ("‖", "paused", "warning"),
    "stopping": ("■", "stopping", "warning"),
    "finishing": ("◍", "ended, being judged", "warning"),
}
_ENDS: dict[str, tuple[str, Tone]] = {"good": ("✔", "good"), "neutral": ("■", "warning"), "bad": ("✘", "bad")}
"""Sign and tone of an end that was as it should be, that somebody wanted, that was wrong."""

_LOST: tuple[str, Tone] = ("?", "blind")
_STILL = {"running": "still running"}
_PHASE_CODES = {"quick": "5A", "full": "5B"}
_GAP = "  "


def elapsed_now(picture: RunPicture, monotonic: float) -> float | None:
    """Seconds that the process has run by now."""
    if picture.elapsed_s is None or not picture.state.alive:
        return picture.elapsed_s
    return picture.elapsed_s + max(0.0, monotonic - picture.seen_at)


def end_sign(reason: str) -> tuple[str, Tone]:
    """Sign and tone of an end."""
    return _LOST if reason == "lost" else _ENDS[tone_of(reason)]


def status_piece(picture: RunPicture) -> Piece:
    """Sign and word for how the run stands. What cannot be seen, or is suspected, is never green."""
    state = picture.state
    if state.over:
        sign, tone = end_sign(state.reason)
        return f"{sign} {clean(state.reason, 60)}", tone
    sign, word, tone = _STATUS[state.status]
    failure = state.failure
    if failure is not None and failure.fate == "confirmed":
        return f"✘ failed: {clean(failure.kind, 40)}, {_STILL.get(state.status, word)}", "bad"
    if picture.blind:
        return f"◌ {word}, blind", "blind"
    if failure is not None:
        return f"▲ {word}, suspected: {clean(failure.kind, 40)}", "warning"
    return f"{sign} {word}", tone


EARLY = 0.03
"""Until this share of a run is done, loading and compiling make up most of the time that it took."""


def time_left(picture: RunPicture, elapsed: float | None) -> float | None:
    """Seconds to the end, from the progress so far or else from the forecast; None when nobody knows."""
    state, progress = picture.state, picture.progress
    failed = state.failure is not None and state.failure.fate == "confirmed"
    if not state.alive or state.status == "paused" or elapsed is None or failed:
        return None
    active = max(0.0, elapsed - state.paused_s)
    if progress is not None and progress.total and progress.done > 0:
        return active / progress.done * max(0.0, progress.total - progress.done)
    forecast = _forecast(picture)
    return None if forecast is None else max(0.0, sum(forecast) / 2 - active)


def state_line(
    picture: RunPicture | None,
    project: str,
    model: str,
    waiting: str,
    now: datetime,
    monotonic: float,
    width: int,
) -> list[Piece]:
    """The first line, `width` cells wide: the left half tells the run, the right half clock and host."""
    if picture is None:
        left: list[Piece] = [(f" {clean(model, 40)}", "plain"), (_GAP + (waiting or "looking …"), "dim")]
        return _justified(left, [(now.strftime("%H:%M:%S "), "dim")], width)
    state = picture.state
    elapsed = elapsed_now(picture, monotonic)
    phase = PHASE_NAMES.get(state.phase, clean(state.phase, 20))
    left = [(f" {clean(model, 40)} #{state.number} {phase}", "plain"), (_GAP, "plain"), status_piece(picture)]
    left.append((_GAP + elapsed_text(elapsed), "plain"))
    if span := _span_text(picture, elapsed):
        left.append((f" of about {span}", "dim"))
    if state.attempt > 1:
        left.append((f"{_GAP}attempt {state.attempt}", "dim"))
    clock: Piece = (now.strftime("%H:%M:%S"), "dim")
    host = clean(state.host, 30)
    for right in ([clock, (f"{_GAP}{host} ", "dim")], [clock, (" ", "dim")], []):
        brand: Piece = (f" trainer-tui{' · ' + clean(project, 30) if project else ''} ", "dim")
        if _length([brand, *left, *right]) < width:
            return _justified([brand, *left], right, width)
        if _length([*left, *right]) < width:
            return _justified(left, right, width)
    name: Piece = (f" {clean(model, 20)} #{state.number} ", "plain")
    short = [name, status_piece(picture), (" " + elapsed_text(elapsed), "plain")]
    return short if _length(short) <= width else short[:-1]


def chain_line(picture: RunPicture | None, monotonic: float, width: int) -> list[Piece]:
    """The second line: the phases of this watch, their gates, and how far the present one is."""
    if picture is None:
        return []
    before, after = _links_before(picture), _links_after(picture)
    link: Piece = (" ── ", "dim")
    rest = width - 2 - _length(_joined([*before, [("", "plain")], *after], link))
    present = _present(picture, monotonic, rest)
    line = [(" ", "plain"), *_joined([*before, present, *after], link)]
    if _length(line) > width:  # too narrow for the whole chain: the present phase is what matters
        return [(" ", "plain"), *_present(picture, monotonic, width - 1)]
    return line


def alert_lines(picture: RunPicture | None, stalled_s: float | None) -> list[list[Piece]]:
    """Lines that stand below the first two when something is wrong: what, and where."""
    if picture is None:
        return []
    lines: list[list[Piece]] = []
    state = picture.state
    failure = state.failure
    if failure is not None and (failure.fate == "confirmed" or not state.over):
        lines.append(failure_line(failure, entry_of(state, failure)))
    told = failure is not None and bool(lines) and failure.message in state.sentence
    if state.over and not state.passed and state.sentence and not told:
        tone = status_piece(picture)[1]
        lines.append([(f" {status_piece(picture)[0]}: {clean(state.sentence, 400)}", tone)])
    lines += [[(f" ✘ {clean(alert, 300)}", "bad")] for alert in picture.alerts]
    lines += [[(f" ◌ blind ({source}): {why}", "blind")] for source, why in picture.blind]
    if stalled_s is not None:
        lines.append([(f" ◌ blind (screen): nothing could be read for {stalled_s:.0f} s", "blind")])
    return lines[:5]


def failure_line(failure: Incident, entry: int | None) -> list[Piece]:
    """What went wrong, where, and how to get to its diary entry."""
    confirmed = failure.fate == "confirmed"
    tone: Tone = "bad" if confirmed else "warning"
    pieces: list[Piece] = [(f" {'✘' if confirmed else '▲ suspected:'} {clean(failure.message, 200)}", tone)]
    where = failure.frames[-1] if failure.frames else ""
    if where:
        pieces.append((f"{_GAP}{clean(where, 200)}", "plain"))
    if entry is not None:
        pieces.append((f"{_GAP}e: diary entry #{entry}", "plain"))
    if failure.line is not None:
        pieces.append((f"{_GAP}log line {failure.line}", "dim"))
    return pieces


def entry_of(state: RunState, incident: Incident | None) -> int | None:
    """The diary entry about an incident, else the newest one of the run."""
    about = [number for number, identity in state.diary if incident and identity == incident.id]
    return about[-1] if about else (state.diary[-1][0] if state.diary else None)


def gate_count(state: RunState) -> str:
    """`3/6`: gates passed of those that apply; empty before there are any."""
    apply = [gate for gate in state.gates if gate.state != "not-applicable"]
    if not apply:
        return ""
    return f"{sum(gate.state in ('passed', 'skipped') for gate in apply)}/{len(apply)}"


def _span_text(picture: RunPicture, elapsed: float | None) -> str:
    """`3 h 09 min` of the whole run; near its start the range of the forecast, `2 h 47 min to 3 h 20 min`."""
    left = time_left(picture, elapsed)
    if left is None or elapsed is None:
        return ""
    progress, span = picture.progress, _forecast(picture)
    early = progress is None or not progress.total or progress.done < EARLY * progress.total
    if span is None or not early:
        return about_text(elapsed + left)
    low, high = (about_text(seconds + picture.state.paused_s) for seconds in span)
    return low if low == high else f"{low} to {high}"


def _forecast(picture: RunPicture) -> tuple[float, float] | None:
    """Seconds that the full phase was forecast to take, at least and at most."""
    if picture.state.phase != "full":
        return None
    known = [state.forecast for state in (*picture.earlier, picture.state) if state.forecast]
    return (known[-1].seconds_low, known[-1].seconds_high) if known else None


def _links_before(picture: RunPicture) -> list[list[Piece]]:
    links: list[list[Piece]] = []
    ran = {state.phase for state in picture.earlier}
    for phase, _ in picture.state.skipped:
        if phase != picture.state.phase and phase not in ran:
            links.append([(f"{_PHASE_CODES.get(phase, phase)} {phase} – skipped", "warning")])
    latest = {state.phase: state for state in picture.earlier if state.phase != picture.state.phase}
    for phase, state in latest.items():
        sign, tone = end_sign(state.reason)
        name = f"{_PHASE_CODES.get(phase, '')} {phase}"
        if any(skipped == phase for skipped, _ in state.skipped):
            links.append([(f"{name} – skipped", "warning")])
            continue
        links.append([(f"{name} {sign} {elapsed_text(state.duration_s)}", tone)])
        if state.gates:
            passed = all(gate.state != "failed" for gate in state.gates)
            links.append([("gate ✔" if passed else "gate ✘", "good" if passed else "bad")])
    return links


def _links_after(picture: RunPicture) -> list[list[Piece]]:
    state, plan = picture.state, picture.plan
    count = gate_count(state)
    failed = any(gate.state == "failed" for gate in state.gates)
    tone: Tone = "bad" if failed else "good" if count and state.passed else "plain"
    links: list[list[Piece]] = [[(f"gates {count}", tone) if count else ("gates", "dim")]]
    if plan is not None and state.phase == "quick" and "full" in plan.phases:
        links.append([("5B full", "dim")])
    return links


def _present(picture: RunPicture, monotonic: float, width: int) -> list[Piece]:
    state, progress = picture.state, picture.progress
    name = f"{_PHASE_CODES.get(state.phase, '')} {state.phase} "
    if state.over or state.status == "finishing":
        sign, tone = status_piece(picture)
        return [(f"{name}{sign.split()[0]} {elapsed_text(picture.elapsed_s)}", tone)]
    tone = status_piece(picture)[1]
    text = _progress_text(progress)
    left = time_left(picture, elapsed_now(picture, monotonic))
    if left is not None:
        text += f"{' ' if text else ''}{about_text(left)} left"
    length = min(60, width - len(name) - len(text) - 1)
    fraction = progress.fraction if progress else None
    if fraction is None or length < 4:
        return [(name, "plain"), (text or "no progress yet", "dim")]
    done, rest = bar(fraction, length)
    return [(name, "plain"), (done, tone), (rest, "dim"), (f" {text}", "plain")]


def _progress_text(progress: Progress | None) -> str:
    if progress is None or not math.isfinite(progress.done):
        return ""
    done = number_text(progress.done)
    if progress.total:
        return f"{done}/{number_text(progress.total)}"
    return f"{clean(progress.unit, 20)} {done}".strip()


def _joined(links: Sequence[Sequence[Piece]], link: Piece) -> list[Piece]:
    line: list[Piece] = []
    for number, pieces in enumerate(links):
        line += ([link] if number else []) + list(pieces)
    return line


def _length(pieces: Sequence[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)


def _justified(left: list[Piece], right: list[Piece], width: int) -> list[Piece]:
    return [*left, (" " * max(1, width - _length(left) - _length(right)), "plain"), *right]
