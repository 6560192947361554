"""The pictures of a search: best so far, a parameter against the value, all parameters, importances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer_tui.runs.trainings.trials import Direction, Trial, Trials, running_best
from trainer_tui.tui.plotting.raster import Raster, Window
from trainer_tui.tui.plotting.traces import Floats, Piece
from trainer_tui.tui.trials.panels import (
    DOT,
    LEAST_WIDTH,
    Layer,
    Panel,
    Plot,
    Segments,
    dots,
    drawn,
    empty,
    figure,
    is_wide,
    line,
    logs,
    points,
    spread,
    titled,
)

MOST_LINES = 400
"""Trials that the picture of all parameters shows; of more, the best."""

MOST_AXES = 7

MOST_SIGNS = 300
"""Of more trials each is a dot."""

_WAYS = {"maximize": "more is better", "minimize": "less is better"}
_FEW = "no trial has a result yet"
_WORDS = 8
"""Different words of a parameter that have room on an axis."""


@dataclass(frozen=True, slots=True)
class Done:
    """The complete trials that the pictures show, and their values."""

    trials: tuple[Trial, ...]
    values: Floats
    best: int
    """Index of the best one; −1: nothing says which way is better."""


def done_of(trials: Trials, algorithm: str = "") -> Done:
    """Complete trials with a value, of one algorithm or of all."""
    found = tuple(
        t
        for t in trials.trials
        if t.state == "complete" and t.value is not None and algorithm in ("", t.algorithm)
    )
    values = np.array([t.value for t in found], dtype=np.float64)
    best = -1
    if len(found) and trials.direction:
        best = int(values.argmin() if trials.direction == "minimize" else values.argmax())
    return Done(found, values, best)


def value_span(values: Floats, direction: Direction) -> tuple[tuple[float, float], int]:
    """Where the axis of the values goes, and how many bad ones it leaves out: they would flatten the rest."""
    if len(values) < 8 or not direction:
        return spread(values), 0
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    reach = 3 * max(float(high - low), abs(float(middle)) * 1e-6)
    kept = values[values <= high + reach] if direction == "minimize" else values[values >= low - reach]
    return spread(kept), len(values) - len(kept)


def best_so_far(trials: Trials, width: int, height: int) -> Panel:
    """Every value as a dot, the best so far as a line."""
    title, done = "Best so far", done_of(trials)
    if not done.trials:
        return empty(title, _FEW, width, height)
    x = np.array([t.number for t in done.trials], dtype=np.float64)
    last = float(max(x[-1], trials.trials[-1].number))
    (bottom, top), left_out = value_span(done.values, trials.direction)
    steps = running_best(done.trials, trials.direction) if trials.direction else []
    corners: list[tuple[float, float]] = []
    for number, value in steps:
        if corners:
            corners.append((float(number), corners[-1][1]))
        corners.append((float(number), value))
    if corners:
        corners.append((last, corners[-1][1]))
    marks, layers = _marks(x, done.values, bottom, top)
    if corners:
        layers.append(Layer((line(*corners),), "s0"))
    told = f"• each trial  ── best, {_WAYS[trials.direction]}" if steps else "• each trial"
    if left_out:
        told += f"  {left_out} off the axis"
    star = ((float(x[done.best]), float(done.values[done.best])),) if done.best >= 0 else ()
    plot = Plot(
        title,
        told,
        Window(float(x[0]), max(last, float(x[0]) + 1), bottom, top),
        tuple(layers),
        "trial",
        (figure(x[0]), f"{last:.0f}"),
        star,
        marks,
        DOT,
    )
    return drawn(plot, width, height)


def _marks(
    x: Floats, y: Floats, bottom: float, top: float
) -> tuple[tuple[tuple[float, float], ...], list[Layer]]:
    """Points that can be seen: as signs where they are few, else as dots."""
    if len(x) > MOST_SIGNS:
        return (), [Layer((points(x, y),), "s1")]
    inside = (y >= bottom) & (y <= top)
    return tuple(zip(x[inside].tolist(), y[inside].tolist(), strict=True)), []


def algorithms_of(trials: Trials) -> tuple[str, ...]:
    """The algorithms that were tried, that of the best trial first."""
    best = trials.best
    names = dict.fromkeys(trial.algorithm for trial in trials.trials)
    return tuple(dict.fromkeys([best.algorithm, *names] if best is not None else names))


def parameters_of(trials: Trials, algorithm: str) -> tuple[str, ...]:
    """The parameters of an algorithm that were varied, the most important first."""
    values: dict[str, set[object]] = {}
    for trial in trials.trials:
        if trial.algorithm == algorithm:
            for name, value in trial.params.items():
                values.setdefault(name, set()).add(value)
    varied = [name for name, found in values.items() if len(found) > 1]
    return tuple(sorted(varied, key=lambda name: -trials.importances.get(name, 0.0)))


def against_value(trials: Trials, algorithm: str, name: str, width: int, height: int) -> Panel:
    """One parameter against the value; words stand side by side."""
    done = done_of(trials, algorithm)
    title = f"{name or 'Parameter'} against {trials.metric or 'value'}"
    has = [n for n, t in enumerate(done.trials) if name in t.params]
    if not has:
        why = f"no parameter of {algorithm} was varied" if algorithm and not name else _FEW
        return empty(title, why, width, height)
    given = [done.trials[n].params[name] for n in has]
    y = done.values[has]
    numeric = all(isinstance(value, float) for value in given)
    told = algorithm
    if numeric:
        x = np.array(given, dtype=np.float64)
        log = is_wide(x)
        ends = (figure(float(x.min())), figure(float(x.max())))
        x = logs(x) if log else x
        x_name = f"{name} (log)" if log else name
        left, right = spread(x)
    else:
        words = sorted({str(value) for value in given})
        x = np.array([float(words.index(str(value))) for value in given])
        left, right = -0.5, len(words) - 0.5
        x_name, ends = _beside(words, width - 10), ("", "")
    (bottom, top), left_out = value_span(done.values, trials.direction)
    if left_out:
        told += f"  {left_out} off the axis"
    stars = tuple((float(x[at]), float(y[at])) for at, n in enumerate(has) if n == done.best)
    marks, layers = _marks(x, y, bottom, top)
    window = Window(left, right, bottom, top)
    plot = Plot(title, told, window, tuple(layers), x_name, ends, stars, marks, DOT)
    return drawn(plot, width, height)


def _beside(words: list[str], width: int) -> str:
    """The words below their columns of points."""
    each = max(3, width // max(1, min(len(words), _WORDS)))
    return "".join(word[: each - 1].center(each) for word in words[:_WORDS])


def all_parameters(trials: Trials, algorithm: str, width: int, height: int) -> Panel:
    """Parallel coordinates: a line a trial through its numeric parameters to its value on the right."""
    title, done = "All parameters", done_of(trials, algorithm)
    names = [n for n in parameters_of(trials, algorithm) if _is_numeric(done, n)][: MOST_AXES - 1]
    names = names[: max(1, width // 10 - 1)]
    if not names or height < 7 or width < 24:
        why = "no numeric parameter was varied" if done.trials else _FEW
        return empty(title, why if height >= 7 and width >= 24 else "no room", width, height)
    kept = [n for n, t in enumerate(done.trials) if all(name in t.params for name in names)]
    order = sorted(kept, key=lambda n: _badness(float(done.values[n]), trials.direction))[:MOST_LINES]
    columns, ends = [], []
    for name in names:
        values = np.array([float(done.trials[n].params[name]) for n in order])
        shares, label, low, high = _axis(name, values)
        columns.append(shares)
        ends.append((label, low, high))
    shares, _, low, high = _axis("value", done.values[order], log=False)
    columns.append(shares)
    ends.append((trials.metric or "value", low, high))
    return Panel(_parallel(np.stack(columns), ends, title, _told(trials, algorithm, order), width, height))


def _told(trials: Trials, algorithm: str, order: list[int]) -> str:
    count = sum(t.algorithm == algorithm and t.state == "complete" for t in trials.trials)
    some = f"the best {len(order)} of {count:,}" if len(order) < count else f"{len(order)} trials"
    return f"{algorithm} {some}" + ("  ━ best" if trials.direction else "")


def _parallel(
    shares: Floats, ends: list[tuple[str, str, str]], title: str, told: str, width: int, height: int
) -> tuple[Segments, ...]:
    rows, axes = height - 4, len(ends)
    raster = Raster(width, rows, Window(0.0, axes - 1.0, -0.03, 1.03))
    x = np.arange(axes, dtype=np.float64)
    layers = [Layer(tuple(Piece(x, trial) for trial in shares.T[:0:-1]), "f1", (2, 4))]
    if shares.shape[1]:
        layers.append(Layer((Piece(x, shares.T[0]),), "best"))
    layers.append(Layer(tuple(line((float(n), -0.03), (float(n), 1.03)) for n in range(axes)), "dim"))
    # The axes lie below the lines.
    for number in (2, 0, 1) if len(layers) == 3 else (1, 0):
        raster.draw(list(layers[number].pieces), number, layers[number].dash)
    high, low, names = ([end[at] for end in ends] for at in (2, 1, 0))
    return (
        titled(title, told, width),
        ((_below(high, width), "dim"),),
        *(dots(raster, row, layers, {}) for row in range(rows)),
        ((_below(low, width), "dim"),),
        ((_below(names, width), "plain"),),
    )


def _below(texts: list[str], width: int) -> str:
    """Texts below their axes: the first from the left edge on, the last up to the right one."""
    line = [" "] * width
    apart = (width - 1) / (len(texts) - 1)
    end = -1
    for number, text in enumerate(texts):
        most = max(2, int(apart if 0 < number < len(texts) - 1 else 0.7 * apart) - 1)
        text = text if len(text) <= most else text[: most - 1] + "…"
        middle = round(number * apart)
        start = max(end + 1, min(width - len(text), middle - len(text) // 2))
        line[start : start + len(text)] = text
        end = start + len(text)
    return "".join(line)[:width]


def _axis(name: str, values: Floats, log: bool | None = None) -> tuple[Floats, str, str, str]:
    """Shares of the axis, its label, its ends."""
    wide = is_wide(values) if log is None else log
    ends = (figure(float(values.min())), figure(float(values.max()))) if len(values) else ("", "")
    scaled = logs(values) if wide else values
    low, high = (float(scaled.min()), float(scaled.max())) if len(scaled) else (0.0, 1.0)
    shares = (scaled - low) / (high - low) if high > low else np.full(len(scaled), 0.5)
    return np.asarray(shares), f"{name} log" if wide else name, *ends


def _is_numeric(done: Done, name: str) -> bool:
    return all(isinstance(t.params[name], float) for t in done.trials if name in t.params)


def _badness(value: float, direction: Direction) -> float:
    return -value if direction == "maximize" else value


def importances(trials: Trials, width: int, height: int) -> Panel:
    """A bar for each parameter, the longest first."""
    title = "Importances"
    if not trials.importances:
        why = "told when the search has enough trials" if trials.trials else _FEW
        return empty(title, why, width, height)
    if height < 2 or width < LEAST_WIDTH:
        return empty(title, "no room", width, height)
    known = sorted(trials.importances.items(), key=lambda item: -item[1])[: height - 1]
    names = min(max(len(name) for name, _ in known), max(8, width // 2))
    longest = max(1, width - names - 8)
    most = max(known[0][1], 1e-12)
    lines: list[Segments] = [titled(title, f"for {trials.metric or 'the value'}", width)]
    for name, share in known:
        label = name if len(name) <= names else name[: names - 1] + "…"
        filled = "█" * max(0, round(longest * max(0.0, share) / most))
        lines.append(((f"{label:<{names}} ", "plain"), (f"{filled} ", "s0"), (f"{share:.0%}", "dim")))
    return Panel(tuple(lines))
