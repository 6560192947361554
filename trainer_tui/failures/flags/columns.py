"""What the columns of a history mean, told from their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Kind = Literal["loss", "gradient", "rate", "duration", "clock", "speed", "score", "main", ""]
"""`rate`: the learning rate. `duration`: seconds of a row. `clock`: seconds so far. `speed`: rows or samples
a second. `main`: the model's main metric where it is none of the others. Empty: nothing that is watched."""

GRADIENT_COLUMNS = frozenset({"grad_norm", "gradient_norm", "gnorm", "grad_norm_total", "total_norm"})

_RATES = frozenset({"lr", "learning_rate", "learningrate", "lr-adam", "lr-sgd", "lr-adamw"})
_CLOCKS = frozenset({"elapsed_s", "elapsed", "time", "wall_time", "timestamp", "_timestamp", "_runtime"})
_DURATION = re.compile(r"(time_s|(epoch|step|iter|iteration|batch|round)_(time|seconds|duration)(_s)?)$")
_SPEED = re.compile(r"(throughput|(samples|steps|tokens|it|iterations|images)(_per_|/)(s|sec|second))$")
_SCORE = re.compile(
    r"(^|[_/.])(acc|accuracy|top1|top5|f1|f1_score|auc|auroc|iou|miou|map|r2|recall|precision|bleu|rouge|dice)$"
)
_VALIDATION = re.compile(r"^(validation|valid|val|evaluation|eval|test|dev)[_/.]?")
_SPLIT = re.compile(r"^(train|training|validation|valid|val|evaluation|eval|test|dev)[_/.]")
_WHOLE_LOSS = re.compile(r"^((total|mean|avg|average|running|epoch|step|batch|smooth|lm)[_/.])?loss$")

_ADVERSARIAL = re.compile(
    r"(^|[_/.])((g|d|gen|disc|generator|discriminator|critic|adv|adversarial|gan)[_/.]?loss"
    r"|loss[_/.]?(g|d|gen|disc|generator|discriminator|critic|adv|gan))([_/.]|$)"
)
_REINFORCED = re.compile(
    r"(^|[_/.])(reward|rewards|return|returns|episode_(reward|return|length)|ep_rew_mean|ep_len_mean"
    r"|(policy|value|actor|entropy|q|qf|vf)[_/.]?loss|reward_mean|mean_reward|avg_reward)([_/.]|$)"
)
_SAMPLED = re.compile(
    r"(^|[_/.])(r_?hat|ess|ess_bulk|ess_tail|acceptance|acceptance_rate|accept_prob|divergences|log_prob"
    r"|log_probability|log_posterior)([_/.]|$)"
)
_NO_DESCENT = (_ADVERSARIAL, _REINFORCED, _SAMPLED)


def is_loss(name: str) -> bool:
    """True for columns that hold a loss: loss, train_loss, val_loss, *_loss, loss_*."""
    name = name.lower()
    return name == "loss" or name.endswith(("_loss", "/loss", ".loss")) or name.startswith("loss_")


def is_whole_loss(name: str) -> bool:
    """True for what a training makes small as a whole; false for one term of it, which may well rise.

    `train_loss`, `val/total_loss`, `loss`, not `kl_loss` or `loss_box`.
    """
    return bool(_WHOLE_LOSS.match(_SPLIT.sub("", name.lower())))


def is_validation(name: str) -> bool:
    """True for columns measured on held-out data."""
    return name.lower().startswith(("val", "eval", "test", "dev"))


def tells_no_descent(name: str) -> bool:
    """True for columns that only histories have whose losses need not fall.

    Adversaries push each other's losses; a policy's loss says nothing of its reward (OpenAI, Spinning Up);
    a sampler's walk goes nowhere.
    """
    name = name.lower()
    return any(pattern.search(name) for pattern in _NO_DESCENT)


def kind_of(name: str, main_metric: str) -> Kind:
    """What a column is."""
    lower = name.lower()
    if is_loss(name):
        return "loss"
    if lower in GRADIENT_COLUMNS:
        return "gradient"
    if lower in _RATES:
        return "rate"
    if lower in _CLOCKS:
        return "clock"
    if _DURATION.search(lower):
        return "duration"
    if _SPEED.search(lower):
        return "speed"
    if name == main_metric:
        return "main"
    return "score" if _SCORE.search(lower) else ""


def partner(validation: str, names: Iterable[str]) -> str | None:
    """The training column that belongs to a validation loss; None when there is none."""
    present = {name.lower(): name for name in names}
    rest = _VALIDATION.sub("", validation.lower()) or "loss"
    candidates = (f"train_{rest}", f"train/{rest}", f"training_{rest}", rest, "train_loss", "loss")
    own = validation.lower()
    return next((present[other] for other in candidates if other in present and other != own), None)
