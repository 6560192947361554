"""What was asked of two runs beside their sources: arguments, environment, settings of the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainer_tui.diary.markdown import code
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.secrets import is_secret
from trainer_tui.runs.units import bytes_text
from trainer_tui.supervise import surroundings
from trainer_tui.supervise.notebook.wording import Change, spoken
from trainer_tui.supervise.unchanged import changed_variables

_PLAN: tuple[tuple[str, str, str], ...] = (
    ("seed", "seed", ""),
    ("data_fraction", "data fraction", "quick"),
    ("scale", "scale", "quick"),
    ("chains_scale", "chains scale", "quick"),
    ("memory_limit_bytes", "memory limit", ""),
    ("history", "history", ""),
    ("converged", "condition of convergence", ""),
)
"""Settings of the plan that change what is run: field, words, phase that alone knows it."""


def asked_otherwise(before: RunFolder, after: RunFolder, old: RunRequest, new: RunRequest) -> list[Change]:
    """The settings that were asked otherwise for the second run."""
    return [
        *_arguments(old.command, new.command),
        *_environment(before, after, old, new),
        *_plan(old, new),
    ]


def _arguments(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    (old, rest_before), (new, rest_after) = _parsed(before), _parsed(after)
    changes = _differing(old, new, "an argument")
    if rest_before != rest_after:
        changes.append(Change("arguments", " ".join(rest_before), " ".join(rest_after), "the command"))
    return changes


def _parsed(command: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """`--lr 0.1`, `--lr=0.1` and `lr=0.1` of a command by name, and its other words after the script."""
    scripts = [at for at, word in enumerate(command) if word.endswith((".py", ".sh", ".R", ".jl"))]
    words = list(command[scripts[0] + 1 if scripts else 1 :])
    named: dict[str, str] = {}
    rest: list[str] = []
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if word.startswith("-") and not _is_number(word):
            if not equals and words and _is_value(words[0]):
                value = words.pop(0)
            named[name] = value or "on"
        elif equals and _is_name(name):
            named[name] = value
        else:
            rest.append(word)
    return named, rest


def _is_value(word: str) -> bool:
    """Whether a word behind `--lr` is its value, and neither another option nor a setting like `lr=0.1`."""
    name, equals, _ = word.partition("=")
    return _is_number(word) or not (word.startswith("-") or (equals and _is_name(name)))


def _is_name(word: str) -> bool:
    return word.replace(".", "_").lstrip("+~").isidentifier()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _environment(before: RunFolder, after: RunFolder, old: RunRequest, new: RunRequest) -> list[Change]:
    """Variables of the settings with their values; those of the shell too, but only if both are numbers."""
    declared = _differing(_told(old.plan.env), _told(new.plan.env), "an environment variable")
    was, now = surroundings.recorded(before), surroundings.recorded(after)
    names = [n for n in changed_variables(was, now) if n not in old.plan.env and n not in new.plan.env]
    numbers = [n for n in names if all(_is_number(side.get(n, "0")) for side in (was, now))]
    shell = _differing(
        {n: was[n] for n in numbers if n in was}, {n: now[n] for n in numbers if n in now}, "of the shell"
    )
    return declared + shell


def _told(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: "(secret)" if is_secret(name, value) else value for name, value in variables.items()}


def _differing(old: Mapping[str, str], new: Mapping[str, str], place: str) -> list[Change]:
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    return [
        Change(spoken(name), old.get(name, ""), new.get(name, ""), f"{code(name)}, {place}") for name in names
    ]


def _plan(old: RunRequest, new: RunRequest) -> list[Change]:
    found: list[Change] = []
    for name, words, phase in _PLAN:
        was, now = getattr(old.plan, name), getattr(new.plan, name)
        if was != now and phase in ("", new.phase):
            found.append(Change(words, _shown(name, was), _shown(name, now), f"{code(name)} of the settings"))
    return found


def _shown(name: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    return bytes_text(value) if name.endswith("bytes") else str(value)


def outside(old: RunRequest, new: RunRequest) -> list[str]:
    """What may make a difference where sources and settings are the same."""
    notes: list[str] = []
    commits = [str(request.git.get("commit", ""))[:10] for request in (old, new)]
    if commits[0] != commits[1] and all(commits):
        notes.append(f"commit {commits[0]} → {commits[1]}, the kept sources are the same")
    if old.python != new.python and old.python and new.python:
        notes.append(f"Python {old.python} → {new.python}")
    return notes
