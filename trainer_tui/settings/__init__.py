"""`trainer.toml` and the environment, as typed and checked settings."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Keep pydantic from looking for plugins, which costs a file read for every installed package.

    We use none, the dashboard waits for its settings, and research environments hold hundreds of packages.
    """
    name = "PYDANTIC_DISABLE_PLUGINS"
    before = os.environ.get(name)
    os.environ[name] = "__all__"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


with _without_plugins():
    from trainer_tui.settings.errors import SettingsError
    from trainer_tui.settings.flags import flags_of
    from trainer_tui.settings.loading import is_from_environment, load_settings, open_project, place_of
    from trainer_tui.settings.schema import (
        FullSettings,
        GateSettings,
        HangSettings,
        IndexSettings,
        ModelSettings,
        NotifySettings,
        ProjectSettings,
        QuickSettings,
        RestartSettings,
        ScreenSettings,
        Settings,
        StopSettings,
    )

__all__ = [
    "FullSettings",
    "GateSettings",
    "HangSettings",
    "IndexSettings",
    "ModelSettings",
    "NotifySettings",
    "ProjectSettings",
    "QuickSettings",
    "RestartSettings",
    "ScreenSettings",
    "Settings",
    "SettingsError",
    "StopSettings",
    "flags_of",
    "is_from_environment",
    "load_settings",
    "open_project",
    "place_of",
]
