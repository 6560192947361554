"""Detectors of losses and scores alone: pure functions of the snapshot and of their parameters."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import fmean, median

from trainer_tui.failures.flags import robust
from trainer_tui.failures.flags.curve import Shape
from trainer_tui.failures.flags.finding import Finding, Snapshot
from trainer_tui.runs.flags import Values
from trainer_tui.runs.incident import Severity

_SIGMAS = 5.0
"""Standard errors within which a fall may hide; many, for the noise of neighbouring rows is often alike."""

_STEPS = 4
"""So many times more rows are waited for where rows are steps, not epochs."""


def not_decreasing(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """The training loss has surely not fallen."""
    needed = values["rows"] * (_STEPS if snap.by_step else 1)
    warm = _warm_rows(snap.rate) if snap.rate is not None else 0
    needed += warm
    main = snap.shapes.get(snap.main_metric)
    if main is not None and main.learnt():
        return
    for shape in snap.training:
        groups = shape.groups[warm // shape.width :]
        if shape.validation or shape.rows < needed or len(groups) < 12 or shape.learnt(values["drop"]):
            continue
        third = len(groups) // 3
        fall = fmean(groups[:third]) - fmean(groups[-third:])
        error = max(robust.noise(groups), robust.wander(groups)) * (2 / third) ** 0.5
        if fall + _SIGMAS * error < values["drop"] * shape.scale and robust.trend(groups) > -0.3:
            message = (
                f"{shape.name} has not fallen in its first {shape.rows} rows "
                f"({shape.start:.4g} → {shape.level:.4g})"
            )
            yield Finding(shape.name, message, {"start": shape.start, "now": shape.level, "rows": shape.rows})


def plateau(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """The main metric fell, not by much, and has rested for long."""
    shape = snap.main
    if shape is None or not shape.learnt() or shape.gain > values["fallen"] * shape.scale:
        return
    rows = values["rows"] * (_STEPS if snap.by_step else 1)
    if shape.idle >= max(rows, shape.rows // 2):
        message = f"{shape.name} has not improved for {shape.idle} rows (best {shape.best:.4g})"
        yield Finding(shape.name, message, {"best": shape.best, "rows": shape.idle})


def underfitting(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """Both losses have rested for long, near each other and not far below their start."""
    for name, pair in snap.pairs.items():
        val, train = snap.shapes.get(name), snap.shapes.get(pair.training)
        if not snap.descends or val is None or train is None or min(val.best, train.best) <= 0:
            continue
        rows = max(values["rows"], train.rows // 2)
        high = all(s.gain < values["fallen"] * s.scale and s.idle >= rows for s in (val, train))
        if high and train.learnt() and abs(val.level - train.level) < values["gap"] * train.level:
            message = (
                f"{train.name} and {name} have rested at {train.level:.4g} and {val.level:.4g} for "
                f"{min(val.idle, train.idle)} rows, not far below the start ({train.start:.4g})"
            )
            yield Finding(train.name, message, {"start": train.start, "now": train.level, "rows": train.idle})


def oscillation(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """The loss swings up and down with nearly every row."""
    rows = int(values["rows"])
    for shape in snap.losses:
        window = shape.recent[-rows:]
        if len(window) < rows:
            continue
        level = median([abs(value) for value in window])
        step = robust.step_size(window)
        large = step >= values["swing"] * level and step >= 0.2 * shape.gain
        if large and robust.alternation(window) >= values["turns"]:
            low, high = min(window), max(window)
            message = f"{shape.name} swings between {low:.4g} and {high:.4g} over the last {rows} rows"
            yield Finding(shape.name, message, {"low": low, "high": high, "rows": rows})


def divergence(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """A finite loss runs away."""
    for shape in snap.training:
        if runs_away(shape, values["share"], int(values["rows"])):
            message = (
                f"{shape.name} is {shape.last:.4g} and rising, its best was {shape.best:.4g} "
                f"{shape.idle} rows ago"
            )
            yield Finding(shape.name, message, {"value": shape.last, "best": shape.best, "rows": shape.idle})


def rate_too_high(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """The loss runs away while the learning rate has grown; or climbs from the start with the gradient."""
    rate = snap.rate
    for shape in snap.training:
        facts = {"value": shape.last, "best": shape.best, "rows": shape.idle}
        known = rate is not None and shape.rate_at_best > 0
        grown = known and rate is not None and rate.last >= values["growth"] * shape.rate_at_best
        if rate is not None and grown and runs_away(shape, 0.5, 8):
            times = robust.times_text(rate.last, shape.rate_at_best)
            message = (
                f"{shape.name} rises to {shape.last:.4g} (best {shape.best:.4g}) at {rate.name} "
                f"{rate.last:.4g}, {times} that of its best"
            )
            yield Finding(shape.name, message, {**facts, "rate": rate.last})
            continue
        if shape.rows > values["rows"] or shape.learnt(0.05) or not runs_away(shape, 0.5, 5):
            continue
        for gradient in snap.gradients.values():
            if gradient.first > 0 and gradient.last >= values["gradient"] * gradient.first:
                times = robust.times_text(gradient.last, gradient.first)
                message = (
                    f"{shape.name} climbs from its start ({shape.start:.4g} → {shape.last:.4g}) and "
                    f"{gradient.name} is {times} its first"
                )
                yield Finding(shape.name, message, {**facts, "gradient": gradient.last})
                break


def runs_away(shape: Shape, share: float, rows: int) -> bool:
    """Whether a loss has lost this share of its gain, lies far outside its noise, and climbs."""
    least = (0.25 if shape.learnt(0.05) else 0.5) * shape.scale
    # The noise of the calm rows: that of the last ones grows with the divergence itself.
    calm = max(shape.noise, robust.wander(shape.recent[:-rows]))
    above = shape.now - shape.best
    return (
        shape.rows >= 2 * rows + 2 and above > max(share * shape.gain, least, 5 * calm) and shape.rising(rows)
    )


def dead(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """A score has never moved, while the training loss has."""
    if not any(s.kind == "loss" and not s.validation and s.same + 1 < s.rows for s in snap.shapes.values()):
        return
    for name, cells in snap.unread.items():
        if cells >= values["rows"]:
            yield Finding(
                name, f"{name} has been NaN in all {cells} rows", {"rows": cells}, _dead_severity(snap, name)
            )
    for shape in snap.shapes.values():
        if shape.kind not in ("score", "main") or shape.last in (1.0, 100.0):
            continue
        if shape.rows >= values["rows"] and shape.same + 1 >= shape.rows:
            message = f"{shape.name} has been exactly {shape.last:.6g} in all {shape.rows} rows"
            facts = {"value": shape.last, "rows": shape.rows}
            yield Finding(shape.name, message, facts, _dead_severity(snap, shape.name))


def spike(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """A single row jumps, or a few that stay high."""
    rows = int(values["rows"])
    if snap.rate is not None and _restarted(snap.rate, 2 * rows):
        return  # a schedule with restarts: the loss jumps with the rate, and comes back
    for shape in snap.losses:
        recent = shape.recent
        lasting = 0.0
        if len(recent) > rows:
            lasting = _spikes(shape, recent[: -rows + 1], min(recent[-rows:]), values)
        middle = lasting or _spikes(shape, recent, shape.last, values)
        if middle:
            times = robust.times_text(shape.last, middle)
            message = f"{shape.name} jumped to {shape.last:.4g}, {times} its median {middle:.4g}"
            if lasting:
                message += f", and stays there for {rows} rows"
            facts = {"value": shape.last, "median": middle}
            yield Finding(shape.name, message, facts, None if lasting else "notice")


def frozen(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """A loss repeats one value, and not because it rests at its best."""
    for shape in snap.shapes.values():
        if shape.kind != "loss":
            continue
        needed = values["rows"] * (10 if shape.validation else 1)
        if shape.same + 1 < needed or shape.same < 3 * shape.longest:
            continue
        learnt = shape.learnt() or shape.gain > 0
        if learnt and shape.last <= shape.best + 0.01 * shape.gain:
            continue
        message = f"{shape.name} has been exactly {shape.last:.6g} for {shape.same + 1} rows"
        calm = learnt or not (snap.descends and shape.whole_loss)
        facts = {"value": shape.last, "rows": shape.same + 1}
        yield Finding(shape.name, message, facts, "notice" if calm else None)


def _spikes(shape: Shape, recent: tuple[float, ...], value: float, values: Values) -> float:
    """The median of the rows before the last one, if a value lies far above it; else 0."""
    before = recent[-31:-1]
    if len(before) < 10:
        return 0.0
    middle = median(before)
    if middle <= 0 or value <= values["ratio"] * middle:
        return 0.0
    outside = value - middle > 10 * robust.noise(before) and robust.log_noise(before) < 0.25
    return middle if outside and value - middle > values["share"] * abs(shape.start) else 0.0


def _restarted(rate: Shape, rows: int) -> bool:
    """Whether the learning rate has jumped up in these last rows."""
    return any(b > 2 * a >= 0 for a, b in pairwise(rate.recent[-rows - 1 :]))


def _warm_rows(rate: Shape) -> int:
    """Rows in which the learning rate grew to its highest."""
    if rate.groups and max(rate.groups) > 1.001 * rate.first:
        return (rate.groups.index(max(rate.groups)) + 1) * rate.width
    return 0


def _dead_severity(snap: Snapshot, name: str) -> Severity | None:
    return None if name == snap.main_metric else "notice"
