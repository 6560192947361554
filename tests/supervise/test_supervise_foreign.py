"""Histories that others write, translated as they grow: each value once, also after kills."""

import csv
import os
import struct
import sys
import time

import pytest

from trainer_tui.runs.formats import open_source
from trainer_tui.runs.formats.tfevents import masked_crc
from trainer_tui.runs.handover import ASIDE, MARK
from trainer_tui.runs.history import read_history
from trainer_tui.runs.history_writer import HistoryWriter
from trainer_tui.runs.state import observe
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.supervisor import RunSupervisor
from trainer_tui.supervise.translation import NotOursError, begin

NANOGPT = """
for n in range(0, N):
    print(f"iter {n}: loss {1 / (n + 1):.4f}, time 24.15ms, mfu 14.31%", flush=True)
    if n % 10 == 0:
        print(f"step {n}: train loss {1 / (n + 1):.4f}, val loss {2 / (n + 1):.4f}", flush=True)
    if n == HALF:
        reach("half"); wait_for("go")
results(); write("model_final.pkl", "x")
"""

KERAS = """
f = open(os.path.join(ROOT, "training.csv"), "w")
f.write("epoch,loss,val_loss\\r\\n")
for n in range(0, N):
    f.write(f"{n},{1 / (n + 1)},{2 / (n + 1)}\\r\\n"); f.flush()
    if n == HALF:
        reach("half"); wait_for("go")
results(); write("model_final.pkl", "x")
"""

LIGHTNING = """
folder = os.path.join(ROOT, "lightning_logs", "version_0")
os.makedirs(folder)
rows, names = [], ["epoch", "step", "train_loss"]
def save():
    with open(os.path.join(folder, "metrics.csv"), "w") as f:
        f.write(",".join(names) + "\\n")
        for row in rows:
            f.write(",".join(str(row.get(name, "")) for name in names) + "\\n")
for n in range(0, N):
    rows.append({"epoch": n // 10, "step": n, "train_loss": 1 / (n + 1)})
    if n % 10 == 9:
        rows.append({"epoch": n // 10, "step": n, "val_loss": 2 / (n + 1)})
        if "val_loss" not in names:
            names.append("val_loss")
    save()
    if n == HALF:
        reach("half"); wait_for("go")
results(); write("model_final.pkl", "x")
"""

TRANSFORMERS = """
log = []
for n in range(0, N):
    log.append({"epoch": n / 10, "step": n, "loss": 1 / (n + 1)})
    if n % 10 == 9:
        log.append({"epoch": n / 10, "step": n, "eval_loss": 2 / (n + 1), "eval_runtime": 1.0})
        folder = os.path.join(ROOT, "out", f"checkpoint-{n}")
        os.makedirs(folder)
        with open(os.path.join(folder, "trainer_state.json"), "w") as f:
            json.dump({"global_step": n, "log_history": log}, f)
    if n == HALF:
        reach("half"); wait_for("go")
results(); write("model_final.pkl", "x")
"""

TENSORBOARD = """
EVENTS = [bytes.fromhex(line) for line in open(os.path.join(ROOT, "events.hex"))]
os.makedirs(os.path.join(ROOT, "runs", "a"))
f = open(os.path.join(ROOT, "runs", "a", "events.out.tfevents.1.host"), "wb")
for n, event in enumerate(EVENTS):
    f.write(event[:9]); f.flush(); f.write(event[9:]); f.flush()
    if n == HALF * 2:
        reach("half"); wait_for("go")
results(); write("model_final.pkl", "x")
"""

N, HALF = 40, 25
SCRIPTS = {
    "log": (NANOGPT, "log: nanogpt", {"loss", "train_loss", "val_loss"}),
    "keras": (KERAS, "keras", {"loss", "val_loss"}),
    "lightning": (LIGHTNING, "lightning", {"train_loss", "val_loss"}),
    "trainer_state": (TRANSFORMERS, "trainer_state", {"loss", "eval_loss"}),
    "tensorboard": (TENSORBOARD, "tensorboard", {"train/loss", "val/loss"}),
}


