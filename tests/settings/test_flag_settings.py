"""[flags] and [models.NAME.flags]: read, merged, and refused with a sentence."""

import pytest

from trainer_tui.runs.plan import WatchPlan
from trainer_tui.settings import SettingsError, flags_of, load_settings

TEXT = """\
[flags]
plateau = false
spike = { ratio = 8 }

[models.model_3.flags]
plateau = true
spike.rows = 9
"""


def load(folder, text, **environ):
    (folder / "trainer.toml").write_text(text)
    return load_settings(folder, environ)


def test_flags_of_a_model(tmp_path):
    settings = load(tmp_path, TEXT)
    assert flags_of(settings, "any") == {"plateau": False, "spike": {"ratio": 8}}
    assert flags_of(settings, "model_3") == {"plateau": True, "spike": {"ratio": 8, "rows": 9}}
    assert flags_of(load(tmp_path, ""), "any") == {}


def test_the_environment(tmp_path):
    settings = load(
        tmp_path,
        TEXT,
        TRAINER_TUI_FLAGS__PLATEAU="{ rows = 300 }",
        TRAINER_TUI_FLAGS__LOSS_NOT_DECREASING="false",
        TRAINER_TUI_FLAGS__SPIKE__RATIO="6.5",
        TRAINER_TUI_MODELS__MODEL_3__FLAGS__DEAD_METRIC__ROWS="7",
    )
    assert flags_of(settings, "any") == {
        "plateau": {"rows": 300},
        "loss-not-decreasing": False,
        "spike": {"ratio": 6.5},
    }
    assert flags_of(settings, "model_3")["dead-metric"] == {"rows": 7}


def test_what_is_wrong_has_its_line(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load(
            tmp_path,
            "[flags]\nplatau = false\nspike = { ratio = -1 }\n\n"
            "[models.m.flags]\noverfitting = 'no'\n\n[models.m.flags.oscillation]\nrows = 3\nrow = 30\n",
        )
    found = caught.value.problems
    assert [problem.split(": ")[:2] for problem in found] == [
        ["trainer.toml:2", "flags.platau"],
        ["trainer.toml:3", "flags.spike.ratio"],
        ["trainer.toml:6", "models.m.flags.overfitting"],
        ["trainer.toml:9", "models.m.flags.oscillation.rows"],
        ["trainer.toml:10", "models.m.flags.oscillation.row"],
    ]
    assert "did you mean plateau? allowed: nan-loss," in found[0]
    assert found[1].endswith("-1 is not allowed; allowed: a number from 1.2 to 1000000")
    assert found[2].endswith('"no" is not allowed; allowed: true, false or a table with share, rows')


@pytest.mark.parametrize("text", ["flags = 3", "[models.m]\nflags = [1]", "[flags]\nspike = { ratio = nan }"])
def test_what_is_no_table_of_flags(tmp_path, text):
    with pytest.raises(SettingsError, match="allowed"):
        load(tmp_path, text)


def test_the_environment_is_named_when_it_is_wrong(tmp_path):
    with pytest.raises(
        SettingsError, match=r"environment variable TRAINER_TUI_FLAGS__PLATEAU: flags\.plateau"
    ):
        load(tmp_path, "", TRAINER_TUI_FLAGS__PLATEAU="never")


def test_they_are_in_the_plan():
    plan = WatchPlan("m", ("python",), ".", ".", flags={"plateau": {"rows": 300}, "spike": False})
    assert WatchPlan.from_dict(plan.to_dict()) == plan
    assert WatchPlan.from_dict({**plan.to_dict(), "flags": {}}).flags == {}
