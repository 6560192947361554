"""This model fails on purpose: its warm-up never ends.

The learning rate rises a little every epoch, and nothing stops it. A quick run is over long before that
matters and passes. In the full run the loss climbs about halfway through, then overflows to NaN; a few epochs
later the script's own check gives up with a FloatingPointError. Use it to see what a failure looks like, from
the first sign to the diary entry.

Real data: 1797 handwritten digits of 8 × 8 pixels (bundled with scikit-learn). A small network in plain numpy
completes the lower half of a digit from its upper half.
"""

import math

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from trainer_tui import TrainingRun

EPOCHS = 6000
HIDDEN = 640
BATCH = 128
LEARNING_RATE_STEP = 8e-5  # added every epoch, forever: the mistake
WEIGHT_DECAY = 1e-3
PATIENCE = 5  # epochs of NaN before the check gives up

Weights = tuple[np.ndarray, np.ndarray, np.ndarray]


def predict(weights: Weights, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hidden layer, and the lower halves: linear in each pixel plus what the hidden layer adds."""
    inward, outward, straight = weights
    hidden = np.tanh(upper @ inward)
    return hidden, hidden @ outward + upper @ straight


def mean_squared_error(weights: Weights, upper: np.ndarray, lower: np.ndarray) -> float:
    return float(np.mean((predict(weights, upper)[1] - lower) ** 2))


def train_epoch(weights: Weights, upper, lower, learning_rate: float, random) -> float:
    """One pass in random order by gradient descent, changing the weights in place; the mean gradient norm."""
    norms = []
    for rows in np.array_split(random.permutation(len(upper)), math.ceil(len(upper) / BATCH)):
        hidden, predicted = predict(weights, upper[rows])
        error = 2 * (predicted - lower[rows]) / len(rows)
        inner = (error @ weights[1].T) * (1 - hidden**2)
        gradients = (upper[rows].T @ inner, hidden.T @ error, upper[rows].T @ error)
        norms.append(math.hypot(*(np.linalg.norm(gradient) for gradient in gradients)))
        for weight, gradient in zip(weights, gradients, strict=True):
            weight -= learning_rate * (gradient + WEIGHT_DECAY * weight)
    return float(np.mean(norms))


def main() -> None:
    with TrainingRun.current() as run, threadpool_limits(1):  # matrices this small only lose by more threads
        random = np.random.default_rng(run.seed)
        images, digits = load_digits(return_X_y=True)
        images, digits = run.subset(images, digits, stratify=digits)
        train, val = train_test_split(images / 16 - 0.5, stratify=digits, random_state=run.seed)
        pixels = images.shape[1] // 2
        (upper, lower), (upper_val, lower_val) = (np.split(part, [pixels], axis=1) for part in (train, val))
        weights = (
            random.normal(0, pixels**-0.5, (pixels, HIDDEN)),
            random.normal(0, 0.3 * HIDDEN**-0.5, (HIDDEN, pixels)),
            np.zeros((pixels, pixels)),
        )

        nan_since = None
        for epoch in run.epochs(EPOCHS):
            learning_rate = LEARNING_RATE_STEP * epoch
            grad_norm = train_epoch(weights, upper, lower, learning_rate, random)
            train_loss = mean_squared_error(weights, upper, lower)
            val_loss = mean_squared_error(weights, upper_val, lower_val)
            run.log(
                epoch=epoch,
                train_loss=train_loss,
                val_loss=val_loss,
                learning_rate=learning_rate,
                grad_norm=grad_norm,
            )
            print(f"epoch {epoch}  train {train_loss:.4g}  val {val_loss:.4g}  lr {learning_rate:.4f}")
            if math.isnan(train_loss):
                nan_since = nan_since or epoch
                if epoch - nan_since >= PATIENCE:
                    raise FloatingPointError(f"train_loss is nan since epoch {nan_since}")

        errors = 16 * np.sqrt(np.mean((predict(weights, upper_val)[1] - lower_val) ** 2, axis=1))
        run.save_results([{"image": i, "rmse": error} for i, error in enumerate(errors, 1)])
        run.save_model(weights)


if __name__ == "__main__":
    main()
