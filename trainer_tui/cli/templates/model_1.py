"""A first model to start from: how strong is gravity here? Gradient descent on timed falls.

Keep what calls `run`, replace the rest. Try it with `trainer-tui watch model_1`.
"""

import math
import random

from trainer_tui import TrainingRun

EPOCHS = 4000
LEARNING_RATE = 0.2


def measure(n: int, seed: int) -> list[tuple[float, float]]:
    """Seconds and metres of `n` falls from rest, the ruler good to 5 cm."""
    dice = random.Random(seed)
    times = [dice.uniform(0, 2) for _ in range(n)]
    return [(t, 9.81 / 2 * t**2 + dice.gauss(0, 0.05)) for t in times]


def loss_and_gradient(
    falls: list[tuple[float, float]], g: float, offset: float
) -> tuple[float, float, float]:
    """Mean squared error in square metres, and its slope in `g` and in the ruler's offset."""
    errors = [(t, g / 2 * t**2 + offset - metres) for t, metres in falls]
    n = len(falls)
    return (
        sum(e * e for _, e in errors) / n,
        sum(e * t * t for t, e in errors) / n,
        2 * sum(e for _, e in errors) / n,
    )


def main() -> None:
    with TrainingRun.current() as run:
        falls = run.subset(measure(20_000, run.seed))  # a part of it in the quick validation
        split = len(falls) * 4 // 5
        train, validation = falls[:split], falls[split:]
        g, offset = 1.0, 0.0
        for epoch in run.epochs(EPOCHS):  # a quarter of them in the quick validation
            train_loss, slope_g, slope_offset = loss_and_gradient(train, g, offset)
            g -= LEARNING_RATE * slope_g
            offset -= LEARNING_RATE * slope_offset
            val_loss, _, _ = loss_and_gradient(validation, g, offset)
            grad_norm = math.hypot(slope_g, slope_offset)
            run.log(epoch=epoch, train_loss=train_loss, val_loss=val_loss, g=g, grad_norm=grad_norm)
            print(f"epoch {epoch}  train {train_loss:.5f}  val {val_loss:.5f}  g {g:.4f} m/s2")

        heights = [(t, metres, g / 2 * t**2 + offset) for t, metres in validation]
        run.save_results([{"seconds": t, "metres": metres, "predicted": p} for t, metres, p in heights])
        run.save_model({"g": g, "offset": offset})


if __name__ == "__main__":
    main()
