"""Folders of an older and of a newer version: read by every command, carried on by those that know them."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from trainer_tui.cli.app import main
from trainer_tui.runs import index
from trainer_tui.runs.catalog.labels import Labels, read_labels, write_labels
from trainer_tui.runs.catalog.summary import named, with_facts
from trainer_tui.runs.events import read_events
from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.index_rows import default_url
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.schema import SCHEMA, NewerVersionError, version_of
from trainer_tui.runs.state import observe
from trainer_tui.supervise import __main__ as supervisor
from trainer_tui.supervise.start import is_unfinished, retry, revive, start_watch

RECORDED = Path(__file__).parents[1] / "data" / "run_folder_1"
"""A watch as version 1 wrote it: a quick run that passed, a full one that raised."""

NEWER = SCHEMA + 1


@pytest.fixture
def old(tmp_path, monkeypatch):
    """The recorded project, with its two runs."""
    shutil.copytree(RECORDED, tmp_path, dirs_exist_ok=True)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model_3.py").write_text("print('hello')\n")
    (tmp_path / "trainer.toml").write_text("[full]\nmin_hours = 0.0\n")
    monkeypatch.chdir(tmp_path)
    return ModelFolder(tmp_path / "output" / "model_3", tmp_path / "logs" / "model_3")


def change(path, change):
    document = json.loads(path.read_text())
    change(document)
    replace_json(path, document)


def from_the_future(model, *, over):
    """The same watch as a newer version might have written it: more of everything, in every file."""
    for run in model.runs():
        for name in ("run.json", "process.json", "exit.json", "progress.json"):
            change(run.path / name, lambda document: document.update(mood={"deep": [1]}, mode=7))
        change(run.run_json, lambda document: document.update(schema=NEWER))
        change(run.run_json, lambda document: document["plan"].update(phases=["quick", "full"], orbit="low"))
        lines = []
        for event in read_events(run.events):
            event["weight"] = {"kg": 1}
            if event["kind"] == "incident":
                event["incident"]["colour"] = "red"
            if event["kind"] == "gates":
                event["results"].append(
                    {"name": "orbit", "state": "waived", "sentence": "it is low", "by": 1}
                )
            lines += [json.dumps(event), json.dumps({"time": event["time"], "kind": "eclipse", "of": "moon"})]
            if event["kind"] == "started":
                incident = {
                    "id": "sky:1",
                    "severity": "dire",
                    "kind": "orbit",
                    "message": "lost sight",
                    "fate": "open",
                }
                lines.append(json.dumps({"time": event["time"], "kind": "incident", "incident": incident}))
            if event["kind"] == "ended":
                lines[-2] = json.dumps({**event, "reason": "eclipsed"})
        if not over and run.phase == "full":
            lines = lines[:5]
            run.exit_json.unlink()
        run.events.write_text("\n".join(lines) + "\n")
        table = run.telemetry.read_text().splitlines()
        run.telemetry.write_text(
            "\n".join(f"{line},{'tpu' if n == 0 else 3}" for n, line in enumerate(table)) + "\n"
        )
    return model.runs()


COMMANDS = (
    "status model_3",
    "status model_3 --json",
    "runs",
    "runs --json",
    "events model_3",
    "events model_3 --json",
    "check model_3",
    "history model_3",
    "compare model_3/1 model_3/2",
    "report model_3 --format md -o -",
    "export model_3 --bundle all.zip",
)


def said(capsys, *words):
    """The exit code of a command and all that it printed; a traceback fails the test."""
    with pytest.raises(SystemExit) as end:
        main(list(words))
    out, err = capsys.readouterr()
    return end.value.code or 0, out + err


@pytest.mark.parametrize("made_by", ["today", "a newer version", "a newer version, running"])
def test_every_command_reads_it(old, capsys, made_by):
    if made_by != "today":
        from_the_future(old, over=made_by == "a newer version")
    for command in COMMANDS:
        code, text = said(capsys, *command.split())
        assert code in (0, 1, 3, 5, 6), f"{command}: {text}"


def test_what_version_1_wrote_means_what_it_meant(old):
    quick, full = map(observe, old.runs())
    assert (quick.reason, quick.passed, [g.state for g in quick.gates]) == ("passed", True, ["passed"] * 3)
    assert (quick.incidents[0].fate, quick.forecast.seconds_high) == ("recovered", 24.6)
    assert (full.reason, full.sentence) == ("exception", "ValueError: the last batch has no labels")
    assert (full.duration_s, full.diary[0][0], full.version, full.blind) == (7.219, 1, SCHEMA, ())
    assert not is_unfinished(old)
    follower = RunFollower(old.runs()[1])
    assert follower.poll_history() == 8 and follower.poll_telemetry() > 0 and follower.poll_log().lines
    follower.close()


def test_what_it_did_not_write_yet_takes_its_default(old):
    run = old.runs()[1]
    least = ("model", "number", "phase", "watch", "plan", "command", "cwd", "env", "log")
    document = read_json(run.run_json)
    plan = {name: document["plan"][name] for name in ("model", "command", "cwd", "root")}
    replace_json(run.run_json, {**{name: document[name] for name in least}, "plan": plan})
    request = run.request()
    assert (request.schema, request.plan.phases, request.attempt) == (1, ("quick", "full"), 1)
    assert observe(run).reason == "exception"


def test_a_newer_folder_is_read_without_what_is_new(old):
    quick, full = from_the_future(old, over=True)
    state = observe(full)
    assert (state.reason, state.exit["code"], state.tone, state.exit_code) == ("eclipsed", 1, "bad", 1)
    new = next(i for i in state.incidents if i.id == "sky:1")
    assert (new.severity, new.fate) == ("warning", "suspected"), "neither an alarm nor unseen"
    assert state.gates[-1].state == "open" and state.failure.message.startswith("ValueError")
    assert not is_unfinished(old), "what is over, is over"
    assert observe(quick).forecast is not None


def test_a_newer_run_is_not_supervised_by_an_older_version(old, capsys):
    _, full = from_the_future(old, over=False)
    before = full.events.read_bytes()
    assert is_unfinished(old)
    for act in (lambda: revive(old), lambda: start_watch(old, full.request().plan), lambda: retry(old)):
        with pytest.raises(NewerVersionError, match=r"model_3/002-full .*version 2, this one knows 1\)"):
            act()
    assert supervisor.main([str(old.path), str(old.logs), "0"]) == 1
    assert "this one could misread its plan" in capsys.readouterr().err
    code, text = said(capsys, "watch", "model_3", "--headless")
    assert code == 2 and text.count("\n") == 1 and "supervise it with that version" in text
    assert full.events.read_bytes() == before and len(old.runs()) == 2


def test_a_living_newer_run_says_what_is_not_shown(old):
    full = from_the_future(old, over=False)[1]
    change(full.process_json, lambda document: document.update(host="another"))
    full.supervisor_lock.touch()
    follower = RunFollower(full)
    follower.poll_state()
    assert follower.state.status == "ended", "it is lost: there is no process and no supervisor"
    from trainer_tui.runs.files import try_lock

    held = try_lock(full.supervisor_lock)
    follower.poll_state()
    assert held and "newer trainer-tui" in dict(follower.state.blind)["version"]
    follower.close()


def test_a_request_that_only_a_newer_version_can_read_hides_no_run(old):
    full = from_the_future(old, over=False)[1]
    replace_json(full.run_json, {"schema": "2.1", "wish": "train"})
    assert full.request() is None and version_of({"schema": "2.1"}) > SCHEMA
    assert old.newest() == full, "an older run must not pass for the newest"
    with pytest.raises(NewerVersionError):
        revive(old)
    summary, _ = with_facts(named(full), full)
    assert "newer trainer-tui" in summary.sentence
    replace_json(full.run_json, {"wish": "train"})
    assert old.newest().phase == "quick", "nobody's run"


def test_a_new_watch_begins_when_a_newer_one_is_over(old, monkeypatch):
    from trainer_tui.supervise import start

    from_the_future(old, over=True)
    began = []
    monkeypatch.setattr(start.local, "start", lambda model, lock: began.append(model.name))
    plan = RunRequest.from_dict(read_json(RECORDED / "output/model_3/002-full/run.json")).plan
    run = start_watch(old, plan)
    assert (run.number, run.request().schema, began) == (3, SCHEMA, ["model_3"])


def test_what_is_written_again_keeps_what_a_newer_version_said(old):
    run = old.runs()[0]
    replace_json(run.path / "tags.json", {"tags": ["a"], "note": "", "stars": 5})
    write_labels(run, Labels(("b",)))
    write_labels(run, Labels())
    assert read_json(run.path / "tags.json") == {"stars": 5, "tags": [], "note": ""}
    assert read_labels(run) == Labels()


def test_an_index_of_another_version_is_widened_and_keeps_its_rows(old):
    path = old.path.parent / "runs.db"
    engine = index.open_index(default_url(path.parent))
    assert index.rebuild(engine, path.parent) == 2
    engine.dispose()
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE ml_training_runs DROP COLUMN sentence")
        database.execute("ALTER TABLE ml_training_runs ADD COLUMN orbit TEXT")
    database.close()
    engine = index.open_index(default_url(path.parent))
    assert len(index.rows(engine)) == 2
    index.update(engine, [RunFolder(old.path / "002-full")])
    assert index.rows(engine)[1]["sentence"] == "ValueError: the last batch has no labels"
    engine.dispose()
