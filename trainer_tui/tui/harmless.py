"""The last look at what is drawn: whatever a screen forgot to clean, no control character is sent."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Controls and direction overrides; none of them takes up a cell."""


class Harmless(LineFilter):
    """Takes them out of every line of every widget."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments; the very same ones where there is nothing to take out, which is nearly always."""
        if not any(_UNWANTED.search(segment.text) for segment in segments):
            return segments
        return [Segment(_UNWANTED.sub("", text), style, control) for text, style, control in segments]


HARMLESS = Harmless()
