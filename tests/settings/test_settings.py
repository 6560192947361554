import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.conditions import Condition, Range
from trainer_tui.settings import Settings, SettingsError, load_settings, open_project
from trainer_tui.settings.loading import place


def problems(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    (folder / "trainer.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(folder, environ or {})
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def load(folder: Path, text: str = "", **environ: str) -> Settings:
    (folder / "trainer.toml").write_text(text, encoding="utf-8")
    return load_settings(folder, environ)


def test_without_a_file_everything_has_its_default(tmp_path):
    settings = load_settings(tmp_path, {})
    assert settings == Settings()
    assert (settings.quick.data_fraction, settings.quick.scale, settings.quick.max_minutes) == (
        0.15,
        0.25,
        30,
    )
    assert (settings.full.min_hours, settings.full.max_hours) == (2, 6)
    assert settings.restart.max == 0
    assert settings.for_model("any").main_metric == "val_loss"


def test_a_models_own_keys(tmp_path):
    settings = load(
        tmp_path,
        """
        [quick]
        scale = 0.5
        [full]
        max_hours = 12
        [models.model_3]
        main_metric = "rmse"
        converged = "rhat < 1.05"
        args = ["--lr", "0.1"]
        env = { OMP_NUM_THREADS = "4" }
        memory_gb = 16
        quick.max_minutes = 5
        full = { min_hours = 8 }
        results = { medals = ">= 0", share = "0 .. 1" }
        gates.skip = { history = "the script keeps none" }
        """,
    )
    model = settings.for_model("model_3")
    assert (model.quick.scale, model.quick.max_minutes, model.quick.data_fraction) == (0.5, 5, 0.15)
    assert (model.full.min_hours, model.full.max_hours) == (8, 12)
    assert model.converged == Condition("rhat", Range(high=1.05, high_open=True))
    assert model.results == {"medals": Range(low=0), "share": Range(0, 1)}
    assert model.gates.skip == {"history": "the script keeps none"}
    assert (model.args, model.env, model.memory_gb) == (["--lr", "0.1"], {"OMP_NUM_THREADS": "4"}, 16)
    other = settings.for_model("model_1")
    assert (other.quick.scale, other.quick.max_minutes, other.results) == (0.5, 30, {})


def test_every_problem_has_its_line_its_key_and_what_is_allowed(tmp_path):
    found = problems(
        tmp_path,
        """\
[quick]
data_frction = 0.15
scale = 3
max_minutes = "30"
data_fraction = 0.5

[models.model_3]
args = [
  4,
]
results = { medals = ">= zero" }
converged = "rhat"
python = ""
[models."my model"]
quick = 3
gates.skip = { a = " " }
[quik]
""",
    )
    assert [problem.split(": ")[:2] for problem in found] == [
        ["trainer.toml:2", "quick.data_frction"],
        ["trainer.toml:3", "quick.scale"],
        ["trainer.toml:4", "quick.max_minutes"],
        ["trainer.toml:5", "quick.data_fraction"],
        ["trainer.toml:8", "models.model_3.args[0]"],
        ["trainer.toml:11", "models.model_3.results.medals"],
        ["trainer.toml:12", "models.model_3.converged"],
        ["trainer.toml:13", "models.model_3.python"],
        ["trainer.toml:15", 'models."my model".quick'],
        ["trainer.toml:16", 'models."my model".gates.skip.a'],
        ["trainer.toml:17", "quik"],
    ]
    assert "did you mean data_fraction? allowed: data_fraction, scale" in found[0]
    assert found[1].endswith("3 is not allowed; allowed: a number above 0 and at most 1")
    assert found[2].endswith('"30" is not allowed; allowed: a number above 0 and at most 30')
    assert found[3].endswith("0.5 is not allowed; allowed: a number at least 0.1 and at most 0.2")
    assert found[4].endswith("4 is not allowed; allowed: a text in quotes, not empty")
    assert "'>= zero' is no range; allowed: '>= 0'" in found[5]
    assert "as in 'rhat < 1.05'" in found[6]
    assert found[8].endswith("allowed: a table with data_fraction, scale, chains_scale, max_minutes")
    assert "did you mean quick?" in found[10]


@pytest.mark.parametrize(
    "text", ["[restart]\nmax = 1.5", "[restart]\nmax = true", "[stop]\ngrace_seconds = nan"]
)
def test_no_value_is_bent_into_another_type(tmp_path, text):
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("trainer.toml:2: ")


def test_a_window_the_wrong_way_round(tmp_path):
    assert problems(tmp_path, "[full]\nmin_hours = 8") == [
        "trainer.toml:2: full.min_hours: 8 is not allowed; allowed: at most max_hours, which is 6"
    ]
    found = problems(
        tmp_path, "[full]\nmax_hours = 10\n[models.m]\nfull.min_hours = 11\n[models.n]\nfull.min_hours = 9"
    )
    assert found == [
        "trainer.toml:4: models.m.full.min_hours: 11 is not allowed; allowed: at most max_hours, which is 10"
    ]


def test_a_gate_that_does_not_exist(tmp_path):
    found = problems(tmp_path, '[models.m.gates.skip]\nmodel = "too large"\nhistry = "none"\n')
    assert len(found) == 1
    start = (
        "trainer.toml:3: models.m.gates.skip.histry: there is no such gate; did you mean history? allowed: "
    )
    assert found[0].startswith(start)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("[quick]\nscale =\n", "trainer.toml:2:8: not valid TOML: invalid value: scale ="),
        ("a = 1\na = 2\n", "trainer.toml:2:6: not valid TOML: cannot overwrite a value: a = 2"),
        ("a = [1,\n", "trainer.toml:2:1: not valid TOML: "),
        ("[quick\n", "trainer.toml:1:7: not valid TOML: "),
    ],
)
def test_a_syntax_error_has_line_and_column(tmp_path, text, start):
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(start)


