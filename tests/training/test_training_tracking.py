"""Tracking: into SQLite, to a real server, and to servers that are down, hang or talk nonsense."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from trainer_tui.training.records import ValidationMetrics
from trainer_tui.training.tracking import Tracker, final_metrics, local_uri, sync
from trainer_tui.training.tracking.addresses import artifact_location, shown
from trainer_tui.training.tracking.delivery import QUIET, start
from trainer_tui.training.tracking.outbox import read_state, records

LONG = 240.0
"""Seconds for what takes a few: a busy machine is no failure."""


def a_run(output: Path, number: int = 1) -> Path:
    folder = output / "model_3" / f"{number:03d}-full"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "manifest.json").write_text("{}")
    (folder / "evaluation.json").write_text('{"auc": 0.9}')
    return folder


def told(folder: Path, uri: str = "", name: str = "run_1") -> Tracker:
    tracker = Tracker(folder, uri, "medals", name)
    tracker.params({"learning_rate": 0.1, "layers": [3, 4], "note": "x" * 9000})
    tracker.tags({"split_id": "abc", "data": "f00"})
    for number in range(3):
        tracker.trial({"number": number, "state": "complete", "value": (7 + number) / 10, "seconds": 1.5})
    tracker.trial({"number": 3, "state": "failed", "value": None, "seconds": 0.1})
    tracker.metrics({"test_auc": 0.91, "test_mcc": None, "test_r2": float("nan")})
    tracker.artifact(folder / "model")
    tracker.artifact(folder / "evaluation.json", "evaluation")
    return tracker


def in_database(path: Path, run: str) -> dict[str, object]:
    """What stands in MLflow's own tables."""
    with closing(sqlite3.connect(path)) as base:

        def rows(sql: str) -> list[tuple[object, ...]]:
            return base.execute(sql, (run,)).fetchall()

        status, name, experiment, place = rows(
            "select r.status, r.name, e.name, r.artifact_uri"
            " from runs r join experiments e using (experiment_id) where run_uuid = ?"
        )[0]
        files = Path(str(place).removeprefix("file://"))
        trials = rows(
            "select step, value from metrics where key = 'trial_value' and run_uuid = ? order by step"
        )
        return {
            "params": dict(rows("select key, value from params where run_uuid = ?")),
            "tags": dict(rows("select key, value from tags where run_uuid = ?")),
            "metrics": dict(rows("select key, value from latest_metrics where run_uuid = ?")),
            "trials": [list(row) for row in trials],
            "files": [str(path.relative_to(files)) for path in files.rglob("*")],
            "status": status,
            "name": name,
            "experiment": experiment,
        }


def on_server(url: str, run: str) -> dict[str, object]:
    """What the server's REST interface says."""

    def ask(method: str, **asked: str) -> dict[str, object]:
        address = f"{url}/api/2.0/mlflow/{method}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(address, timeout=LONG) as answer:
            return dict(json.load(answer))

    found = ask("runs/get", run_id=run)["run"]
    info, data = found["info"], found["data"]
    history = ask("metrics/get-history", run_id=run, metric_key="trial_value")["metrics"]
    files = [ask("artifacts/list", run_id=run, path=at)["files"] for at in ("model", "evaluation")]
    return {
        **{what: {one["key"]: one["value"] for one in data[what]} for what in ("params", "tags", "metrics")},
        "trials": sorted([int(one["step"]), one["value"]] for one in history),
        "files": [one["path"] for listed in files for one in listed],
        "experiment": ask("experiments/get", experiment_id=info["experiment_id"])["experiment"]["name"],
        "status": info["status"],
        "name": info["run_name"],
    }


def check(found: dict[str, object]) -> None:
    assert found["params"]["learning_rate"] == "0.1" and found["params"]["layers"] == "[3, 4]"
    assert len(found["params"]["note"]) == 6000
    assert found["tags"]["split_id"] == "abc" and found["tags"]["data"] == "f00"
    assert found["trials"] == [[0, 0.7], [1, 0.8], [2, 0.9]]
    assert found["metrics"]["test_auc"] == 0.91 and not {"test_mcc", "test_r2"} & set(found["metrics"])
    assert {"model/manifest.json", "evaluation/evaluation.json"} <= set(found["files"])
    assert (found["status"], found["name"], found["experiment"]) == ("FINISHED", "run_1", "medals")


