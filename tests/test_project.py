import errno
import os
from pathlib import Path

import pytest

from trainer_tui.project import Project, ProjectError


def make(root: Path, *files: str) -> None:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("print('hello')\n")


@pytest.fixture
def project(tmp_path):
    make(tmp_path, "models/model_1.py", "models/model_3.py", "models/_common.py", "models/notes.txt")
    make(tmp_path, "models/big/train.py", "models/big/net.py", "models/data/readme.md")
    return Project.at(tmp_path)


# --------------------------------------------------------------------------------------------- finding it


def test_found_from_below_by_its_models_or_its_settings(tmp_path):
    make(tmp_path, "models/model_1.py", "src/deep/x.py")
    assert Project.find(tmp_path / "src/deep").root == tmp_path
    assert Project.find(tmp_path / "models").root == tmp_path
    make(tmp_path, "trainer.toml", "src/models/orm.py")
    assert Project.find(tmp_path / "src/deep").root == tmp_path, "settings decide before a models/ nearer by"


def test_the_current_folder_is_where_the_search_begins(tmp_path, monkeypatch):
    make(tmp_path, "models/model_1.py", "src/x.py")
    monkeypatch.chdir(tmp_path / "src")
    assert Project.find().root == tmp_path
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ProjectError, match="no longer exists"):
        Project.find()


def test_the_search_ends_at_the_repository_and_at_home(tmp_path, monkeypatch):
    make(
        tmp_path,
        "models/of_somebody_else.py",
        "repo/.git/HEAD",
        "repo/src/x.py",
        "home/models/m.py",
        "home/a/x.py",
    )
    with pytest.raises(ProjectError, match=r"no trainer\.toml and no models/ folder") as caught:
        Project.find(tmp_path / "repo/src")
    assert "trainer-tui init" in str(caught.value)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Project.find(tmp_path / "home").root == tmp_path / "home"
    with pytest.raises(ProjectError):
        Project.find(tmp_path / "home/a")
    make(tmp_path, "home/trainer.toml")
    assert Project.find(tmp_path / "home/a").root == tmp_path / "home"


# --------------------------------------------------------------------------------------------- its models


def test_models(project):
    assert project.model_names() == ["big", "model_1", "model_3"]
    assert project.find_model("model_3") == project.models / "model_3.py"
    assert project.find_model("model_3.py") == project.models / "model_3.py"
    assert project.find_model("big") == project.models / "big/train.py"


def test_a_model_by_its_path(project, monkeypatch):
    monkeypatch.chdir(project.root)
    assert project.find_model("models/model_3.py") == project.models / "model_3.py"
    assert project.find_model(f"{project.models}/big/") == project.models / "big/train.py"
    for outside in (
        "../model_3",
        "/etc/passwd",
        "models/../trainer",
        "_common",
        "models/_common.py",
        "..",
        "",
    ):
        with pytest.raises(ProjectError):
            project.find_model(outside)


def test_an_unknown_model_meets_its_nearest_names(project):
    with pytest.raises(ProjectError) as caught:
        project.find_model("modle_3")
    assert caught.value.message == "there is no model 'modle_3' in models/"
    assert caught.value.hint.startswith("did you mean model_3")
    with pytest.raises(ProjectError, match="models/ has big, model_1, model_3"):
        project.find_model("xyz")


def test_no_models_at_all(tmp_path):
    with pytest.raises(ProjectError, match=r"there is no models/ folder.*trainer-tui init"):
        Project.at(tmp_path).find_model("model_3")
    (tmp_path / "models").mkdir()
    with pytest.raises(ProjectError, match=r"models/ is empty: put model_3\.py there"):
        Project.at(tmp_path).find_model("model_3")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"a = 1\nfor x in\n", "models/model_1.py:2: invalid syntax, in `for x in`"),
        (b"def f():\nreturn 1\n", "models/model_1.py:2: expected an indented block"),
        (b"x = (1,\n", "models/model_1.py:1: '(' was never closed, in `x = (1,`"),
        (b"\nreturn 1\n", "models/model_1.py:2: 'return' outside function, in `return 1`"),
        (b"a = 'caf\xe9'\n", "models/model_1.py"),
        (b"a = 1\0\n", "models/model_1.py"),
        (b"(" * 500 + b")" * 500, "models/model_1.py:1: too many nested parentheses"),
    ],
)
def test_a_syntax_error_is_told_with_its_line(project, source, message):
    path = project.models / "model_1.py"
    path.write_bytes(source)
    with pytest.raises(ProjectError) as caught:
        project.check_syntax(path)
    assert caught.value.message.startswith(message)


def test_the_syntax_check_runs_nothing_and_says_nothing(project, tmp_path, recwarn):
    path = project.models / "model_1.py"
    trace = tmp_path / "trace"
    path.write_text(
        f"import pathlib\npathlib.Path({str(trace)!r}).touch()\nx = '\\d'\nassert (1, 'always')\n"
    )
    project.check_syntax(path)
    assert not trace.exists() and not recwarn.list
    with pytest.raises(ProjectError, match="cannot be read"):
        project.check_syntax(project.models / "absent.py")


# ------------------------------------------------------------------------------------------ where it writes


def test_paths(project):
    assert project.model_output("model_3") == project.root / "output/model_3"
    assert project.model_logs("model_3") == project.root / "logs/model_3"
    assert project.diary == project.root / "output/dev_diary.md"
    assert project.index_url == f"sqlite:///{project.root}/output/runs.db"
    for name in ("", "..", "a/b", ".hidden", "-x", "a\nb"):
        with pytest.raises(ProjectError):
            project.model_output(name)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///runs.db", "sqlite:///{root}/runs.db"),
        ("sqlite:////var/runs.db", "sqlite:////var/runs.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql://host/db", "postgresql://host/db"),
    ],
)
def test_index_urls(tmp_path, given, expected):
    project = Project(tmp_path, tmp_path, tmp_path, tmp_path, given)
    assert project.index_url == expected.format(root=tmp_path)


def test_writable_folders_are_made_and_left_empty(project):
    project.check_writable()
    assert list(project.output.iterdir()) == [] and list(project.logs.iterdir()) == []


def test_a_file_in_the_way(project):
    (project.root / "logs").write_text("a file")
    with pytest.raises(ProjectError, match="logs is in the way: runs need a folder"):
        project.check_writable()
    deeper = Project(project.root, project.models, project.root / "logs/deep", project.root / "other")
    with pytest.raises(ProjectError, match="logs is in the way"):
        deeper.check_writable()
    (project.root / "logs").unlink()
    (project.root / "logs").symlink_to("nowhere/at/all")
    with pytest.raises(ProjectError, match="logs is in the way"):
        project.check_writable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root ignores mode bits")
def test_a_folder_without_permission(project):
    project.output.mkdir(mode=0o555)
    with pytest.raises(ProjectError, match="output/ cannot be written to: Permission denied; `chmod u\\+w`"):
        project.check_writable()


@pytest.mark.skipif(not Path("/proc/sys").is_dir(), reason="needs a file system that takes no files")
def test_a_file_system_that_takes_no_files(project):
    project = Project(project.root, project.models, Path("/proc/sys"), project.logs)
    with pytest.raises(ProjectError, match="/proc/sys/ cannot be written to"):
        project.check_writable()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_the_reason_decides_the_advice(project):
    with pytest.raises(OSError) as caught, Path("/dev/full").open("w") as full:
        full.write("x")
        full.flush()
    assert caught.value.errno == errno.ENOSPC
    project.output.mkdir()
    assert "make room" in str(project._unwritable(project.output, caught.value))
