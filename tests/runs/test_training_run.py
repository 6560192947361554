"""TrainingRun from inside a script: what it writes, and that nothing it meets stops a training."""

from __future__ import annotations

import csv
import json
import math
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui import TrainingRun
from trainer_tui.runs.history_writer import HistoryWriter, ordered
from trainer_tui.runs.script_settings import read_settings
from trainer_tui.runs.subset import chosen_rows

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [n for n in os.environ if n.startswith("TRAINER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRAINER_RUN_DIR", str(tmp_path / "001-full"))
    return tmp_path / "001-full"


@pytest.fixture
def quick(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRAINER_PHASE", "quick")
    return folder


def table(folder: Path) -> list[dict[str, str]]:
    """The history; fails when it is not a rectangle."""
    lines = list(csv.reader((folder / "training_history.csv").read_text().splitlines()))
    assert {len(line) for line in lines} == {len(lines[0])}
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def script(code: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TRAINER_")}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=cwd, env=clean | {"PYTHONPATH": str(ROOT)} | environment, text=True, capture_output=True
    )


# What the environment says


def test_a_full_run_takes_everything(folder: Path) -> None:
    rows = [1, 2, 3]
    with TrainingRun.current() as run:
        assert (run.phase, run.quick, run.seed, run.folder) == ("full", False, 0, folder)
        assert run.subset(rows) is rows
        same, other = run.subset(rows, "abc")  # in full nothing is even looked at
        assert same is rows
        assert other == "abc"
        assert (run.iterations(2000), run.chains(4), run.estimators(500)) == (2000, 4, 500)
        assert list(run.epochs(3)) == [1, 2, 3]


def test_full_means_all_whatever_the_fractions_say(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINER_DATA_FRACTION", "0.15")
    monkeypatch.setenv("TRAINER_SCALE", "0.25")
    with TrainingRun.current() as run:
        assert run.iterations(100) == 100
        assert len(run.subset(list(range(100)))) == 100


def test_a_quick_run_takes_less(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINER_SEED", "7")
    with TrainingRun.current() as run:
        assert run.quick
        assert run.seed == 7
        assert (run.iterations(2000), run.chains(4), run.estimators(500)) == (500, 2, 250)
        assert (run.iterations(1), run.chains(2), run.chains(1), run.estimators(1)) == (1, 2, 1, 1)
        assert list(run.epochs(8)) == [1, 2]


def test_the_scales_can_be_set(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINER_SCALE", "0.1")
    monkeypatch.setenv("TRAINER_CHAINS_SCALE", "0.75")
    monkeypatch.setenv("TRAINER_DATA_FRACTION", "0.2")
    with TrainingRun.current() as run:
        assert (run.iterations(2000), run.chains(4), len(run.subset(range(50)))) == (200, 3, 10)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRAINER_PHASE", "quik"),
        ("TRAINER_DATA_FRACTION", "15%"),
        ("TRAINER_DATA_FRACTION", "0"),
        ("TRAINER_SCALE", "1.5"),
        ("TRAINER_SCALE", "nan"),
        ("TRAINER_CHAINS_SCALE", "-1"),
        ("TRAINER_SEED", "x"),
        ("TRAINER_SEED", "-1"),
        ("TRAINER_SEED", str(2**32)),
    ],
)
def test_a_bad_variable_is_one_clear_sentence(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is '{value}'; it must be [^\n]+$"):
        read_settings({name: value})


@pytest.mark.parametrize(
    ("environ", "main"),
    [
        ({}, True),
        ({"RANK": "0", "WORLD_SIZE": "4"}, True),
        ({"RANK": "3", "WORLD_SIZE": "4"}, False),
        ({"RANK": "3"}, True),  # somebody else's variable
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, False),
    ],
)
def test_only_the_first_process_of_a_distributed_run_writes(environ: dict[str, str], main: bool) -> None:
    assert read_settings(environ).main_process is main


def test_a_further_rank_writes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with TrainingRun.current() as run:
        for epoch in run.epochs(3):
            run.log(train_loss=1 / epoch)
        run.save_results([{"a": 1}])
        run.note("hello")
        assert run.save_model({}) is None
        assert run.checkpoint(b"", "a") is None
    assert list(folder.iterdir()) == []


def test_alone_it_numbers_its_own_folders(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(
        "from trainer_tui import TrainingRun\n"
        "with TrainingRun.current() as run:\n"
        "    print(run.phase, run.folder)\n"
        "    assert TrainingRun.current() is run\n"
        "    run.log(train_loss=1)\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRAINER_")}
    for number in (1, 2):
        ran = subprocess.run(
            [sys.executable, "fit.py"],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(ROOT)},
            text=True,
            capture_output=True,
            check=True,
        )
        made = tmp_path / "output" / "fit" / f"alone-00{number}"
        assert ran.stdout == f"full {made.resolve()}\n"
        assert len(table(made)) == 1


def test_everybody_in_one_process_gets_the_same_run(folder: Path) -> None:
    with TrainingRun.current() as run:
        assert TrainingRun.current() is run
    assert TrainingRun.current() is not run


def test_an_exception_passes_through_and_the_rows_are_there(folder: Path) -> None:
    def train() -> None:
        with TrainingRun.current() as run:
            run.log(train_loss=1.0)
            raise FloatingPointError("train_loss is nan since epoch 3")

    with pytest.raises(FloatingPointError, match="epoch 3"):
        train()
    assert len(table(folder)) == 1


def test_importing_is_light() -> None:
    # What costs time is what is imported: named here, for a busy machine makes milliseconds lie.
    heavy = {
        "dataclasses",
        "random",
        "tempfile",
        "subprocess",
        "logging",
        "pickle",
        "asyncio",
        "numpy",
        "datetime",
    }
    code = f"import sys; import trainer_tui; print(sorted({heavy!r} & set(sys.modules)))"
    assert script(code, ROOT).stdout == "[]\n"


# History


def test_the_columns_are_in_the_order_of_the_table(folder: Path) -> None:
    with TrainingRun.current() as run:
        run.log(grad_norm=45.2, rmse=12.3, epoch=1, val_loss=2.8, accuracy=0.1, train_loss=2.5)
        run.log(epoch=2, train_loss=2, val_loss=None, rmse=math.nan, accuracy=math.inf, grad_norm=-math.inf)
    header = (folder / "training_history.csv").read_text().splitlines()[0]
    assert header == "epoch,train_loss,val_loss,rmse,accuracy,grad_norm,time_s,elapsed_s"
    first, second = table(folder)
    assert first["rmse"] == "12.3"
    assert [second[n] for n in ("train_loss", "val_loss", "rmse", "accuracy", "grad_norm")] == [
        "2", "", "nan", "inf", "-inf",
    ]  # fmt: skip
    assert float(second["elapsed_s"]) >= float(second["time_s"]) >= 0
    assert math.isclose(
        float(first["time_s"]) + float(second["time_s"]), float(second["elapsed_s"]), abs_tol=1e-5
    )


def test_epoch_and_times_are_filled_in_unless_given(folder: Path) -> None:
    with TrainingRun.current() as run:
        run.log(train_loss=1)
        for _ in run.epochs(2):
            run.log(train_loss=1)
        run.log(train_loss=1, time_s=9, elapsed_s=10, epoch=50)
    rows = table(folder)
    assert [row["epoch"] for row in rows] == ["1", "1", "2", "50"]
    assert (rows[3]["time_s"], rows[3]["elapsed_s"]) == ("9", "10")


def test_a_new_name_widens_the_table(folder: Path) -> None:
    with TrainingRun.current() as run:
        run.log(train_loss=1)
        run.log(train_loss=2, val_loss=3)
        run.log(train_loss=4)
    assert [row["val_loss"] for row in table(folder)] == ["", "3", ""]
    assert [path.name for path in folder.iterdir()] == ["training_history.csv"]


def test_a_name_a_row_does_not_rewrite_forever(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with TrainingRun.current() as run:
        for i in range(300):
            run.log(**{f"loss_{i}": i})
    rows = table(folder)
    assert len(rows) == 300
    assert len(rows[0]) == 256
    assert capfd.readouterr().err.count("\n") == 1


def test_text_stays_in_its_cell_and_what_is_no_value_stays_empty(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with TrainingRun.current() as run:
        for _ in range(2):
            run.log(stage='a,"b"\nc', wrong=[1, 2], right=True, **{"odd, name": 1})
    row = table(folder)[1]
    assert (row["stage"], row["wrong"], row["right"], row["odd, name"]) == ('a,"b" c', "", "1", "1")
    assert capfd.readouterr().err == (
        "trainer-tui: log() takes numbers, text or None; the list in wrong is left empty\n"
    )


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.none(), st.text(), st.floats(), st.integers())))
def test_whatever_is_logged_the_table_is_a_rectangle(values: dict[str, Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        writer = HistoryWriter(Path(name) / "training_history.csv")
        writer.append({"epoch": 1})
        writer.append({"epoch": 2, **values})
        writer.close()
        lines = list(csv.reader((Path(name) / "training_history.csv").read_bytes().decode().splitlines()))
    assert len(lines) == 3
    assert len(lines[0]) == len(lines[1]) == len(lines[2]) == len({"epoch", *values})
    assert sorted(ordered(values)) == sorted(values)


def test_numpy_and_torch_scalars_are_numbers(folder: Path) -> None:
    np = pytest.importorskip("numpy")
    with TrainingRun.current() as run:
        run.log(epoch=np.int64(3), train_loss=np.float32(0.5), val_loss=np.float64("nan"), rmse=np.array(2.5))
    row = table(folder)[0]
    assert [row[n] for n in ("epoch", "train_loss", "val_loss", "rmse")] == ["3", "0.5", "nan", "2.5"]
    torch = pytest.importorskip("torch")
    with TrainingRun.current() as run:
        run.log(
            epoch=torch.tensor(4), train_loss=torch.tensor(0.25), val_loss=torch.ones(1, requires_grad=True)
        )
    row = table(folder)[1]
    assert [row[n] for n in ("epoch", "train_loss", "val_loss")] == ["4", "0.25", "1.0"]


def test_a_table_that_is_there_is_continued_past_a_torn_row(folder: Path) -> None:
    folder.mkdir()
    (folder / "training_history.csv").write_text("epoch,train_loss\n1,0.5\n2,0.")
    with TrainingRun.current() as run:
        run.log(epoch=2, train_loss=0.4)
    assert [(row["epoch"], row["train_loss"]) for row in table(folder)] == [("1", "0.5"), ("2", "0.4")]


def test_each_row_is_one_write(folder: Path) -> None:
    """A reader that looks between any two rows sees whole lines only."""
    seen: list[bytes] = []
    with TrainingRun.current() as run:
        for _ in run.epochs(50):
            run.log(train_loss=1 / 3)
            seen.append((folder / "training_history.csv").read_bytes())
    assert all(content.endswith(b"\n") for content in seen)
    assert [content.count(b"\n") for content in seen] == list(range(2, 52))


def test_several_threads_may_log(folder: Path) -> None:
    with TrainingRun.current() as run:
        threads = [
            threading.Thread(target=lambda: [run.log(train_loss=i) for i in range(200)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(table(folder)) == 800


def test_a_forked_worker_writes_nothing(folder: Path) -> None:
    with TrainingRun.current() as run:
        run.log(train_loss=1)
        child = os.fork()
        if child == 0:
            run.log(train_loss=2)
            run.progress(1, 1)
            run.__exit__()
            os._exit(0)
        os.waitpid(child, 0)
        run.log(train_loss=3)
    assert [row["train_loss"] for row in table(folder)] == ["1", "3"]
    assert not (folder / "progress.json").exists()


FULL_DISK = """
import resource, sys
from trainer_tui import TrainingRun
from trainer_tui.runs import history_writer
history_writer.RETRY_S = 0
with TrainingRun.current() as run:
    for epoch in run.epochs(300):
        if epoch == 100:  # from here on no file may grow beyond 4096 bytes, as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        if epoch == 200:
            assert run.checkpoint(bytes(10_000), "too-large") is None
            assert open("001/training_history.csv").read().endswith(chr(10))
            %s
        run.log(epoch=epoch, train_loss=1/epoch, val_loss=2/epoch)
    run.save_results([{"epochs": epoch}])
"""


def test_rows_wait_for_a_full_disk_and_are_written_when_there_is_room(tmp_path: Path) -> None:
    room = "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))"
    ran = script(FULL_DISK % room, tmp_path, TRAINER_RUN_DIR="001")
    assert ran.returncode == 0, ran.stderr
    assert [int(row["epoch"]) for row in table(tmp_path / "001")] == list(range(1, 301))
    assert ran.stderr.count("training_history.csv") == 1
    assert ran.stderr.count("checkpoint too-large") == 1
    assert list((tmp_path / "001" / "checkpoints").iterdir()) == []


def test_a_disk_that_stays_full_costs_rows_but_not_the_training(tmp_path: Path) -> None:
    ran = script(FULL_DISK % "pass", tmp_path, TRAINER_RUN_DIR="001")
    assert ran.returncode == 0, ran.stderr
    rows = table(tmp_path / "001")
    assert [int(row["epoch"]) for row in rows] == list(range(1, len(rows) + 1))
    assert 50 < len(rows) < 100
    assert f"{300 - len(rows)} rows of training_history.csv could not be written and are lost" in ran.stderr


def test_the_waiting_rows_are_bounded(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    writer = HistoryWriter(tmp_path / "nowhere" / "training_history.csv", keep=10)
    for epoch in range(25):
        writer.append({"epoch": epoch})
    assert (writer.waiting, writer.dropped) == (10, 15)
    (tmp_path / "nowhere").mkdir()
    writer.close()
    assert [row["epoch"] for row in table(tmp_path / "nowhere")] == [str(n) for n in range(15, 25)]
    assert "15 rows of training_history.csv could not be written and are lost" in capfd.readouterr().err


def test_a_closed_stderr_is_no_reason_to_stop(tmp_path: Path) -> None:
    code = "import os, sys; os.close(2)\n" + FULL_DISK % "pass" + "print('trained')"
    ran = script(code, tmp_path, TRAINER_RUN_DIR="001")
    assert (ran.returncode, ran.stdout) == (0, "trained\n")


# Progress


def progress(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "progress.json").read_bytes())
    assert document.pop("time").endswith("Z")
    return document


def test_epochs_publish_the_first_and_the_last(folder: Path) -> None:
    with TrainingRun.current() as run:
        for epoch in run.epochs(1000):
            if epoch == 500:  # far less than half a second later: kept back
                assert progress(folder) == {"done": 0, "total": 1000, "step_name": "epoch"}
        assert progress(folder) == {"done": 1000, "total": 1000, "step_name": "epoch"}


def test_what_was_kept_back_is_written_at_the_end(folder: Path) -> None:
    with TrainingRun.current() as run:
        for epoch in run.epochs(1000):
            if epoch == 8:
                break  # early stopping
    assert progress(folder) == {"done": 7, "total": 1000, "step_name": "epoch"}


def test_half_a_second_later_progress_is_written(folder: Path) -> None:
    with TrainingRun.current() as run:
        run.progress(1)
        run._progress._written_at -= 0.6
        run.progress(2, step_name="draw")
        assert progress(folder) == {"done": 2, "total": None, "step_name": "draw"}


def test_a_promise_is_written_at_once_and_ends_with_the_next_progress(folder: Path) -> None:
    with TrainingRun.current() as run:
        run.progress(1, 10)
        run.expect(600)
        assert progress(folder) == {"done": 1, "total": 10, "step_name": "step", "expect_s": 600.0}
        run.progress(10, 10)
        assert "expect_s" not in progress(folder)
        for wrong in (0, -1, math.nan, math.inf):
            with pytest.raises(ValueError, match="seconds above 0"):
                run.expect(wrong)


def test_progress_that_cannot_be_written_is_said_once(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with TrainingRun.current() as run:
        (folder / "progress.json").mkdir()
        for _ in range(3):
            run.progress(5, 5)
    assert capfd.readouterr().err.count("progress.json cannot be written") == 1


# Subsets


@given(st.integers(1, 3000), st.sampled_from([0.1, 0.15, 0.2]), st.integers(0, 2**32 - 1))
def test_a_subset_is_seeded_ordered_and_of_the_right_size(count: int, fraction: float, seed: int) -> None:
    rows = chosen_rows(count, fraction, seed)
    assert rows == chosen_rows(count, fraction, seed)
    assert rows == sorted(set(rows))
    assert len(rows) == max(1, round(count * fraction))
    assert 0 <= rows[0] <= rows[-1] < count


@given(st.lists(st.sampled_from("aaaaaabbbc"), min_size=20, max_size=500), st.integers(0, 100))
def test_every_class_keeps_its_share(labels: list[str], seed: int) -> None:
    rows = chosen_rows(len(labels), 0.15, seed, stratify=labels)
    assert {labels[i] for i in rows} == set(labels)
    wanted = round(len(labels) * 0.15)
    assert wanted <= len(rows) <= wanted + len(set(labels))
    for label in set(labels):
        part = sum(labels[i] == label for i in rows)
        assert abs(part - labels.count(label) * wanted / len(labels)) <= 1


@given(st.lists(st.integers(0, 40), min_size=60, max_size=400), st.integers(0, 100), st.booleans())
def test_no_group_is_torn_apart(groups: list[int], seed: int, with_classes: bool) -> None:
    classes = [group % 3 for group in groups] if with_classes else None
    rows = chosen_rows(len(groups), 0.15, seed, groups=groups, stratify=classes)
    taken = {groups[i] for i in rows}
    assert rows == [i for i, group in enumerate(groups) if group in taken]
    assert rows
    if classes:
        assert {classes[i] for i in rows} == set(classes)


def test_groups_come_near_the_wanted_number() -> None:
    groups = [i // 10 for i in range(1000)]
    assert 100 <= len(chosen_rows(1000, 0.15, 3, groups=groups)) <= 200


def test_labels_may_be_missing_or_one_hot() -> None:
    labels: list[Any] = [math.nan] * 50 + [1.0] * 50
    chosen = chosen_rows(100, 0.15, 0, stratify=labels)
    assert len(chosen) == 15
    assert min(chosen) < 50 <= max(chosen)
    assert len(chosen_rows(100, 0.15, 0, stratify=[[0, 1]] * 50 + [[1, 0]] * 50)) == 15


def test_the_same_rows_of_lists_arrays_frames_and_tensors(quick: Path) -> None:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    torch, sparse = pytest.importorskip("torch"), pytest.importorskip("scipy.sparse")
    numbers = list(range(100))
    array, column = np.arange(200).reshape(100, 2), np.arange(100)
    frame = pd.DataFrame({"a": numbers}, index=[f"row {n}" for n in numbers])
    with TrainingRun.current() as run:
        kept = run.subset(
            numbers,
            tuple(numbers),
            range(100),
            array,
            frame,
            frame["a"],
            torch.arange(100),
            sparse.csr_matrix(array),
            stratify=column % 2,
        )
        assert kept[0] == run.subset(numbers, stratify=frame["a"] % 2)
        assert kept[0] == run.subset(numbers, stratify=torch.arange(100) % 2)
    rows = kept[0]
    assert len(rows) == 15
    assert isinstance(kept[1], tuple)
    assert (
        list(kept[1])
        == list(kept[2])
        == kept[4]["a"].tolist()
        == kept[5].tolist()
        == kept[6].tolist()
        == rows
    )
    assert kept[3].tolist() == kept[7].toarray().tolist() == array[rows].tolist()
    assert list(kept[4].index) == [f"row {n}" for n in rows]


def test_what_makes_no_subset_is_said(quick: Path) -> None:
    with TrainingRun.current() as run:
        with pytest.raises(ValueError, match="one length, not of 3, 4"):
            run.subset([1, 2, 3], [1, 2, 3, 4])
        with pytest.raises(ValueError, match="stratify has 2 labels for 3 rows"):
            run.subset([1, 2, 3], stratify=[1, 2])
        with pytest.raises(ValueError, match="100 different values and the subset only 15 rows"):
            run.subset(range(100), stratify=range(100))
        for wrong in ("text", {"a": 1}, 5):
            with pytest.raises(TypeError, match="subset"):
                run.subset(wrong)
        with pytest.raises(TypeError, match="at least one array"):
            run.subset()
        assert run.subset([]) == []


# What comes out


def test_results_from_dicts(folder: Path) -> None:
    with TrainingRun.current() as run:
        path = run.save_results([{"country": "A, B", "medals": 3}, {"medals": math.nan, "gold": 1.5}])
        assert path.read_text() == 'country,medals,gold\n"A, B",3,\n,nan,1.5\n'
        assert run.save_results({"rmse": 4.31}).read_text() == "rmse\n4.31\n"
        assert run.save_results(iter([{"rmse": 1}])).read_text() == "rmse\n1\n"
        for nothing in ([], [{}], iter(())):
            with pytest.raises(ValueError, match="no rows"):
                run.save_results(nothing)
        with pytest.raises(ValueError, match="row 2 has a list as medals"):
            run.save_results([{"medals": 1}, {"medals": [1]}])
        assert path.read_text() == "rmse\n1\n"


def test_results_from_a_frame(folder: Path) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"medals": [3.0, math.nan], "team": ["a", "b"]})
    with TrainingRun.current() as run:
        # A missing number must not look like an empty cell: the gate asks for finite numbers.
        assert run.save_results(frame).read_text() == "medals,team\n3.0,a\nnan,b\n"
        assert run.save_results(frame.set_index("team")).read_text() == "team,medals\na,3.0\nb,nan\n"
        with pytest.raises(ValueError, match="no rows"):
            run.save_results(frame[:0])


def test_results_that_cannot_be_written_fail_the_run_and_leave_the_old_ones(folder: Path) -> None:
    code = (
        "import resource; from trainer_tui import TrainingRun\n"
        "with TrainingRun.current() as run:\n"
        "    run.save_results([{'a': 1}])\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))\n"
        "    run.save_results([{'a': n} for n in range(1000)])\n"
    )
    folder.mkdir()
    ran = script(code, folder, TRAINER_RUN_DIR=".")
    assert ran.returncode == 1
    assert "OSError: [Errno 27] File too large" in ran.stderr
    assert [path.name for path in folder.iterdir()] == ["results.csv"]
    assert (folder / "results.csv").read_text() == "a\n1\n"


def test_a_plain_model_is_pickled(folder: Path) -> None:
    with TrainingRun.current() as run:
        path = run.save_model({"weights": [1, 2]})
        assert path == folder / "model_final.pkl"
        assert pickle.loads(path.read_bytes()) == {"weights": [1, 2]}
        with pytest.raises((pickle.PicklingError, AttributeError)):
            run.save_model(lambda: 1)
        assert [p.name for p in folder.iterdir()] == ["model_final.pkl"]


def test_torch_models_keep_their_state_dict(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(2, 1)
    with TrainingRun.current() as run:
        run.save_model("an older save in the other form")
        for given_model in (model, torch.nn.DataParallel(model), model.state_dict()):
            path = run.save_model(given_model)
            assert path == folder / "model_final.pt"
            loaded = torch.load(path, weights_only=True)
            assert loaded.keys() == model.state_dict().keys()
            assert torch.equal(loaded["weight"], model.weight)
        assert [p.name for p in folder.iterdir()] == ["model_final.pt"]
        whole = {"model": model.state_dict(), "epoch": 3}
        path = run.checkpoint(whole, "epoch-3.pt")
        assert path == folder / "checkpoints" / "epoch-3.pt"
        assert torch.load(path, weights_only=True)["epoch"] == 3


def test_a_torch_model_on_a_full_disk(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    code = (
        "import resource, torch; from trainer_tui import TrainingRun\n"
        "with TrainingRun.current() as run:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "    assert run.checkpoint(torch.nn.Linear(100, 100), 'a') is None\n"
        "    run.save_model(torch.nn.Linear(100, 100))\n"
    )
    ran = script(code, tmp_path, TRAINER_RUN_DIR="001")
    assert "checkpoint a could not be written" in ran.stderr
    assert "OSError: [Errno 27] File too large" in ran.stderr
    assert [p.name for p in (tmp_path / "001").iterdir()] == ["checkpoints"]


def test_checkpoints_take_bytes_and_plain_names_only(folder: Path) -> None:
    with TrainingRun.current() as run:
        path = run.checkpoint(b"\0weights", "epoch-10.bin")
        assert path == folder / "checkpoints" / "epoch-10.bin"
        assert path.read_bytes() == b"\0weights"
        assert run.checkpoint([1], "epoch-20") == folder / "checkpoints" / "epoch-20.pkl"
        for name in ("", "../a", "a/b", ".hidden", "/tmp/a", "a\0"):
            with pytest.raises(ValueError, match="plain file name"):
                run.checkpoint(b"", name)


def test_notes_become_requests_to_the_supervisor(folder: Path) -> None:
    with TrainingRun.current() as run:
        run.note("plateau left\nat last – ✔")
        run.note("again")
    notes = [json.loads(line) for line in (folder / "control.jsonl").read_text().splitlines()]
    assert [note["text"] for note in notes] == ["plateau left\nat last – ✔", "again"]
    assert {note["request"] for note in notes} == {"note"}
    assert all(note["time"].endswith("Z") for note in notes)
