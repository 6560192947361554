"""What the help says: the keys of the screen in front, grouped, then those that work everywhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from textual.keys import format_key

from trainer_tui.tui.keys import Key
from trainer_tui.tui.pictures import Tone

EVERYWHERE: tuple[Key, ...] = (
    Key("e", "diary", "Diary", "the lab notebook: this run's entry"),
    Key("ctrl+p", "palette", "Commands", "every action by its name, themes too"),
    Key("question_mark", "help", "Help", "these keys; again, or esc, closes"),
    Key("tab", "next", "Next part", "to the next part of the screen, shift+tab to the one before"),
    Key("q,ctrl+q,ctrl+c", "leave", "Quit", "leave the screens; the run goes on"),
)

_ROOMY = 100
"""Columns from which on each line has the key's short name, too."""

Line = list[tuple[str, Tone]]


@dataclass(frozen=True, slots=True)
class HelpKey:
    """One line of the help."""

    keys: str
    label: str
    text: str
    works: bool = True
    """Whether it does something now."""


@dataclass(frozen=True, slots=True)
class HelpGroup:
    """Lines under one heading."""

    title: str
    keys: tuple[HelpKey, ...]


def groups_of(title: str, table: Iterable[Key], working: Collection[str] | None = None) -> list[HelpGroup]:
    """The groups of a table, each where its first key stands. `working`: actions that do something now."""
    found: dict[str, list[HelpKey]] = {}
    group = title
    for key in table:
        group = key.group or group
        works = working is None or key.action in working
        found.setdefault(group, []).append(HelpKey(keys_text(key), key.label, key.help, works))
    return [HelpGroup(name, tuple(keys)) for name, keys in found.items()]


def keys_text(key: Key) -> str:
    """All keys that do it: `f end G`."""
    names = [format_key(part.strip()) for part in key.key.split(",")]
    if key.display:
        names[0] = key.display
    return " ".join(names)


def help_lines(groups: Iterable[HelpGroup], said: str, width: int) -> list[Line]:
    """The whole text at this width: one line a key."""
    groups = list(groups)
    every = [key for group in groups for key in group.keys]
    wide = min(18 if width >= _ROOMY else 10, max((len(key.keys) for key in every), default=0))
    label = max((len(key.label) for key in every), default=0) if width >= _ROOMY else 0
    lines: list[Line] = []
    for group in groups:
        lines += [[]] if lines else []
        lines.append([(group.title, "good")])
        lines += [_line(key, wide, label, width) for key in group.keys]
    return [*lines, [], [(said, "dim")]] if said else lines


def _line(key: HelpKey, wide: int, label: int, width: int) -> Line:
    tone: Tone = "plain" if key.works else "dim"
    text = key.text if key.works else f"{key.text} (not now)"
    name = f"{key.label:<{label}}  " if label else ""
    room = max(10, width - wide - 3 - len(name))
    text = text if len(text) <= room else f"{text[: room - 1]}…"
    keys = key.keys
    while len(keys) > wide and " " in keys:  # the first keys are those that people use
        keys = keys.rpartition(" ")[0]
    return [(f" {keys:<{wide}}  ", "warning" if key.works else "dim"), (name, tone), (text, tone)]
