"""[notify] and [screen]: what they take, and that no address of a service is ever shown or copied."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer_tui.cli.plans import Site, plan_for_command
from trainer_tui.runs.secrets import is_secret
from trainer_tui.settings import SettingsError, load_settings
from trainer_tui.settings.loading import place

SECRET = "tgram://123:SECRET/42"


def settings_of(root: Path, text: str):
    (root / "trainer.toml").write_text(text)
    return load_settings(root, {})


def test_the_plan_knows_the_command_and_only_the_kind_of_a_service(tmp_path, monkeypatch):
    text = f'[notify]\non = ["failed"]\ncommand = ["notify-send", "{{title}}"]\napprise = ["{SECRET}"]\n'
    settings = settings_of(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    _, plan = plan_for_command(Site(place(tmp_path, settings), settings), ["true"])
    assert (plan.notify_on, plan.notify_command) == (("failed",), ("notify-send", "{title}"))
    assert plan.notify_apprise == ("tgram://…",)
    assert "SECRET" not in json.dumps(plan.to_dict())
    assert type(plan).from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert "SECRET" not in repr(settings)


@pytest.mark.parametrize("value", [f'"{SECRET}"', f'["{SECRET}", 3]', f'[["{SECRET}"]]', '["SECRET"]'])
def test_what_is_wrong_with_addresses_is_said_without_them(tmp_path, value):
    with pytest.raises(SettingsError) as caught:
        settings_of(tmp_path, f"[notify]\napprise = {value}\n")
    assert "SECRET" not in str(caught.value)
    assert str(caught.value).startswith("trainer.toml:2: notify.apprise: not allowed; allowed: an array")


def test_what_is_allowed_is_named(tmp_path):
    with pytest.raises(SettingsError) as caught:
        settings_of(tmp_path, '[notify]\non = ["died"]\n[screen]\ntheme = "pink"\n')
    first, second = caught.value.problems
    assert first.endswith('"died" is not allowed; allowed: one of failed, ended, gate, silent')
    assert '"pink" is not allowed; allowed: one of auto, dark, light' in second


def test_the_environment_sets_them_and_its_secret_is_written_nowhere(tmp_path):
    variable = "TRAINER_TUI_NOTIFY__APPRISE"
    settings = load_settings(tmp_path, {variable: SECRET, "TRAINER_TUI_SCREEN__THEME": "contrast"})
    assert [url.get_secret_value() for url in settings.notify.apprise] == [SECRET]
    assert settings.screen.theme == "contrast"
    assert is_secret(variable, SECRET)
