"""A run folder, a repository and an archive that somebody else made: nothing hangs, leaks or runs."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import zipfile

import pytest
from catalog_world import Yard

from trainer_tui.cli.app import main
from trainer_tui.cli.archive import faults_of
from trainer_tui.runs.catalog.trash import list_trash
from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.plain import create_new, open_plain, read_plain, temporary_beside
from trainer_tui.supervise.git import git_state
from trainer_tui.supervise.start import revive

FILES = (
    "run.json", "events.jsonl", "exit.json", "training_history.csv", "results.csv", "telemetry.csv", "control.jsonl",
    "process.json", "progress.json", "environment.json", "secrets.json", "tags.json", "translation.json", "alive.lock",
    "shim.lock",
)  # fmt: skip

LOOKS = (
    ["status", "model_3"], ["events", "model_3"], ["check", "model_3"], ["runs"], ["history", "model_3"],
    ["compare", "model_3/1", "model_3/2"], ["report", "model_3", "-o", "page.html"], ["export", "--bundle", "b.zip"],
)  # fmt: skip


@pytest.fixture
def yard(tmp_path, monkeypatch):
    place = Yard(tmp_path)
    for _ in range(2):
        run = place.ended()
        run.results.write_text("x\n1\n2\n")
        run.source.mkdir()
    (place.output / "dev_diary.md").write_text("# Dev Diary\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return place


def look(capfd) -> str:
    """Run everything that looks at a run; what it printed."""
    for words in LOOKS:
        with pytest.raises(SystemExit):
            main(words)
    return "".join(capfd.readouterr())


@pytest.mark.parametrize("kind", ["fifo", "folder", "sparse"])
def test_what_is_no_file_of_ours_hangs_nothing(yard, capfd, kind):
    for run, number in zip(yard.model().runs(), (0, 1), strict=True):
        for name in FILES[number::2]:
            path = run.path / name
            path.unlink(missing_ok=True)
            if kind == "fifo":
                os.mkfifo(path)
            elif kind == "folder":
                path.mkdir()
            else:
                path.touch()
                os.truncate(path, 1 << 42)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    look(capfd)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 600_000, f"{grown} KiB"


def test_links_out_of_a_run_are_not_copied(yard, capfd, tmp_path_factory):
    treasure = tmp_path_factory.mktemp("home") / "treasure.csv"
    treasure.write_text("epoch,val_loss\nJEWELS,1\n")
    run = yard.model().runs()[1]
    document = json.loads(run.run_json.read_text())
    for name in ("results.csv", "training_history.csv", "telemetry.csv", "environment.json", "tags.json"):
        (run.path / name).unlink(missing_ok=True)
        (run.path / name).symlink_to(treasure)
    (run.source / "m.py").symlink_to(treasure)
    log = run.log()
    log.unlink()
    log.symlink_to(treasure)
    look(capfd)
    run.run_json.write_text(json.dumps(document | {"log": os.path.relpath(treasure, run.path)}))
    look(capfd)
    with zipfile.ZipFile("b.zip") as archive:
        assert not [name for name in archive.namelist() if b"JEWELS" in archive.read(name)]
    with open("page.html") as page:
        assert "JEWELS" not in page.read()
    with pytest.raises(SystemExit):
        main(["delete", "model_3/2", "--yes"])
    assert treasure.exists(), "and nothing of somebody else's is moved into the trash"
    capfd.readouterr()


def test_the_trash_puts_nothing_elsewhere(yard, capfd):
    with pytest.raises(SystemExit):
        main(["delete", "model_3/1", "--yes"])
    (run,) = (one.run for one in list_trash(yard.output))
    note = next(path for path in run.path.iterdir() if "log" in json_of(path))
    note.write_text(json.dumps({"when": "", "log": str(yard.root / "authorized_keys")}))
    with pytest.raises(SystemExit):
        main(["restore", "model_3/1"])
    assert not (yard.root / "authorized_keys").exists() and "is back" in "".join(capfd.readouterr())


def json_of(path):
    return json.loads(path.read_text()) if path.suffix == ".json" and path.is_file() else {}


def test_opening(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_text("x")
    (tmp_path / "in/link").symlink_to("../out")
    (tmp_path / "in/own").symlink_to("file")
    (tmp_path / "in/file").write_text("y")
    with pytest.raises(OSError, match="leads out"):
        open_plain(tmp_path / "in/link", within=tmp_path / "in")
    assert read_plain(tmp_path / "in/own", within=tmp_path / "in") == b"y"
    assert read_plain(tmp_path / "in/link") == b"x"
    with pytest.raises(OSError, match="no plain file"):
        open_plain("/dev/zero")
    with pytest.raises(OSError, match="larger than"):
        read_plain(tmp_path / "out", 0)


def test_a_temporary_file_cannot_be_foreseen_or_planted(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    assert temporary_beside(victim) != temporary_beside(victim)
    (tmp_path / "planted").symlink_to(victim)
    with pytest.raises(FileExistsError):
        create_new(tmp_path / "planted")
    monkeypatch.setattr("trainer_tui.runs.files.temporary_beside", lambda path: tmp_path / "planted")
    with pytest.raises(FileExistsError):
        replace_atomic(tmp_path / "new", b"theirs")
    assert victim.read_text() == "mine"


def test_git_runs_nothing_that_a_repository_brings(tmp_path):
    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    trap = tmp_path / ".git/trap.sh"
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / ".gitattributes").write_text("*.py filter=trap diff=trap\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\ncat\n")
    trap.chmod(0o755)
    hook = tmp_path / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(trap.read_text())
    hook.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "filter.trap.clean",
        "filter.trap.process",
        "diff.trap.textconv",
        "diff.external",
    ):
        git("config", key, str(trap))
    git("config", "filter.trap.required", "true")
    (tmp_path / "pwned").unlink(missing_ok=True)
    assert len(git_state(tmp_path)["commit"]) == 40 and not git_state(tmp_path)["dirty"]
    os.utime(tmp_path / "a.py", (1, 1))
    assert not git_state(tmp_path)["dirty"]
    (tmp_path / "a.py").write_text("x = 2\n")
    assert git_state(tmp_path)["dirty"]
    assert not (tmp_path / "pwned").exists()


def test_looking_at_a_stranger_s_unfinished_watch_runs_nothing(yard):
    run = yard.asked(command=["touch", "pwned"], user="mallory", env={"TRAINER_RUN_DIR": "/home/mallory/x"})
    model = yard.model()
    assert not revive(model), "it began in another place"
    document = json.loads(run.run_json.read_text())
    run.run_json.write_text(json.dumps(document | {"env": {"TRAINER_RUN_DIR": str(run.path)}}))
    assert not revive(model), "somebody else began it"
    assert not model.supervisor_log.exists() and not (yard.root / "pwned").exists()


def packed(path, *entries, manifest=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data)
        told = manifest if manifest is not None else json.dumps({"files": []})
        archive.writestr("manifest.json", told, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_of_strangers(tmp_path):
    path = tmp_path / "a.zip"
    for name in ("../x", "/etc/x", "a/../../x", "a\\..\\x", "C:/x", "a//x", "./x"):
        assert "leads out" in faults_of(packed(path, (name, "", 0o100644)))[0], name
    assert "no plain file" in faults_of(packed(path, ("link", "/etc/passwd", 0o120777)))[0]
    assert "in it twice" in faults_of(packed(path, ("x", "1", 0), ("x", "2", 0)))[0]
    for manifest in ("[]", "{}", '{"files": 7}', '{"files": [7]}', "[" * 100_000, "x", b"\xff"):
        assert "no manifest" in faults_of(packed(path, manifest=manifest))[0]
    assert "no manifest" in faults_of(packed(path, manifest=b" " * (65 << 20)))[0]
    path.write_bytes(b"PK")
    assert "damaged" in faults_of(path)[0]
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="no plain file"):
        faults_of(path)


def test_whoever_has_no_umask_still_has_no_file_that_everybody_may_write(shop):
    """Secrets in the command, the settings and the log, with a umask of 000; nothing of ours keeps one."""
    shop.write(
        "trainer.toml",
        '[full]\nmin_hours = 0\n[models.m]\nargs = ["--api-key=hunter2hunter2", "--tokenizer", "bert"]\n'
        '[models.m.env]\nHF_TOKEN = "tok3n-s3cr3t-xyz"\n'
        "[notify]\ncommand = [\"sh\", \"-c\", 'printf \"%s\" \"$@\" >> told.txt', \"$(touch pwned)\", \"{title}\", \"{text}\"]\n",
    )  # fmt: skip
    shop.model(
        "m",
        "import os, sys\n"
        "assert '--api-key=hunter2hunter2' in sys.argv and os.environ['HF_TOKEN'] == 'tok3n-s3cr3t-xyz'\n"
        "print('my token is', os.environ['HF_TOKEN'])\n"
        "raise ValueError('401 for ' + sys.argv[1] + ' ' + os.environ['HF_TOKEN'] + ' ghp_' + 'aB3' * 12)\n",
    )
    code = "import os, sys; os.umask(0); from trainer_tui.cli.app import main; main(sys.argv[1:])"
    for words in (
        ["watch", "m", "--headless"],
        ["report", "m", "-o", "r.html"],
        ["export", "--bundle", "b.zip"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=shop.root,
            env=shop.environ,
            capture_output=True,
            timeout=60,
        )
        assert b"hunter2" not in done.stdout + done.stderr and b"s3cr3t" not in done.stdout + done.stderr
    ours = [
        path
        for top in ("output", "logs", "b.zip", "r.html")
        for path in (shop.root / top, *(shop.root / top).rglob("*"))
    ]
    told = {
        str(path.relative_to(shop.root)): path.lstat().st_mode & 0o777
        for path in ours
        if not path.is_symlink()
    }
    script = "output/m/001-quick/history.csv"
    assert {name: oct(mode) for name, mode in told.items() if mode & 0o002 and name != script} == {}
    private = {"output/m/001-quick/environment.json", "output/m/001-quick/secrets.json", "b.zip"}
    assert {name for name, mode in told.items() if mode == 0o600} == private
    allowed = {"logs/m/001-quick.log", "output/m/001-quick/secrets.json"}
    secrets = (b"hunter2hunter2", b"tok3n-s3cr3t", b"aB3aB3")
    leaks = [
        path
        for path in (*ours, shop.root / "told.txt")
        if path.is_file() and not path.is_symlink() and any(s in path.read_bytes() for s in secrets)
    ]
    names = {str(path.relative_to(shop.root)) for path in leaks}
    assert {name for name in names if "source" not in name} == allowed, "the user's own files, and ours alone"
    with zipfile.ZipFile(shop.root / "b.zip") as archive:
        assert not [n for n in archive.namelist() for s in secrets if s in archive.read(n)]
    assert "•••" in (shop.root / "told.txt").read_text() and not (shop.root / "pwned").exists()
    assert "bert" in (shop.root / "output/m/001-quick/run.json").read_text()
