"""One change of a setting in words: `learning rate 0.1 → 0.01`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainer_tui.diary.markdown import code, one_line

_SPOKEN: dict[str, str] = {
    "lr": "learning rate",
    "bs": "batch size",
    "wd": "weight decay",
    "n epochs": "epochs",
    "num epochs": "epochs",
    "n layers": "layers",
    "num layers": "layers",
}
"""Short names that everybody says in full."""

_BARE = re.compile(r"[-+.\w%]+")


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that is not what it was; an empty value: it was not, or is not, there."""

    name: str
    before: str
    after: str
    where: str
    """Where it stands, e.g. `LEARNING_RATE` in `train.py`, line 4."""

    @property
    def words(self) -> str:
        """`learning rate 0.1 → 0.01`."""
        if not self.before:
            return f"{self.name} {_value(self.after)} (new)"
        if not self.after:
            return f"{self.name} taken away (was {_value(self.before)})"
        return f"{self.name} {_value(self.before)} → {_value(self.after)}"


def spoken(name: str) -> str:
    """A name as people say it: `LEARNING_RATE` and `--learning-rate` are both `learning rate`."""
    last = name.lstrip("-").rpartition(".")[2] or name
    words = re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", last)).strip().lower()
    return one_line(_SPOKEN.get(words, words) or name, 60)


def _value(text: str) -> str:
    return text if _BARE.fullmatch(text) and len(text) <= 40 and not re.search(r"_", text) else code(text)