def events_of(n):
    """The records of one step as a TensorBoard writer frames them, in hex."""
    for tag, value in (("train/loss", 1 / (n + 1)), ("val/loss", 2 / (n + 1))):
        entry = b"\x0a" + bytes([len(tag)]) + tag.encode() + b"\x15" + struct.pack("<f", value)
        summary = b"\x0a" + bytes([len(entry)]) + entry
        data = (
            b"\x09" + struct.pack("<d", n) + b"\x10" + bytes([n]) + b"\x2a" + bytes([len(summary)]) + summary
        )
        head = struct.pack("<Q", len(data))
        yield head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def prepare(lab, name):
    if name == "tensorboard":
        lines = [event.hex() for n in range(N) for event in events_of(n)]
        (lab.root / "events.hex").write_text("\n".join(lines))
    return f"import json\nN, HALF = {N}, {HALF}\n" + SCRIPTS[name][0]


def values(run):
    """(step, column, value) of everything in the table."""
    with open(run.history, newline="") as file:
        rows = list(csv.DictReader(file))
    step = next(name for name in ("step", "epoch") if name in rows[0])
    return [
        (float(row[step]), name, float(cell))
        for row in rows
        for name, cell in row.items()
        if cell and name not in ("step", "epoch")
    ]


def check(lab, run, name):
    found = values(run)
    assert len(found) == len(set(found)), "nothing twice"
    assert {column for _, column, _ in found} == SCRIPTS[name][2]
    steps = {column: [s for s, c, _ in found if c == column] for column in SCRIPTS[name][2]}
    first = "train_loss" if name == "lightning" else "train/loss" if name == "tensorboard" else "loss"
    assert steps[first] == list(range(N)), "nothing lost"
    assert read_history(run.history).problems == []
    told = lab.events(run, "history")
    assert [event["format"] for event in told] == [SCRIPTS[name][1]]
    assert SCRIPTS[name][1] in observe(run).history


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_script_writes_elsewhere_becomes_the_history(lab, name):
    run = lab.start(prepare(lab, name))
    lab.reached("half")
    lab.event(run, "history")
    lab.until(lambda: run.history.exists() and len(values(run)) > 15, "rows while it trains")
    lab.allow("go")
    state = lab.finished()
    assert state.passed, state.sentence
    check(lab, run, name)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_supervisor_killed_in_mid_run_loses_and_doubles_nothing(lab, name):
    run = lab.start(prepare(lab, name))
    lab.reached("half")
    lab.until(lambda: run.history.exists() and len(values(run)) > 15, "rows while it trains")
    lab.kill_supervisor(run)
    lab.allow("go")
    lab.until(lambda: run.exit_json.exists(), "the script to end unseen")
    lab.take_over()
    assert lab.finished().passed
    check(lab, run, name)


def test_a_nan_that_is_only_printed_is_an_incident(lab):
    run = lab.start(
        """
        for n in range(1, 30):
            print(f"epoch {n} loss={'nan' if n > 5 else 1 / n} acc: 0.5", flush=True)
        reach("ready"); wait_for("go")
        """
    )
    lab.reached("ready")
    lab.incident(run, "nan-loss", "confirmed")
    lab.allow("go")
    assert lab.finished().reason == "nan-loss"


def test_a_run_that_logs_with_us_is_left_alone(lab):
    state = lab.watch(
        "print('epoch 1 loss=9'); print('epoch 2 loss=8', flush=True)\n"
        "open(os.path.join(ROOT, 'training.csv'), 'w').write('epoch,loss\\n1,7\\n')\ngood()\n"
    )
    run = lab.model.latest()
    assert state.passed and state.history == "" and lab.events(run, "history") == []
    assert (
        read_history(run.history).columns.keys() == {"epoch", "train_loss"} and not (run.path / MARK).exists()
    )


def test_a_history_that_begins_later_takes_the_table_over(lab):
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    run = lab.start(
        f"""
        for n in range(1, 9):
            print(f"epoch {{n}} loss={{1 / n}}", flush=True)
        reach("printed"); wait_for("go")
        sys.path.insert(0, {package!r})
        from trainer_tui import TrainingRun
        with TrainingRun.current() as run:
            for n in range(1, 6):
                run.log(epoch=n, train_loss=2 / n, val_loss=3 / n)
            reach("logged"); wait_for("end")
        for n in range(9, 20):
            print(f"epoch {{n}} loss={{1 / n}}", flush=True)
        results(); write("model_final.pkl", "x")
        """
    )
    lab.reached("printed")
    lab.event(run, "history", format="log: key=value")
    lab.until(lambda: run.history.exists() and read_history(run.history).rows >= 7, "the printed rows")
    lab.allow("go")
    lab.reached("logged")
    lab.event(run, "history", format="own")
    lab.allow("end")
    assert lab.finished().passed and observe(run).history == ""
    history = read_history(run.history)
    assert list(history.columns["val_loss"]) == [3 / n for n in range(1, 6)] and "loss" not in history.columns
    assert read_history(run.path / ASIDE).rows >= 7 and not (run.path / MARK).exists()


