"""Which detector sees which flag; what the flags mean stands in `runs.flags`."""

from __future__ import annotations

from trainer_tui.failures.flags import gradient, losses, pace, pair
from trainer_tui.failures.flags.finding import Detector

HISTORY_DETECTORS: dict[str, Detector] = {
    "exploding-gradient": gradient.exploding,
    "vanishing-gradient": gradient.vanishing,
    "loss-not-decreasing": losses.not_decreasing,
    "plateau": losses.plateau,
    "oscillation": losses.oscillation,
    "overfitting": pair.overfitting,
    "overtraining": pair.overtraining,
    "underfitting": losses.underfitting,
    "divergence": losses.divergence,
    "learning-rate-too-high": losses.rate_too_high,
    "dead-metric": losses.dead,
    "spike": losses.spike,
    "frozen-metric": losses.frozen,
    "throughput-drop": pace.drop,
    "epoch-time-drift": pace.drift,
}
"""All but nan-loss, which is told row by row (`nonfinite`)."""