def test_files_from_other_editors(tmp_path):
    (tmp_path / "trainer.toml").write_bytes(b"\xef\xbb\xbf[quick]\r\nscale = 0.5\r\n")
    assert load_settings(tmp_path, {}).quick.scale == 0.5
    (tmp_path / "trainer.toml").write_bytes(b"[quick]\n# caf\xe9\n")
    with pytest.raises(SettingsError, match=r"trainer\.toml:2: this line is not UTF-8"):
        load_settings(tmp_path, {})


def test_a_folder_in_the_files_place(tmp_path):
    (tmp_path / "trainer.toml").mkdir()
    with pytest.raises(SettingsError, match=r"trainer\.toml: cannot be read"):
        load_settings(tmp_path, {})


@given(st.text(max_size=60))
def test_any_text_is_loaded_or_explained(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "any-text"
    folder.mkdir(exist_ok=True)
    (folder / "trainer.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load_settings(folder, {})
    except SettingsError as error:
        assert all(problem.startswith("trainer.toml") for problem in error.problems)


# ------------------------------------------------------------------------------------------ the environment


def test_the_environment_goes_over_the_file(tmp_path):
    settings = load(
        tmp_path,
        "[quick]\ndata_fraction = 0.1\nscale = 0.5\n[models.Model-3]\nseed = 1\n",
        TRAINER_TUI_QUICK__DATA_FRACTION="0.2",
        TRAINER_TUI_RESTART__MAX="2",
        TRAINER_TUI_INDEX__URL="postgresql://localhost/runs",
        TRAINER_TUI_MODELS__MODEL_3__SEED="7",
        TRAINER_TUI_MODELS__MODEL_3__MAIN_METRIC="5",
        TRAINER_TUI_MODELS__MODEL_3__ARGS="--lr 0.1",
        TRAINER_TUI_MODELS__MODEL_3__ENV__OMP_NUM_THREADS="4",
        TRAINER_TUI_MODELS__MODEL_3__RESULTS__Medals=">= 0",
        TRAINER_TUI_MODELS__NEW__ARGS='["a b"]',
        TRAINER_TUI_STOP__GRACE_SECONDS="",
        TRAINER_TUI_SOMETHING="else",
    )
    assert (settings.quick.data_fraction, settings.quick.scale) == (0.2, 0.5)
    assert (settings.restart.max, settings.stop.grace_seconds) == (2, 15)
    assert settings.index.url == "postgresql://localhost/runs"
    model = settings.models["Model-3"]
    assert (model.seed, model.main_metric, model.args) == (7, "5", ["--lr", "0.1"])
    assert model.env == {"OMP_NUM_THREADS": "4"}
    assert model.results == {"Medals": Range(low=0)}
    assert settings.models["new"].args == ["a b"]


def test_a_problem_in_the_environment_names_the_variable(tmp_path):
    text = "[quick]\nscale = 0.5\n"
    environ = {
        "TRAINER_TUI_QUICK__SCALE": "often",
        "TRAINER_TUI_HANG__FACTR": "3",
        "TRAINER_TUI_FULL__MIN_HOURS": "9",
    }
    found = problems(tmp_path, text, environ)
    assert found == [
        "environment variable TRAINER_TUI_HANG__FACTR: hang.factr: there is no such key; did you mean factor?"
        " allowed: first_progress_minutes, floor_seconds, factor, silent_minutes",
        'environment variable TRAINER_TUI_QUICK__SCALE: quick.scale: "often" is not allowed; '
        "allowed: a number above 0 and at most 1",
    ]
    (found_window,) = problems(tmp_path, text, {"TRAINER_TUI_FULL__MIN_HOURS": "9"})
    assert found_window.startswith("environment variable TRAINER_TUI_FULL__MIN_HOURS: full.min_hours: 9 is")


def test_a_variable_below_something_that_is_no_table(tmp_path):
    found = problems(tmp_path, "quick = 3\n", {"TRAINER_TUI_QUICK__SCALE": "0.5"})
    assert found == [
        "trainer.toml:1: quick: 3 is not allowed; "
        "allowed: a table with data_fraction, scale, chains_scale, max_minutes"
    ]


def test_a_value_cannot_smuggle_in_further_keys(tmp_path):
    (problem,) = problems(tmp_path, "", {"TRAINER_TUI_QUICK__SCALE": "0.5\nmax_minutes = 1"})
    assert "quick.scale" in problem


# --------------------------------------------------------------------------------------------- the project


def test_folders_are_where_the_settings_put_them(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    text = (
        f'[project]\noutput = "out"\nlogs = "{tmp_path}/elsewhere"\n[index]\nurl = "sqlite:///runs/all.db"\n'
    )
    (tmp_path / "trainer.toml").write_text(text)
    project, settings = open_project(tmp_path / "deep" / "er", {})
    assert settings.project.output == "out"
    assert (project.root, project.models) == (tmp_path, tmp_path / "models")
    assert (project.output, project.logs) == (tmp_path / "out", tmp_path / "elsewhere")
    assert project.index_url == f"sqlite:///{tmp_path}/runs/all.db"
    assert place(tmp_path, Settings()).index_url == f"sqlite:///{tmp_path}/output/runs.db"


def test_importing_settings_costs_no_more_than_it_must():
    """It is on the dashboard's way to its first picture: no other heavy package, no search for plugins."""
    code = (
        "import os, sys, trainer_tui.settings;"
        "heavy = {'textual', 'rich', 'typer', 'sqlalchemy', 'difflib', 'psutil'};"
        "print(sorted(heavy & sys.modules.keys()),"
        "os.environ.get('PYDANTIC_DISABLE_PLUGINS'), sys.modules['pydantic.plugin._loader']._plugins)"
    )
    environ = {key: value for key, value in os.environ.items() if key != "PYDANTIC_DISABLE_PLUGINS"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True
    )
    assert done.stdout.strip() == "[] None None"
