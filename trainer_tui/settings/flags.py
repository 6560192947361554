"""[flags] and [models.NAME.flags]: which red flags are off, and which are tuned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer_tui.settings.schema import Settings


def flag_faults(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """The path of each key that is wrong, and what is allowed there."""
    tables: dict[tuple[str, ...], dict[str, Any]] = {("flags",): settings.flags}
    for name, model in settings.models.items():
        tables["models", name, "flags"] = model.flags
    if not any(tables.values()):
        return
    from trainer_tui.runs.flags import FLAGS, faults

    for path, table in tables.items():
        for inside, wrong in faults(FLAGS, table):
            yield (*path, *inside), wrong


def flags_of(settings: Settings, model: str) -> dict[str, Any]:
    """What holds for one model, as plain data: its own settings of flags over those of the project."""
    from trainer_tui.runs.flags import merged

    own = settings.models.get(model)
    return merged(settings.flags, own.flags if own is not None else {})
