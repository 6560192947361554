"""Which hyperparameters matter. Source: Watanabe et al. 2023 (PED-ANOVA), as in Optuna."""

from __future__ import annotations

import warnings
from typing import Any

from trainer_tui.training.tuning.storage import quiet

FEWEST = 8
"""Complete trials below which nothing is said."""


def importances(study: Any, algorithm: str = "") -> dict[str, float]:
    """Hyperparameter → its share, largest first; they add up to 1. Empty with fewer than `FEWEST` complete
    trials.

    study: of `tune`. algorithm: whose hyperparameters; empty: that of the best trial. Conditional ones that
    not every trial of it has are left out.
    """
    import optuna

    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few trials: all shares come out equal
        done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if not done:
            return {}
        name = algorithm or study.best_trial.params["algorithm"]
        own = [trial for trial in done if trial.params.get("algorithm") == name]
        if len(own) < FEWEST:
            return {}
        part = optuna.create_study(direction=study.direction)
        part.add_trials(own)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(part, evaluator=evaluator)
    prefix = f"{name}."
    shares = {
        key.removeprefix(prefix): float(value) for key, value in found.items() if key.startswith(prefix)
    }
    total = sum(shares.values())
    return {key: value / total for key, value in shares.items()} if total > 0 else {}