def test_a_better_source_that_comes_later_is_taken_instead(lab):
    run = lab.start(
        """
        for n in range(1, 9):
            print(f"epoch {n} loss={1 / n}", flush=True)
        reach("printed"); wait_for("go")
        with open(os.path.join(ROOT, "log.csv"), "w") as f:
            f.write("epoch,loss,val_loss\\n" + "".join(f"{n},{1 / n},{2 / n}\\n" for n in range(1, 9)))
        reach("written"); wait_for("end")
        results(); write("model_final.pkl", "x")
        """
    )
    lab.reached("printed")
    lab.event(run, "history", format="log: key=value")
    lab.allow("go")
    lab.event(run, "history", format="keras", source="log.csv")
    lab.allow("end")
    assert lab.finished().passed
    assert list(read_history(run.history).columns["val_loss"]) == [2 / n for n in range(1, 9)]


@pytest.mark.parametrize("wish", ["none", "log"])
def test_what_the_setting_rules_out_is_not_taken(lab, wish):
    state = lab.watch(
        "open(os.path.join(ROOT, 'training.csv'), 'w').write('epoch,loss\\n1,7\\n')\n"
        "print('epoch 1 loss=9'); print('epoch 2 loss=8', flush=True)\n",
        history=wish,
    )
    run = lab.model.latest()
    assert state.history == ("" if wish == "none" else state.history) and run.history.exists() == (
        wish == "log"
    )
    if wish == "log":
        assert list(read_history(run.history).columns["loss"]) == [9, 8]


def test_a_named_history_is_missed_only_at_the_end(lab):
    """A training may take its time before it writes the first row; that must not look blind meanwhile."""
    run = lab.start("reach('ready'); wait_for('end'); results()", history="nowhere/metrics.csv")
    lab.reached("ready")
    lab.until(run.telemetry.exists, "the supervisor to be at work")
    assert lab.events(run, "blind") == []
    lab.allow("end")
    state = lab.finished()
    assert state.reason == "gate-failed"
    assert "nowhere/metrics.csv" in lab.event(run, "blind", source="foreign history")["why"]


def test_a_named_history_that_cannot_be_read_is_said_at_once(lab):
    (lab.root / "metrics.csv").symlink_to("metrics.csv")
    run = lab.start("reach('ready'); wait_for('end'); results()", history="metrics.csv")
    lab.event(run, "blind", source="foreign history")
    lab.allow("end")
    lab.finished()


def test_of_two_trainings_in_one_tree_each_has_its_own(lab):
    """Another process keeps a newer table open beside that of the job."""
    theirs = open(lab.root / "theirs.csv", "w")  # noqa: SIM115
    theirs.write("epoch,loss\n1,99\n2,98\n")
    theirs.flush()
    other = lab.root / "other.py"
    other.write_text(
        "import sys, time\nf = open(sys.argv[1], 'a')\n"
        "n = 3\nwhile True:\n    f.write(f'{n},99\\n'); f.flush(); n += 1; time.sleep(0.05)\n"
    )
    import subprocess

    process = subprocess.Popen([sys.executable, "-S", str(other), str(lab.root / "theirs.csv")])
    try:
        run = lab.start(
            """
            f = open(os.path.join(ROOT, "ours.csv"), "w")
            f.write("epoch,loss\\n")
            for n in range(1, 6):
                f.write(f"{n},{1 / n}\\n"); f.flush()
            reach("ready"); wait_for("go")
            results(); write("model_final.pkl", "x")
            """
        )
        lab.reached("ready")
        assert lab.event(run, "history")["source"] == "ours.csv"
    finally:
        process.kill()
        process.wait()
    lab.allow("go")
    assert lab.finished().passed
    assert list(read_history(run.history).columns["loss"]) == [1 / n for n in range(1, 6)]


# ------------------------------------------------------------------------- the translation alone


