"""Whether anything of the validation, test or holdout rows is in what the model learns from."""

from trainer_tui.training.leakage.audits import CHECKS, Check, audit, gate

__all__ = ["CHECKS", "Check", "audit", "gate"]
