"""No secret leaves on a page: what looks like one (`runs.secrets`) is hidden, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from trainer_tui.runs.secrets import mapped, masked_text
from trainer_tui.runs.text import clean_lines

_LONGEST_LINE = 20_000

_T = TypeVar("_T")


def masked(thing: _T, secrets: Iterable[str]) -> _T:
    """A page, or any part of one, with these values and what has the shape of a secret hidden in every text.

    Whatever else a text holds, control sequences are gone from it afterwards.
    """
    known = sorted(secrets, key=len, reverse=True)
    return mapped(thing, lambda text: masked_text(clean_lines(text, _LONGEST_LINE), known))
