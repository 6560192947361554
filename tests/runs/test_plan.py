"""What was asked comes back from `run.json` as it was, and other versions' files can be read."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import PHASE_NAMES, PHASE_TITLES, PHASES, RunRequest, WatchPlan

PLAN = WatchPlan(
    model="model_3",
    command=("python", "train.py", "--name", "größer"),
    cwd="/w",
    root="/w",
    phases=("full",),
    is_model=False,
    sources=("/w/train.py",),
    env={"A": "1"},
    seed=7,
    skip_quick_reason="was run by hand",
    full_limit_s=10.5,
    memory_limit_bytes=1 << 30,
    ranges={"medals": ">= 0"},
    skipped_gates={"window": "a demonstration"},
)


def test_a_plan_comes_back() -> None:
    assert WatchPlan.from_dict(json.loads(json.dumps(PLAN.to_dict()))) == PLAN


def test_a_request_comes_back(run: RunFolder) -> None:
    request = run.request()
    assert request is not None
    assert request.name == run.name == "model_3/001-full"
    request = replace(request, plan=PLAN, git={"commit": "abc", "dirty": True}, limit_s=1800.0)
    assert RunRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request


def test_another_version_can_be_read() -> None:
    plan = WatchPlan.from_dict({"model": "m", "command": ["x"], "cwd": "/", "root": "/", "telepathy": True})
    assert plan == WatchPlan(model="m", command=("x",), cwd="/", root="/")
    assert plan.phases == PHASES


def test_defaults_are_those_of_the_design() -> None:
    default = {f.name: f.default for f in fields(WatchPlan)}
    assert (default["data_fraction"], default["scale"], default["chains_scale"]) == (0.15, 0.25, 0.5)
    assert (default["quick_limit_s"], default["min_s"], default["max_s"]) == (1800, 7200, 21600)


@pytest.mark.parametrize("missing", ["plan", "command", "log", "model"])
def test_what_is_no_request_is_an_error(model: ModelFolder, run: RunFolder, missing: str) -> None:
    request = run.request()
    assert request is not None
    document = request.to_dict()
    del document[missing]
    with pytest.raises((KeyError, TypeError)):
        RunRequest.from_dict(document)


def test_phases_have_names() -> None:
    assert set(PHASES) == set(PHASE_NAMES) == set(PHASE_TITLES)