def test_the_projects_own_database_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent in two goes, and between them it is forgotten how far the first one came."""
    elsewhere, output = tmp_path / "cwd", tmp_path / "output"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    folder = a_run(output)
    tracker = told(folder)
    first = sync(folder, timeout_s=LONG)
    assert (first.left, first.problem, first.sent) == (0, "", 10)
    assert in_database(output / "mlflow.db", first.mlflow_run_id)["status"] == "RUNNING"
    (folder / "tracking.json").unlink()
    second = tracker.finish(timeout_s=LONG)
    assert (second.left, second.problem, second.sent) == (0, "", 11)
    assert second.mlflow_run_id == first.mlflow_run_id
    check(in_database(output / "mlflow.db", first.mlflow_run_id))
    assert list(elsewhere.iterdir()) == []
    assert read_state(folder, local_uri(output)).sent == 11 and read_state(folder, "another").sent == 0
    assert "mlflow" not in sys.modules


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A real MLflow server on this machine; one for the session."""
    pytest.importorskip("flask")
    root = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += ["--backend-store-uri", f"sqlite:///{root}/server.db"]
    command += ["--artifacts-destination", str(root / "files")]
    environment = {**os.environ, **QUIET, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = (root / "log").open("wb")
    process = subprocess.Popen(
        command, env=environment, stdout=log, stderr=log, cwd=root, start_new_session=True
    )
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + LONG
    try:
        while not healthy(url):
            assert process.poll() is None and time.monotonic() < until, (root / "log").read_text()[-3000:]
            time.sleep(0.2)
        yield url
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        log.close()


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_real_server_gets_all_of_it_later(server: str, tmp_path: Path) -> None:
    """First the server is not there: nothing is lost, what was not sent is said, `sync` sends it."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://user:hunter2secret@127.0.0.1:{nobody.getsockname()[1]}"
        folder = a_run(tmp_path)
        refused = told(folder, away).finish(timeout_s=LONG)
    assert refused.left == len(records(folder)) == 11 and refused.mlflow_run_id == ""
    assert "11 of 11 entries were not sent to http://user:***@127.0.0.1" in refused.problem
    assert "They wait in" in refused.problem
    assert (
        not any("hunter2" in path.read_text() for path in folder.glob("*.js*"))
        and "hunter2" not in refused.problem
    )
    sent = sync(folder, server, LONG)
    assert (sent.left, sent.problem) == (0, "")
    check(on_server(server, sent.mlflow_run_id))


def test_a_server_that_hangs_costs_bounded_time(tmp_path: Path) -> None:
    """It takes connections and never answers: the process that waits for it is ended."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        folder = a_run(tmp_path)
        tracker = told(folder, f"http://127.0.0.1:{listener.getsockname()[1]}")
        sent = tracker.finish(timeout_s=6.0)
    assert sent.left == 11 and sent.problem.startswith("11 of 11 entries were not sent")
    assert len(records(folder)) == 11


def test_nothing_leaves_when_it_is_off(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    tracker = told(folder, "none")
    tracker.send()
    assert tracker.finish().problem == "Tracking is switched off."
    assert records(folder) == [] and not (folder / "tracking.jsonl").exists()
    assert "nothing that was tracked" in sync(folder).problem


def test_no_fault_of_ours_reaches_the_training(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    (folder / "tracking.jsonl").mkdir()
    tracker = told(folder)
    assert "cannot be written" in tracker.problem
    unset = Tracker(a_run(tmp_path, 2), "env:NO_SUCH_VARIABLE_HERE")
    assert "NO_SUCH_VARIABLE_HERE" in unset.finish().problem
    unset.send()
    assert "NO_SUCH_VARIABLE_HERE" in unset.problem


def test_addresses_are_shown_without_secrets(tmp_path: Path) -> None:
    assert shown("https://me:hunter2@host/x?token=abc") == "https://me:***@host/x?token=***"
    assert artifact_location("http://host") is None
    assert artifact_location(local_uri(tmp_path)) == (tmp_path / "mlflow-artifacts").as_uri()


def test_the_names_of_the_document() -> None:
    record = ValidationMetrics(
        "run_1",
        {"auc": 0.9},
        {"auc": 0.8},
        {"auc": 0.7},
        optimal_threshold=0.4,
        precision_at_k={100: 0.35},
        confidence_interval={"auc": (0.6, 0.75)},
    )
    found = final_metrics(record)
    assert found == {
        "train_auc": 0.9,
        "val_auc": 0.8,
        "test_auc": 0.7,
        "test_precision_at_100": 0.35,
        "test_auc_low": 0.6,
        "test_auc_high": 0.75,
        "optimal_threshold": 0.4,
    }


def test_the_process_that_sends_is_not_taken_for_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINER_RUN_DIR", str(tmp_path))
    seen: dict[str, object] = {}

    class Popen(subprocess.Popen):
        def __init__(self, command: list[str], **how: object) -> None:
            seen.update(how["env"], command=command)
            super().__init__(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    monkeypatch.setattr("trainer_tui.training.tracking.delivery.subprocess.Popen", Popen)
    assert start(a_run(tmp_path), "http://user:hunter2@127.0.0.1:1").wait() == 0
    assert "TRAINER_RUN_DIR" not in seen and seen["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "hunter2" not in str(seen)
