"""The table of flags, and the page made from it."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from trainer_tui.failures.flags.table import HISTORY_DETECTORS
from trainer_tui.runs.flags import FLAGS, HISTORY_FLAGS, MACHINE_FLAGS, faults, merged, tuned

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from flags_page import PAGE, page


def test_the_page_is_that_of_the_table():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "run: python benchmarks/flags_page.py"
    for flag in FLAGS:
        assert f"### {flag.name} ({flag.severity})" in text
        for parameter in flag.parameters:
            assert f"| `{parameter.name}` | {parameter.default:.10g} | {parameter.unit} |" in text


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.name)
def test_a_flag_is_whole(flag):
    assert flag.hypotheses and flag.source and flag.meaning.endswith(".")
    assert flag.severity in (("error",) if flag.name == "nan-loss" else ("warning", "notice"))
    assert {name for name in flag.defaults if f"{{{name}}}" in flag.meaning} or not flag.parameters
    flag.meaning.format(**flag.defaults)
    for parameter in flag.parameters:
        assert parameter.takes(parameter.default) and math.isfinite(parameter.high) and parameter.unit
    assert set(flag.quiet_while) <= {other.name for other in FLAGS} - {flag.name}


def test_every_flag_has_a_detector():
    assert set(HISTORY_DETECTORS) == {flag.name for flag in HISTORY_FLAGS} - {"nan-loss"}
    assert len({flag.name for flag in FLAGS}) == len(FLAGS) == len(HISTORY_FLAGS) + len(MACHINE_FLAGS)


def test_settings():
    assert set(tuned(FLAGS, {})) == {flag.name for flag in FLAGS}
    found = tuned(FLAGS, {"plateau": False, "spike": {"ratio": 8, "rows": "many"}, "of another version": 3})
    assert "plateau" not in found
    assert found["spike"] == {"ratio": 8, "share": 0.1, "rows": 5}, "what cannot be used keeps its default"


def test_a_models_own_settings():
    base = {"plateau": False, "spike": {"ratio": 8}, "oscillation": {"rows": 40}}
    own = {"plateau": True, "spike": {"rows": 9}, "oscillation": False}
    assert merged(base, own) == {"plateau": True, "spike": {"ratio": 8, "rows": 9}, "oscillation": False}
    assert base["spike"] == {"ratio": 8}


def test_faults_name_what_is_allowed():
    wrong = {
        "platau": False,
        "plateau": "off",
        "spike": {"rato": 3, "ratio": 1, "rows": 2.5, "share": True},
        "gpu-errors": {"rows": 3},
        "nan-loss": 3,
    }
    said = dict(faults(FLAGS, wrong))
    assert said["platau",].startswith(
        "there is no such flag; did you mean plateau? allowed: nan-loss, explod"
    )
    assert said["plateau",] == '"off" is not allowed; allowed: true, false or a table with rows, fallen'
    assert said["spike", "rato"].startswith(
        "there is no such parameter; did you mean ratio? allowed: ratio, "
    )
    assert said["spike", "ratio"] == "1 is not allowed; allowed: a number from 1.2 to 1000000"
    assert said["spike", "rows"] == "2.5 is not allowed; allowed: a whole number from 2 to 30"
    assert said["spike", "share"] == "true is not allowed; allowed: a number from 0 to 100"
    assert "allowed: none" in said["gpu-errors", "rows"]
    assert len(said) == 8 and faults(FLAGS, {"spike": {"ratio": 8}, "plateau": False, "nan-loss": True}) == []
