"""Calling somebody who looks elsewhere: what is told, and what the terminal is sent for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from trainer_tui.runs.occasions import Occasion, occasions
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.text import clean
from trainer_tui.tui.pictures import RunPicture

_TITLED = ("wezterm", "ghostty", "foot", "kitty", "rxvt")
"""In TERM_PROGRAM or TERM of terminals that take a title (OSC 777); they would show OSC 9 a second time."""

_PLAIN = ("iterm",)
"""Those that take OSC 9 alone."""

_LONGEST = 200


def news(before: RunPicture | None, after: RunPicture) -> list[Occasion]:
    """What happened between two pictures of a watch, of the kinds that its settings ask for."""
    if before is None:
        return []
    if before.state.name == after.state.name:
        found = occasions(before.state, after.state)
    else:
        ended = next((state for state in after.earlier if state.name == before.state.name), before.state)
        begun = replace(after.state, status="starting", reason="", incidents=())
        found = [*occasions(before.state, ended), *occasions(begun, after.state)]
    wanted = (after.plan or before.plan or WatchPlan("", (), "", "")).notify_on
    return [occasion for occasion in found if occasion.kind in wanted]


def sequences(occasion: Occasion, environment: Mapping[str, str]) -> str:
    """What makes the terminal notify the desktop: OSC 9 (iTerm2), OSC 777 (rxvt), both where it is unknown.

    Inside tmux they are handed through to the terminal around it, which does nothing unless tmux allows it.
    """
    title, text = _part(occasion.title), _part(occasion.text)
    named = f"{environment.get('TERM_PROGRAM', '')} {environment.get('TERM', '')}".lower()
    plain, titled = f"\x1b]9;{title}: {text}\x07", f"\x1b]777;notify;{title};{text}\x07"
    if any(name in named for name in _TITLED):
        plain = ""
    elif any(name in named for name in _PLAIN):
        titled = ""
    if not environment.get("TMUX"):
        return plain + titled
    return "".join(
        f"\x1bPtmux;{part.replace(chr(27), chr(27) * 2)}\x1b\\" for part in (plain, titled) if part
    )


def _part(text: str) -> str:
    """A field: a semicolon would end it, and whatever controls a terminal ends here."""
    return clean(text, _LONGEST).replace(";", ",")
