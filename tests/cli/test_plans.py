"""From names, commands and settings to the plan of a watch."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from trainer_tui.cli.places import model_name
from trainer_tui.cli.plans import (
    Site,
    moved_here,
    name_of_command,
    plan_for_command,
    plan_for_model,
)
from trainer_tui.failures import error_type
from trainer_tui.project import ProjectError
from trainer_tui.runs.verdict import REASONS
from trainer_tui.settings import open_project


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A project with two models and settings for them."""
    (tmp_path / "models/big").mkdir(parents=True)
    (tmp_path / "models/small.py").write_text("")
    (tmp_path / "models/big/train.py").write_text("")
    (tmp_path / "train.py").write_text("")
    (tmp_path / "trainer.toml").write_text(
        "[full]\nmin_hours = 1\n[models.small]\nargs = ['--lr', '0.1']\nseed = 7\nmemory_gb = 2\n"
        "[models.small.results]\nx = '>= 0'\n[models.small.gates.skip]\ndiary = 'a toy'\n"
        "[models.train.full]\nmin_hours = 0.5\n"
    )
    monkeypatch.chdir(tmp_path)
    return Site(*open_project(tmp_path, {}))


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python train.py --epochs 90", "train"),
        ("/usr/bin/python3 -u src/my-train.py", "my-train"),
        ("python -m package.module.fit x", "fit"),
        ("torchrun --nproc-per-node 2 run.py", "run"),
        ("./a.out", "a.out"),
        ("bash job.sh", "job"),
        ("/ -- ..", "command"),
    ],
)
def test_names_of_commands(command, name):
    assert name_of_command(command.split()) == name


def test_a_plan_for_a_model(place: Site):
    plan = plan_for_model(place, "small")
    assert plan.command == (sys.executable, str(place.project.models / "small.py"), "--lr", "0.1")
    assert (plan.seed, plan.memory_limit_bytes, plan.min_s, plan.phases) == (
        7,
        2 << 30,
        3600,
        ("quick", "full"),
    )
    assert plan.ranges == {"x": ">= 0"} and plan.skipped_gates == {"diary": "a toy"}
    skipped = plan_for_model(place, "small", "it is late")
    assert skipped.phases == ("full",) and skipped.skip_quick_reason == "it is late"
    assert plan_for_model(place, "big").command[1].endswith("models/big/train.py")


def test_a_plan_for_a_command(place: Site):
    name, plan = plan_for_command(place, [sys.executable, "train.py", "x"])
    assert (name, plan.phases, plan.is_model) == ("train", ("full",), False)
    assert plan.min_s == 1800  # asked for by its own settings alone
    assert plan_for_command(place, [sys.executable, "train.py"], "other")[1].min_s == 0
    assert plan.sources == (str(place.project.root / "train.py"),)
    with pytest.raises(ProjectError, match="not found"):
        plan_for_command(place, ["nonesuch"])


@pytest.mark.parametrize("text", ["small", "small.py", "models/small.py", "./models/small.py"])
def test_a_model_by_its_path(place: Site, text: str):
    assert model_name(place.project, text) == "small"


def test_paths_that_are_no_models(place: Site):
    assert model_name(place.project, "models/big/") == "big"
    assert model_name(place.project, "a command's") == "a command's"
    for text in ("train.py", "../x.py", "models/none.py", "/etc/passwd"):
        with pytest.raises(ProjectError, match="no model"):
            model_name(place.project, text)


def test_a_moved_project_takes_its_commands_along(place: Site, tmp_path: Path):
    plan = replace(
        plan_for_command(place, [sys.executable, "train.py"])[1], sources=(f"{tmp_path}/train.py", "/x/y.py")
    )
    moved = moved_here(plan, Path("/new"))
    assert (moved.root, moved.cwd, moved.sources) == ("/new", "/new", ("/new/train.py", "/x/y.py"))
    assert moved_here(plan, tmp_path) is plan


def test_every_reason_has_one_of_the_three_types():
    assert {error_type(reason) for reason in REASONS} <= {"implementation", "data", "resource", None}
    assert (
        error_type("cuda-oom") == error_type("lost") == "resource"
        and error_type("exception") == "implementation"
    )
