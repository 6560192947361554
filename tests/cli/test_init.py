import csv
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from trainer_tui.cli.init import TEMPLATES, init_project
from trainer_tui.project import Project, ProjectError
from trainer_tui.settings import Settings, open_project
from trainer_tui.settings.schema import ModelSettings


def test_an_empty_folder_becomes_a_project(tmp_path):
    made = init_project(tmp_path / "new")
    assert [(file.path.relative_to(tmp_path / "new").as_posix(), file.made) for file in made] == [
        ("trainer.toml", True),
        ("models/model_1.py", True),
    ]
    project, settings = open_project(tmp_path / "new", {})
    assert project.model_names() == ["model_1"]
    project.check_syntax(project.find_model("model_1"))
    assert settings.for_model("model_1").full.min_hours == 0


def test_nothing_is_overwritten(tmp_path):
    init_project(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    (tmp_path / "trainer.toml").write_text("# mine\n")
    before[tmp_path / "trainer.toml"] = b"# mine\n"
    assert not any(file.made for file in init_project(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_a_folder_with_models_gets_settings_alone(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models/mine.py").write_text("print(1)\n")
    settings, models = init_project(tmp_path)
    assert settings.made and not models.made and "mine" in models.note
    assert not (tmp_path / "models/model_1.py").exists()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "models").write_text("")
    with pytest.raises(ProjectError, match="in the way"):
        init_project(tmp_path)
    with pytest.raises(ProjectError, match=r"in the way|cannot be written"):
        init_project(tmp_path / "models")


@pytest.mark.skipif(not Path("/proc/sys").is_dir(), reason="needs a file system that takes no files")
def test_a_folder_that_takes_no_files():
    with pytest.raises(ProjectError, match="cannot be written"):
        init_project(Path("/proc/sys"))


def test_the_commented_settings_are_the_defaults():
    """The template may not drift from the schema: uncommented, it names every key, and shows its default."""
    text = (TEMPLATES / "trainer.toml").read_text()
    text = re.sub(r"^# (?=\[models|[a-z_]+ = )", "", text, flags=re.MULTILINE)
    data = tomllib.loads(text)
    model = data.pop("models")["model_1"]
    assert data.pop("index").keys() == {"url"}
    assert data == Settings().model_dump(exclude={"index", "models", "rules"})
    assert model.keys() == ModelSettings.model_fields.keys() - {"quick", "rules"}
    ModelSettings.model_validate(model)


def test_the_first_model_really_trains(tmp_path):
    init_project(tmp_path)
    project = Project.at(tmp_path)
    folder = tmp_path / "run"
    environ = os.environ | {
        "TRAINER_RUN_DIR": str(folder),
        "TRAINER_PHASE": "quick",
        "TRAINER_DATA_FRACTION": "0.15",
        "TRAINER_SCALE": "0.25",
        "TRAINER_SEED": "0",
        "PYTHONPATH": str(TEMPLATES.parents[2]),
    }
    command = [sys.executable, str(project.find_model("model_1"))]
    subprocess.run(command, check=True, env=environ, cwd=tmp_path, capture_output=True, timeout=120)
    with (folder / "training_history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert len(history) == 1000
    assert float(history[-1]["val_loss"]) < float(history[0]["val_loss"]) / 5
    model = open_project(tmp_path, {})[1].for_model("model_1")
    with (folder / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows and all(
        float(row[column]) in range_ for row in rows for column, range_ in model.results.items()
    )
    assert (folder / "model_final.pkl").stat().st_size > 0
    assert model.converged is not None
    assert float(history[-1][model.converged.column]) in model.converged.range
    assert abs(float(history[-1]["g"]) - 9.81) < 0.05
