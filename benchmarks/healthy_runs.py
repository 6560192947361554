"""Simulated healthy training histories of many shapes, each made from its seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

Row = dict[str, float]
Rows = list[Row]


class Noise:
    """White or wandering noise with standard deviation 1."""

    def __init__(self, rng: random.Random, memory: float = 0.0) -> None:
        self._rng, self._memory, self._state = rng, memory, rng.gauss(0, 1)

    def __call__(self) -> float:
        fresh = self._rng.gauss(0, 1) * math.sqrt(1 - self._memory**2)
        self._state = self._memory * self._state + fresh
        return self._state


def length(rng: random.Random) -> int:
    """How many rows a run has: mostly some hundred."""
    return rng.choice([3, 8, 15, 30, 60, 100, 150, 200, 300, 500, 500, 1000, 2000])


def dressed(rng: random.Random, count: int, level: Callable[[int], float], gap: float = 1.1) -> Rows:
    """Both losses around a course, a gradient norm, seconds, and columns that mean nothing."""
    size = rng.choice([0.0, 0.002, 0.01, 0.03, 0.06])
    train, val = Noise(rng, rng.choice([0, 0, 0.5, 0.8])), Noise(rng, rng.choice([0, 0, 0.5, 0.8]))
    more, seconds = rng.uniform(1, 4), rng.choice([0.01, 0.5, 30.0, 600.0])
    grad, wide = rng.uniform(0.01, 5), rng.uniform(0.05, 0.8)
    rows = []
    for i in range(count):
        base = level(i)
        rows.append(
            {
                "epoch": float(i + 1),
                "train_loss": base * (1 + size * train()),
                "val_loss": base * gap * (1 + size * more * val()),
                "grad_norm": grad * math.exp(wide * rng.gauss(0, 1)) * (1 + 3 * math.exp(-i / 10)),
                "accuracy": min(0.99, 0.1 + 0.8 * (1 - math.exp(-i / 20)) + 0.01 * rng.random()),
                "time_s": seconds
                * (1 + 0.1 * rng.random())
                * (4 if i == 0 else 1)
                * (3 if i % 10 == 9 else 1),
                "nan_count": 0.0,
                "val_error": 0.1,
            }
        )
    return rows


def decay(rng: random.Random, count: int) -> Callable[[int], float]:
    """An exponential fall to a floor."""
    tau, start = max(1.0, count * rng.uniform(0.02, 0.6)), 10 ** rng.uniform(-1, 1.5)
    floor = start * rng.uniform(0.001, 0.6)
    return lambda i: floor + (start - floor) * math.exp(-i / tau)


def exponential(rng: random.Random) -> Rows:
    count = length(rng)
    return dressed(rng, count, decay(rng, count), rng.uniform(0.9, 1.5))


def power_law(rng: random.Random) -> Rows:
    start, power, floor = 10 ** rng.uniform(-1, 1.5), rng.uniform(0.1, 1.0), rng.uniform(0, 0.3)
    return dressed(rng, length(rng), lambda i: start * (floor + (1 - floor) * (i + 1) ** -power))


def warm_up(rng: random.Random) -> Rows:
    """The first rows stay high, or climb a little, while the learning rate grows."""
    count, rows_up = length(rng), rng.randint(2, 20)
    course, climb = decay(rng, count), rng.uniform(0, 0.2)
    first = course(0)

    def level(i: int) -> float:
        return first * (1 + climb * i / rows_up) if i < rows_up else (1 + climb) * course(i - rows_up)

    rows = dressed(rng, count, level)
    for i, row in enumerate(rows):
        row["lr"] = 1e-3 * min(1.0, (i + 1) / rows_up) * (1 - 0.9 * i / count)
    return rows


def first_row_spike(rng: random.Random) -> Rows:
    rows = exponential(rng)
    rows[0]["train_loss"] *= 10 ** rng.uniform(0.5, 3)
    rows[0]["grad_norm"] *= 50
    return rows


def step_rate(rng: random.Random) -> Rows:
    """The loss falls at each cut of the learning rate and rests between."""
    count, cuts = length(rng), rng.randint(2, 4)
    start, factor = 10 ** rng.uniform(-1, 1), rng.uniform(0.3, 0.8)

    def level(i: int) -> float:
        part, inside = divmod(i * cuts / count, 1)
        now = start * factor**part
        return float(now * (0.6 + 0.4 * math.exp(-8 * inside)))

    rows = dressed(rng, count, level)
    for i, row in enumerate(rows):
        row["lr"] = 0.1 * 0.1 ** (i * cuts // count)
    return rows


def warm_restarts(rng: random.Random) -> Rows:
    """Cosine with restarts: the loss jumps up at each of them and falls again."""
    count, period = length(rng), rng.randint(10, 60)
    course, jump = decay(rng, count), rng.uniform(0.05, 0.3)

    def level(i: int) -> float:
        since = i % period
        up = jump * math.exp(-6 * since / period) if i >= period else 0.0
        return course(i) + up * (course(0) - course(i))

    rows = dressed(rng, count, level)
    for i, row in enumerate(rows):
        row["lr"] = 0.05 * (1 + math.cos(math.pi * (i % period) / period)) + 1e-5
    return rows


def triangular_rate(rng: random.Random) -> Rows:
    """A cyclical learning rate: the loss breathes with it."""
    count, half = length(rng), rng.randint(8, 40)
    course, depth = decay(rng, count), rng.uniform(0.02, 0.15)

    def phase(i: int) -> float:
        return 1 - abs((i % (2 * half)) / half - 1)

    rows = dressed(rng, count, lambda i: course(i) + depth * (course(0) - course(i)) * phase(i))
    for i, row in enumerate(rows):
        row["lr"] = 1e-3 + 9e-3 * phase(i)
    return rows


def double_descent(rng: random.Random) -> Rows:
    """A mild second rise of the validation loss in the middle of the run."""
    count = length(rng)
    course, height = decay(rng, count), rng.uniform(0.01, 0.07)
    rows = dressed(rng, count, course)
    for i, row in enumerate(rows):
        row["val_loss"] *= 1 + height * math.exp(-(((i - count / 2) / (count / 8)) ** 2))
    return rows


def noisy_validation(rng: random.Random) -> Rows:
    count = length(rng)
    rows = dressed(rng, count, decay(rng, count))
    memory = rng.choice([0, 0.3, 0.6, 0.9])
    noise, size = Noise(rng, memory), rng.uniform(0.1, 0.4) if memory < 0.5 else rng.uniform(0.05, 0.15)
    for row in rows:
        row["val_loss"] *= math.exp(size * noise())
    return rows


def negative_bound(rng: random.Random) -> Rows:
    """A negative ELBO or log likelihood: from above zero to far below, or below it all the time."""
    count = length(rng)
    course, shift = decay(rng, count), rng.uniform(0.5, 3)
    rows = dressed(rng, count, course)
    noise = Noise(rng)
    size = 10 ** rng.uniform(0, 4)
    for i, row in enumerate(rows):
        level = size * (course(i) - shift * course(0))
        for name in ("train_loss", "val_loss"):
            row[name] = level + size * course(0) * 0.01 * noise()
    return rows


def converged_to_nothing(rng: random.Random) -> Rows:
    """A toy model: the loss falls to 1e-8 and below, the gradient with it, and there they jitter."""
    count, end = length(rng), 10 ** rng.uniform(-16, -6)
    tau = count * rng.uniform(0.01, 0.1) + 0.5
    rows = []
    for i in range(count):
        loss = 2 * math.exp(-i / tau) + end * math.exp(rng.gauss(0, 1))
        rows.append(
            {
                "epoch": float(i),
                "train_loss": loss,
                "val_loss": loss * math.exp(0.3 * rng.gauss(0, 1)),
                "grad_norm": math.sqrt(loss) * 1e-3 if rng.random() < 0.9 else 0.0,
                "time_s": 0.001 * (1 + rng.random()),
            }
        )
    return rows


def exactly_converged(rng: random.Random) -> Rows:
    """The loss reaches its end and is the same number from then on."""
    count, rest = length(rng), rng.choice([0.0, 0.1, 0.3])
    stop = max(2, count // 3)
    return [
        {"epoch": float(i), "train_loss": rest + max(0.0, 1 - i / stop), "grad_norm": max(0.0, 1 - i / stop)}
        for i in range(count)
    ]


def adversaries(rng: random.Random) -> Rows:
    """A GAN: two losses that push each other and go nowhere."""
    a, b = Noise(rng, 0.9), Noise(rng, 0.9)
    names = rng.choice([("G_loss", "D_loss"), ("loss_G", "loss_D"), ("gen_loss", "disc_loss")])
    return [
        {
            "step": float(i),
            names[0]: 1.5 * math.exp(0.5 * a()) + 0.002 * i,
            names[1]: 0.6 * math.exp(0.3 * b()),
            "loss": 2 + 0.5 * a(),
        }
        for i in range(length(rng))
    ]


def reinforced(rng: random.Random) -> Rows:
    """A policy: its losses wander, the value loss grows with the reward, gradients are wild."""
    noise, other = Noise(rng, 0.5), Noise(rng)
    count = length(rng)
    return [
        {
            "step": float(i * 2048),
            "ep_rew_mean": 100 * (1 - math.exp(-3 * i / count)) + 5 * noise(),
            "policy_loss": 0.02 * noise(),
            "value_loss": (1 + 10 * i / count) * math.exp(0.5 * other()),
            "loss": (1 + 10 * i / count) * math.exp(0.5 * noise()),
            "grad_norm": math.exp(rng.gauss(0, 1.2)),
        }
        for i in range(count)
    ]


def sampler(rng: random.Random) -> Rows:
    """A Markov chain: it was there from its first row."""
    noise, other = Noise(rng, 0.3), Noise(rng, 0.8)
    level = rng.uniform(-0.2, 0.2)
    return [
        {
            "epoch": float(i + 1),
            "train_loss": level + 0.005 * noise(),
            "val_loss": 0.3 + 0.01 * other(),
            "rhat": 1 + 0.2 / (i + 1) ** 1.5,
            "acceptance": 0.39 + 0.01 * noise(),
            "time_s": 0.6 * (1 + 0.3 * rng.random()),
        }
        for i in range(length(rng))
    ]


def forest(rng: random.Random) -> Rows:
    """Hyperparameters by grid search, then bootstraps: steps, repeats, and a flat end."""
    count, grid = length(rng), rng.choice([6, 12, 24])
    levels = sorted((rng.uniform(0.03, 0.08) for _ in range(4)), reverse=True)
    rows = []
    for i in range(count):
        base = levels[min(3, 4 * i // grid)] if i < grid else 0.021 + 0.002 * math.exp(-(i - grid) / 20)
        rows.append(
            {
                "epoch": float(i + 1),
                "train_loss": base if i < grid else base + 2e-4 * rng.gauss(0, 1) / math.sqrt(i - grid + 1),
                "val_loss": base + 0.08,
                "accuracy": round(0.955 + 0.004 * rng.random(), 3),
                "time_s": (0.8 if i < grid else 0.2) * (1 + 0.2 * rng.random()),
            }
        )
    return rows


def by_steps(rng: random.Random) -> Rows:
    """One row a step: noise as large as the fall of a hundred rows, the validation loss now and then."""
    count, noise = rng.choice([200, 1000, 3000]), Noise(rng, rng.choice([0, 0.5]))
    size, start, power = rng.uniform(0.05, 0.3), rng.uniform(1, 11), rng.uniform(0.02, 0.15)
    rows = []
    for i in range(count):
        level = start * (1 + i / 20) ** -power
        row = {"step": float(i), "epoch": i / 500, "loss": level * math.exp(size * noise())}
        row["lr"] = 1e-4 * min(1, i / 50)
        if i % 100 == 99:
            row["eval_loss"] = level * 1.02
        rows.append(row)
    return rows


def clipped(rng: random.Random) -> Rows:
    """Hard batches: single large gradients, and a loss that shrugs them off."""
    rows = exponential(rng)
    for row in rows:
        if rng.random() < 0.01:
            row["grad_norm"] *= 10 ** rng.uniform(0.5, 2.5)
    return rows


def scaled(rng: random.Random) -> Rows:
    """Half precision: the first gradients are infinite until the loss scale has settled."""
    rows = exponential(rng)
    for row in rows[: rng.randint(1, 10)]:
        row["grad_norm"] = math.inf
    return rows


def slow_start(rng: random.Random) -> Rows:
    """Nearly flat for a while, then it falls: a slope that is there from the first row."""
    count = length(rng)
    middle, wide = count * rng.uniform(0.1, 0.5), max(1.0, count * rng.uniform(0.05, 0.2))
    top, bottom = rng.uniform(0.5, 3), rng.uniform(0.05, 0.4)
    return dressed(rng, count, lambda i: bottom + (top - bottom) / (1 + math.exp((i - middle) / wide)))


def fine_tuning(rng: random.Random) -> Rows:
    """A small fall from a good start, then rest: training and validation loss near each other."""
    count = length(rng)
    start, fall, tau = rng.uniform(0.5, 3), rng.uniform(0.05, 0.3), max(1.0, count * rng.uniform(0.05, 0.3))
    return dressed(
        rng, count, lambda i: start * (1 - fall * (1 - math.exp(-i / tau))), rng.uniform(0.98, 1.1)
    )


def gentle_gap(rng: random.Random) -> Rows:
    """The training loss goes on to fall while the validation loss rests: a gap, and nothing wrong."""
    count = length(rng)
    course, noise = decay(rng, count), Noise(rng, 0.3)
    rows = dressed(rng, count, course)
    floor = min(course(i) for i in range(max(1, count // 3)))
    for i, row in enumerate(rows):
        row["val_loss"] = max(course(i), floor) * (1.2 + 0.01 * noise())
        row["train_loss"] *= 1 - 0.4 * i / count
    return rows


HEALTHY: dict[str, Callable[[random.Random], Rows]] = {
    make.__name__.replace("_", " "): make
    for make in (
        exponential, power_law, warm_up, first_row_spike, step_rate, warm_restarts, triangular_rate,
        double_descent, noisy_validation, negative_bound, converged_to_nothing, exactly_converged,
        adversaries,
        reinforced, sampler, forest, by_steps, clipped, scaled, slow_start, fine_tuning, gentle_gap,
    )
}  # fmt: skip


def healthy(seed: int) -> tuple[str, Rows]:
    """The name of a shape and a healthy run of it."""
    names = list(HEALTHY)
    name = names[seed % len(names)]
    return name, HEALTHY[name](random.Random(seed))