@pytest.fixture
def table(tmp_path):
    return tmp_path / "training_history.csv"


def translate(table, path, kind="keras"):
    translation = begin(table, open_source(kind, path), kind)
    while translation.step():
        continue
    translation.finish()
    return translation


def test_a_table_that_began_anew_with_other_values_goes_on(tmp_path, table):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n1,0.5\n2,0.4\n")
    translation = translate(table, path)
    path.write_text("epoch,loss,acc\n1,0.5,0.1\n2,0.45,0.2\n3,0.3,0.3\n")
    while translation.step():
        continue
    translation.finish()
    history = read_history(table)
    assert list(history.columns["loss"])[:2] == [0.5, 0.4] and sorted(
        history.columns["loss"].tolist()[3:]
    ) == [0.3, 0.45]
    assert [a for a in history.columns["acc"] if a == a] == [0.1, 0.2, 0.3]
    translation.close()


def test_a_table_that_somebody_else_writes_is_left_alone(tmp_path, table):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n1,0.5\n")
    translation = translate(table, path)
    with open(table, "a") as file:
        file.write("2,0.1\n")
    with open(path, "a") as file:
        file.write("2,0.9\n")
    with pytest.raises(NotOursError):
        for _ in range(3):
            translation.step()
    assert table.read_text() == "epoch,loss\n1,0.5\n2,0.1\n"


def test_a_script_that_claims_the_table_in_mid_translation(tmp_path, table):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n1,0.5\n")
    translation = translate(table, path)
    writer = HistoryWriter(table, claiming=True)
    writer.append({"epoch": 1, "train_loss": 3})
    with pytest.raises(NotOursError):
        translation.step()
    writer.append({"epoch": 2, "train_loss": 2})
    writer.close()
    assert table.read_text() == "epoch,train_loss\n1,3\n2,2\n"
    assert (tmp_path / ASIDE).read_text() == "epoch,loss\n1,0.5\n"


def test_a_disk_that_is_full_for_a_while_costs_nothing(tmp_path, table, monkeypatch):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n1,0.5\n")
    translation = translate(table, path)
    real, full = os.write, [True]

    def write(descriptor, data):
        if full and os.readlink(f"/proc/self/fd/{descriptor}") == str(table):
            raise OSError(28, "no space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    with open(path, "a") as file:
        file.write("2,0.4\n3,0.3\n")
    while translation.step():
        continue
    translation.finish()
    assert read_history(table).rows == 1
    full.clear()
    with open(path, "a") as file:
        file.write("4,0.2\n")
    until = time.monotonic() + 20
    while read_history(table).rows < 3 and time.monotonic() < until:
        translation.step()
    translation.step()
    translation.finish()
    translation.close()
    assert list(read_history(table).columns["loss"]) == [0.5, 0.4, 0.3, 0.2]


def test_very_many_columns_stay_bearable(tmp_path, table):
    path = tmp_path / "log.csv"
    names = [f"m{n}_loss" for n in range(400)]
    path.write_text(
        "epoch," + ",".join(names) + "\n" + "".join(f"{n}," + ",".join(["1"] * 400) + "\n" for n in (1, 2))
    )
    translate(table, path).close()
    assert len(read_history(table).columns) <= 201
    before = table.read_bytes()
    translate(table, path).close()
    assert table.read_bytes() == before


def test_a_look_of_the_supervisor_stays_short_while_a_large_log_is_read(lab):
    """A gigabyte is nothing for a test; what is asked is that no look waits for the reading."""
    lab.script("")
    run = prepare_run(lab.model, lab.plan(), "full")
    lines = b"".join(
        b"epoch %d loss=%.4f acc: 0.5 and some more words\n" % (n, 1 / (n + 1)) for n in range(300_000)
    )
    run.log().write_bytes(lines)
    watching = RunSupervisor(lab.model, run, run.request())
    watching.run.exit_json.unlink(missing_ok=True)
    watching.foreign.start()
    took = []
    until = time.monotonic() + 20
    try:
        while not run.history.exists() and time.monotonic() < until:
            began = time.monotonic()
            watching.hear_of_foreign()
            watching.read_history(time.monotonic())
            took.append(time.monotonic() - began)
            time.sleep(0.01)
    finally:
        watching.foreign.close()
        watching.changes.close()
    assert run.history.exists() and sorted(took)[int(len(took) * 0.95)] < 0.05
