"""The user's own rules of `trainer.toml`, checked before a run could start with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer_tui.settings import ModelSettings, Settings, SettingsError, place_of


def rules_of(root: Path, settings: Settings, name: str) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:
    """The rules and the switched-off rules for one model, its own before those for all.

    A model's rule takes the place of one for all that has the same id. Raises SettingsError, with the place
    in the file, for what cannot be used.
    """
    problems = tuple(_problems(root, settings, [name]))
    if problems:
        raise SettingsError(problems)
    model = settings.models.get(name) or ModelSettings()
    own = {rule["id"] for rule in model.rules}
    rules = (*model.rules, *(rule for rule in settings.rules if rule["id"] not in own))
    return rules, tuple(dict.fromkeys((*model.disable_rules, *settings.disable_rules)))


def rule_problems(root: Path, settings: Settings) -> tuple[str, ...]:
    """Everything that is wrong with the rules of all models, a line each."""
    return tuple(_problems(root, settings, list(settings.models)))


def _problems(root: Path, settings: Settings, names: list[str]) -> Iterator[str]:
    owners: list[tuple[tuple[str, ...], Settings | ModelSettings]] = [((), settings)]
    owners += [(("models", name), settings.models[name]) for name in names if name in settings.models]
    for prefix, owner in owners:
        if owner.rules or owner.disable_rules:
            from trainer_tui.failures import rule_faults

            for path, wrong in rule_faults(owner.rules, owner.disable_rules):
                yield f"{place_of(root, (*prefix, *path))}: {wrong}"
