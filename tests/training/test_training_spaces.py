"""Search spaces: the document's form, its extensions, and one clear sentence for what cannot be searched."""

from __future__ import annotations

import json
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.training.algorithms.spaces import fixed, parse, suggest, to_plain
from trainer_tui.training.errors import HyperparameterTuningError

optuna.logging.set_verbosity(optuna.logging.ERROR)


def drawn(space: dict[str, Any], seed: int = 0, times: int = 40) -> list[dict[str, Any]]:
    """What a study without memory suggests."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    found: list[dict[str, Any]] = []

    def objective(trial: optuna.Trial) -> float:
        found.append(suggest(trial, space, "a."))
        return 0.0

    study.optimize(objective, n_trials=times)
    return found


def test_lists_are_choices_and_pairs_are_ranges() -> None:
    found = drawn({"kernel": ["rbf", None, 3, (64, 32)], "C": (0.5, 2), "n": (1, 9, "int")})
    assert {f["kernel"] for f in found} == {"rbf", None, 3, (64, 32)}
    assert all(0.5 <= f["C"] <= 2 and isinstance(f["C"], float) for f in found)
    assert {f["n"] for f in found} <= set(range(1, 10)) and all(isinstance(f["n"], int) for f in found)


@pytest.mark.parametrize("flag", ["log", "log-int"])
def test_logarithmic_ranges_have_as_many_small_as_large_numbers(flag: str) -> None:
    found = [f["x"] for f in drawn({"x": (1, 10_000, flag)}, times=200)]
    assert 70 < sum(x <= 100 for x in found) < 130
    assert all(isinstance(x, int) == (flag == "log-int") for x in found)


def test_conditions_are_kept_in_whatever_order_they_are_written() -> None:
    space = {
        "degree": {"low": 2, "high": 4, "int": True, "when": {"kernel": ["poly"]}},
        "coef0": {"low": 0.0, "high": 1.0, "when": {"degree": [3]}},
        "kernel": ["rbf", "poly"],
    }
    found = drawn(space, times=80)
    assert all(("degree" in f) == (f["kernel"] == "poly") for f in found)
    assert all(("coef0" in f) == (f.get("degree") == 3) for f in found)
    assert any("coef0" in f for f in found)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({"layers": [[64], [64, 32]]}, "Choice 1 of layers in the search space of svm is a list"),
        ({"layers": ["a", {"b": 1}]}, "Choice 2 of layers in the search space of svm is a dict"),
        ({"C": []}, "has no choice"),
        ({"C": [1, 1]}, "twice"),
        ({"C": (2, 1)}, "the low end comes first"),
        ({"C": (0, 1, "log")}, "above 0"),
        ({"C": (1, 2.5, "int")}, "whole"),
        ({"C": (1, 2, "logint")}, "allowed are log, int and log-int"),
        ({"C": (1, float("inf"))}, "finite"),
        ({"C": (True, 2)}, "finite"),
        ({"C": ("a", "b")}, "finite"),
        ({"C": 5}, "write it as a list of choices"),
        ({"C": {"low": 1}}, "neither choices nor low and high"),
        ({"C": {"low": 1, "high": 2, "step": 1}}, "has step"),
        ({"C": {"low": 1, "high": 2, "when": {"k": [1]}}}, "depends on k"),
        (
            {"a": {"choices": [1], "when": {"b": [1]}}, "b": {"choices": [1], "when": {"a": [1]}}},
            "depends on",
        ),
        ({"C": {"choices": [1], "when": 3}}, "`when` of C"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_sentence(space: dict[str, Any], words: str) -> None:
    with pytest.raises(HyperparameterTuningError, match=r".*") as caught:
        parse(space, "svm")
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_true_and_one_are_two_choices() -> None:
    assert {(type(f["a"]), f["a"]) for f in drawn({"a": [True, 1, 1.0, "1"]}, times=80)} == {
        (bool, True),
        (int, 1),
        (float, 1.0),
        (str, "1"),
    }


ends = st.floats(1e-6, 1e6)


@settings(max_examples=40, deadline=None)
@given(ends, ends, st.sampled_from(["", "log"]), st.lists(st.integers(), min_size=1, max_size=4, unique=True))
def test_json_keeps_a_space(low: float, high: float, flag: str, choices: list[int]) -> None:
    low, high = sorted((low, high))
    space = parse(
        {"a": (low, high, flag), "b": choices, "c": {"choices": [(1, 2), None], "when": {"b": choices}}}
    )
    assert parse(json.loads(json.dumps(to_plain(space)))) == space


def test_values_to_begin_with_are_those_inside_of_the_space() -> None:
    space = parse(
        {
            "kernel": ["rbf", "poly"],
            "C": (0.1, 10.0, "log"),
            "sizes": [(64,), (32, 32)],
            "degree": {"low": 2, "high": 4, "int": True, "when": {"kernel": ["poly"]}},
        }
    )
    given_ = {"kernel": "rbf", "C": 100.0, "sizes": (32, 32), "degree": 3, "other": 1}
    assert fixed(space, given_, "svm.") == {"svm.kernel": "rbf", "svm.sizes": "(32, 32)"}
