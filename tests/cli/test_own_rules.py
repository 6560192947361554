"""`[[rules]]` and `disable_rules` of `trainer.toml`: checked before a run starts, used by its supervisor."""

from __future__ import annotations

import json

import pytest

from trainer_tui.cli import doctor_here
from trainer_tui.cli.plans import open_site, plan_for_model
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.settings import SettingsError

RULE = '[[rules]]\nid = "beam"\npattern = "(?i)beam lost"\nkind = "beamline"\n'


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A function: the text of trainer.toml → the project of one model."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "demo.py").write_text("print()\n")
    monkeypatch.chdir(tmp_path)

    def make(text):
        (tmp_path / "trainer.toml").write_text(text)
        return open_site()

    return make


def test_the_plan_carries_the_rules(site):
    place = site(
        'disable_rules = ["cuda-oom"]\n'
        + RULE
        + '[models.demo]\ndisable_rules = ["cuda-oom"]\n'
        + '[[models.demo.rules]]\nid = "beam"\npattern = "beam"\n'
        + '[[models.other.rules]]\nid = "x"\npattern = "y"\n'
    )
    plan = plan_for_model(place, "demo")
    assert plan.rules == ({"id": "beam", "pattern": "beam"},), "the model's rule replaces the one for all"
    assert plan.disabled_rules == ("cuda-oom",)
    assert WatchPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE + '\n[[rules]]\nid = "b"\npattern = "a(?=b)"\n', "trainer.toml:6: The pattern of rule 'b'"),
        ("[[rules]]\npattern = 'x'\n", "trainer.toml:1: Rule 1 has no 'id'"),
        (RULE + RULE, "trainer.toml:5: Rule 'beam' is defined twice."),
        ('\ndisable_rules = ["cuda-oon"]\n', "trainer.toml:2: There is no built-in rule 'cuda-oon'; did you"),
        ("[[models.demo.rules]]\nid = 'q'\n", "trainer.toml:1: Rule 'q' has no 'pattern'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(site, text, said):
    place = site(text)
    with pytest.raises(SettingsError) as caught:
        plan_for_model(place, "demo")
    assert str(caught.value).startswith(said)
    row = doctor_here.settings(place.project)
    assert row.verdict == "problem" and said in row.todo


@pytest.mark.parametrize("text", ["rules = 3\n", "[rules]\nid = 'x'\n", "disable_rules = 'cuda-oom'\n"])
def test_the_wrong_shape_is_one_sentence(site, text):
    with pytest.raises(SettingsError, match=r"trainer.toml:1: (disable_)?rules: .*is not allowed; allowed: "):
        site(text)


def test_the_rules_of_another_model_keep_nobody_from_training(site):
    place = site("[[models.other.rules]]\nid = 'q'\npattern = '('\n")
    assert plan_for_model(place, "demo").rules == ()
    assert doctor_here.settings(place.project).verdict == "problem"
