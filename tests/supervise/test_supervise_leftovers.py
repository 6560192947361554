"""Small promises: who wrote a note, the index from the start, misspelt columns, an owed diary entry."""

import time

import pytest
from sqlalchemy import create_engine

from trainer_tui.diary.files import locked
from trainer_tui.runs import index
from trainer_tui.runs.index_rows import default_url
from trainer_tui.runs.process import host_name
from trainer_tui.supervise import finish as finishing
from trainer_tui.supervise import supervisor
from trainer_tui.supervise.launch import prepare_run


def test_a_note_names_its_writer(lab):
    run = lab.start("reach('up')\nwait_for('go')\ngood()\n")
    lab.reached("up")
    lab.ask(run, "note", text="the beam came back")
    (note,) = lab.events(run, "note")
    assert note["by"].endswith(f"@{host_name()}") and note["text"] == "the beam came back"
    lab.allow("go")
    assert lab.finished().passed


def test_the_index_lists_a_run_while_it_runs(lab):
    run = lab.start("reach('up')\nwait_for('go')\ngood()\n")
    lab.reached("up")
    engine = create_engine(default_url(lab.output))

    def rows():
        try:
            return index.rows(engine)
        except Exception:  # the table is not there yet
            return []

    (row,) = lab.until(rows, "a row of the index")
    assert (row["training_run_id"], row["status"], row["reason"]) == (run.name, "running", None)
    lab.allow("go")
    assert lab.finished().passed
    lab.until(lambda: rows()[0]["status"] == "completed", "the end in the index")


@pytest.mark.parametrize(
    ("settings", "state", "said"),
    [
        ({"converged": "rhatt < 1.05"}, "open", "mend converged in trainer.toml"),
        ({"main_metric": "val_acuracy"}, "open", "mend main_metric in trainer.toml"),
        ({"converged": "train_loss < 0.5"}, None, ""),
        ({}, None, ""),
        ({"converged": "rhatt < 1.05", "skipped_gates": {"converged": "later"}}, "skipped", ""),
    ],
)
def test_a_misspelt_column_is_told_after_the_quick_run(lab, settings, state, said):
    lab.watch("good()\n", phases=("quick", "full"), **settings)
    quick, full = lab.model.runs()
    assert full.phase == "full", "it fails nothing"
    (event,) = lab.events(quick, "gates")
    found = {result["name"]: result for result in event["results"]}.get("converged")
    assert (found and found["state"]) == state
    if said:
        assert "it has train_loss" in found["sentence"] and said in found["advice"]


def test_gates_that_cannot_be_judged_are_not_passed(lab, monkeypatch):
    monkeypatch.setattr(finishing, "evaluate", lambda *_: 1 / 0)
    lab.script("good()\n")
    run = prepare_run(lab.model, lab.plan(), "full")
    state = supervisor.RunSupervisor(lab.model, run, run.request()).supervise()
    assert state.reason == "failed" and state.sentence.startswith("its gates cannot be judged: ")
    assert [e["source"] for e in lab.events(run, "blind")] == ["gates"]


def test_an_owed_entry_is_waited_for(lab):
    lab.output.mkdir()
    with locked(lab.output):
        run = lab.start("sys.exit(3)\n")
        lab.event(run, "ended")
        time.sleep(1.5)  # longer than one try takes
    lab.finished()
    assert len(lab.events(run, "diary")) == 1 and "exited with code 3" in lab.diary.read_text()
