"""The red flags that are seen in the training history."""

from __future__ import annotations

from trainer_tui.runs.flags.spec import Flag
from trainer_tui.runs.flags.spec import Parameter as P  # noqa: N817 - a table reads best with short names

_SAGEMAKER = "Amazon SageMaker Debugger, rule"
_AUTOTRAINER = "AutoTrainer (Zhang et al., ICSE 2021)"

HISTORY_FLAGS: tuple[Flag, ...] = (
    Flag(
        "nan-loss", "history", "error",
        "A loss is NaN or infinite: suspected at its first row, confirmed at the {rows}. in a row.",
        (
            "The learning rate is too high, or warm-up is missing: divide it by ten.",
            "Exploding gradients: clip them, and look at grad_norm in the rows before.",
            "A division by zero, log of zero or a non-finite value in the data; in half precision an overflow.",
        ),
        f"{_SAGEMAKER} ExplodingTensor; {_AUTOTRAINER}",
        (P("rows", 3, "rows", "non-finite values in a row that confirm it", 2, 1000),),
    ),
    Flag(
        "exploding-gradient", "history", "warning",
        "The gradient norm lies above {ratio} times its median and far outside its own spread in 3 of 5 rows "
        "(or once above {burst} times it), above {floor}; or it is non-finite for {rows} rows after the start. "
        "While the loss stays as low as before it is a notice: clipping does its work.",
        ("Clip the gradients, lower the learning rate, check the scale of inputs and targets.",),
        f"{_AUTOTRAINER}, ratio 70; ByteRobust (2025), five times",
        (
            P("ratio", 5.0, "times the median", "what is too high", 1.5, 1e6),
            P("burst", 100.0, "times the median", "what is too high even once", 2.0, 1e9),
            P("floor", 10.0, "norm", "no gradient below this explodes", 0.0, 1e12),
            P("rows", 3, "rows", "non-finite values in a row that count", 1, 1000),
        ),
        quiet_while=("divergence", "learning-rate-too-high"),
    ),
    Flag(
        "vanishing-gradient", "history", "warning",
        "The gradient norm has been below {below} for {rows} rows and the loss has not fallen. A model that "
        "has learnt and converged may have such gradients: then nothing is raised.",
        ("Check that the loss is connected to the parameters, activations and initialisation.",),
        f"{_SAGEMAKER} VanishingGradient (threshold 1e-7)",
        (
            P("below", 1e-7, "norm", "what is too small", 0.0, 1.0),
            P("rows", 5, "rows", "how long", 2, 100000),
        ),
    ),
    Flag(
        "loss-not-decreasing", "history", "warning",
        "After {rows} rows (four times as many where rows are steps, not epochs) the training loss has surely "
        "fallen by less than {drop} of its start, and has no downward trend. A loss too noisy to tell, and a "
        "learning rate that still warms up, are waited for.",
        (
            "The learning rate is far too low or too high, or the labels do not belong to the inputs.",
            "Try to overfit one single batch: if that fails, the model or the loss is wrong.",
        ),
        f"{_SAGEMAKER} LossNotDecreasing (0.1 % over 10 steps, made robust to noise)",
        (
            P("rows", 50, "rows", "how long", 10, 1000000),
            P("drop", 0.01, "share of the start", "the fall that is too little", 0.0, 0.5),
        ),
        quiet_while=(
            "frozen-metric", "oscillation", "divergence", "learning-rate-too-high", "vanishing-gradient",
        ),
    ),
    Flag(
        "plateau", "history", "notice",
        "The model's main metric (else its training loss) fell, but by less than {fallen} of its start, and has "
        "not improved for {rows} rows (four times as many where rows are steps) that are also half of the run.",
        ("Lower the learning rate, or stop: nothing has improved for long.",),
        f"{_SAGEMAKER} Overtraining; torch.optim.lr_scheduler.ReduceLROnPlateau (patience)",
        (
            P("rows", 500, "rows", "how long", 10, 1000000),
            P("fallen", 0.5, "share of the start", "a metric that fell further has converged", 0.01, 1.0),
        ),
        quiet_while=(
            "underfitting", "loss-not-decreasing", "overfitting", "overtraining", "oscillation", "divergence",
            "frozen-metric", "learning-rate-too-high",
        ),
    ),
    Flag(
        "oscillation", "history", "warning",
        "Over {rows} rows the loss turned at {turns} of them, in steps larger than {swing} of its level and a "
        "fifth of all that it has gained.",
        ("The learning rate is too high, or the batch too small.",),
        f"{_AUTOTRAINER}: swings of 0.03 in at least 20 % of the epochs, made independent of the scale",
        (
            P("rows", 30, "rows", "how long", 12, 60),
            P("turns", 0.93, "share of rows", "turning points; 2/3 is noise", 0.7, 1.0),
            P("swing", 0.5, "share of the level", "the median step", 0.05, 10.0),
        ),
        quiet_while=("learning-rate-too-high", "divergence"),
    ),
    Flag(
        "overfitting", "history", "warning",
        "The validation loss rises steadily, beyond its noise and any earlier rise, to {share} above its bottom, "
        "while the training loss falls; and as many rows later it still does.",
        (
            "Stop here and keep the checkpoint with the best validation loss.",
            "More data or augmentation, weight decay, dropout, a smaller model.",
        ),
        f"{_SAGEMAKER} Overfit (ratio 0.1); Prechelt, Early Stopping - But When? (1998)",
        (
            P("share", 0.1, "share of the bottom", "how far above its bottom", 0.0, 10.0),
            P("rows", 12, "rows", "the shortest rise", 12, 100000),
        ),
        quiet_while=("divergence",),
    ),
    Flag(
        "overtraining", "history", "notice",
        "The validation loss had its best {rows} rows ago or more, which is over {patience} of the run; it now "
        "lies above it by {margin}, while the training loss still falls.",
        (
            "The checkpoint of the best row is the model; what came after it can be left out.",
            "Early stopping with this patience would have ended the run.",
        ),
        f"{_SAGEMAKER} Overtraining (patience 10, delta 0.01); Prechelt (1998)",
        (
            P("rows", 50, "rows", "how long ago", 10, 1000000),
            P("patience", 0.4, "share of the run", "how long ago", 0.05, 0.95),
            P("margin", 0.02, "share of the best", "how far above its best", 0.0, 10.0),
        ),
        quiet_while=("overfitting", "divergence"),
    ),
    Flag(
        "underfitting", "history", "notice",
        "Training and validation loss lie within {gap} of each other, both fell by less than {fallen} of their "
        "start, and neither has improved for {rows} rows that are also half of the run.",
        (
            "A larger model, better features, less regularisation, a longer or faster schedule.",
            "Or this is the noise of the data: compare with a trivial baseline.",
        ),
        "Goodfellow, Bengio, Courville: Deep Learning (2016), 5.2: high training error, small gap",
        (
            P("rows", 100, "rows", "how long both are flat", 10, 1000000),
            P("fallen", 0.1, "share of the start", "the fall that is too little", 0.0, 0.9),
            P("gap", 0.1, "share of the training loss", "the distance of the two", 0.0, 1.0),
        ),
        quiet_while=("loss-not-decreasing", "frozen-metric", "oscillation", "divergence"),
    ),
    Flag(
        "divergence", "history", "warning",
        "The loss, finite still, has lost {share} of all that it had gained (and at least a quarter of its "
        "start), lies far outside its noise, and has been rising for {rows} rows.",
        (
            "The learning rate is too high for this part of the training: lower it, clip the gradients.",
            "Go back to the last good checkpoint, skip the data that came then.",
        ),
        "OPT (Zhang et al., 2022), section 2.5: loss divergences, a lower learning rate and an earlier checkpoint",
        (
            P("share", 0.5, "share of the gain", "how much is lost again", 0.1, 100.0),
            P("rows", 8, "rows", "how long it has to rise", 5, 60),
        ),
        quiet_while=("learning-rate-too-high",),
    ),
    Flag(
        "learning-rate-too-high", "history", "warning",
        "The loss rises above half of its gain while the learning rate has grown {growth} times since its best; or, "
        "within the first {rows} rows, it climbs above its start with a gradient norm {gradient} times the first.",
        (
            "Divide the highest learning rate by three to ten, or lengthen the warm-up.",
            "Clip the gradients; in half precision look at the loss scale.",
        ),
        "Smith, Cyclical Learning Rates (WACV 2017): the range test; Cohen et al., Edge of Stability (ICLR 2021)",
        (
            P("growth", 1.25, "times", "growth of the learning rate since the best loss", 1.01, 1e6),
            P("rows", 100, "rows", "the beginning, where a climb means this", 10, 100000),
            P("gradient", 5.0, "times", "growth of the gradient norm", 1.1, 1e6),
        ),
    ),
    Flag(
        "dead-metric", "history", "warning",
        "A score, or the model's main metric, has held one value (or nothing but NaN) for its first {rows} rows "
        "while the training loss moved. A notice, unless it is the main metric.",
        (
            "It is computed on the wrong tensors, on an empty set, or rounded away.",
            "The model predicts one class for everything: look at a confusion matrix.",
        ),
        f"{_SAGEMAKER}s UnchangedTensor and AllZero",
        (P("rows", 50, "rows", "how long from the start", 5, 1000000),),
    ),
    Flag(
        "spike", "history", "warning",
        "A loss lies above {ratio} times its median, ten times its noise and {share} of its start: a notice at "
        "its first row, a warning when it is still there {rows} rows later. Nothing where the learning rate has just "
        "jumped up, as with warm restarts.",
        ("A broken batch, or a learning rate near the edge: look at the data of that step.",),
        "ByteRobust (2025): five times; PaLM (Chowdhery et al., 2022), loss spikes",
        (
            P("ratio", 5.0, "times the median", "how high", 1.2, 1e6),
            P("share", 0.1, "share of the start", "no spike is lower", 0.0, 100.0),
            P("rows", 5, "rows", "how long until it is a warning", 2, 30),
        ),
        quiet_while=("divergence", "learning-rate-too-high", "oscillation"),
    ),
    Flag(
        "frozen-metric", "history", "warning",
        "A loss has been exactly the same for {rows} rows (ten times as many for a validation loss, and three "
        "times as many as it ever repeated before), and it has not fallen. A notice where it had fallen, and "
        "nothing where it rests at its best.",
        ("Nothing is being learnt, or the same number is being logged again.",),
        f"{_SAGEMAKER} UnchangedTensor; Hugging Face Trainer, logging_nan_inf_filter",
        (P("rows", 10, "rows", "how long", 3, 100000),),
    ),
    Flag(
        "throughput-drop", "history", "warning",
        "A row takes {factor} times as long as the run's own rows did before, over {seconds} seconds and more, and "
        "far longer than their own differences explain.",
        (
            "Another job on the machine, throttled clocks, swapping, a slow disk or network: look at the machine.",
            "What grows with the run: sequences, a cache that no longer fits, an evaluation in every row.",
        ),
        f"{_SAGEMAKER} StepOutlier, against the run's own baseline instead of a standard deviation",
        (
            P("factor", 2.0, "times", "how much slower", 1.1, 1000.0),
            P("seconds", 120.0, "seconds", "how long", 1.0, 86400.0),
        ),
    ),
    Flag(
        "epoch-time-drift", "history", "warning",
        "The time for a row has grown steadily, by {growth} of its beginning at the least, over {minutes} minutes.",
        (
            "Something is kept that grows with every row: a list of tensors, plots, the optimiser's history.",
            "The allocator is fragmented, or a cache outgrew the memory.",
        ),
        "slope and its confidence interval after Theil (1950) and Sen (1968)",
        (
            P("growth", 0.5, "share of the first rows", "how much slower, surely", 0.05, 1000.0),
            P("minutes", 15.0, "minutes", "the shortest time looked at", 1.0, 10000.0),
        ),
        quiet_while=("throughput-drop",),
    ),
)  # fmt: skip
"""In the order in which they are listed to people."""
