"""Notifications: a real command that writes a file, a real service behind apprise, and secrets."""

from __future__ import annotations

import http.server
import json
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from trainer_tui.runs.events import read_events
from trainer_tui.runs.occasions import Occasion
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.supervise import notify, notify_apprise

WRITES = "import sys; open('told.txt', 'a').write('|'.join(sys.argv[1:]) + '\\n')"
COMMAND = (sys.executable, "-S", "-c", WRITES, "{event}", "{run}", "{title}", "{text}")
OCCASION = Occasion("failed", "m #1: {text}", "a; $(touch evil) {title}", "m/001-full", True)


def plan(root: Path, **fields: object) -> WatchPlan:
    return replace(WatchPlan("m", (), ".", str(root)), **fields)  # type: ignore[arg-type]


def lines(root: Path) -> list[str]:
    path = root / "told.txt"
    return path.read_text().splitlines() if path.exists() else []


def test_the_whole_watch_is_told_once_each(lab):
    state = lab.watch(
        "good()\nif PHASE == 'full': raise ValueError('late')\n",
        phases=("quick", "full"),
        notify_command=COMMAND,
    )
    assert state.reason == "exception"
    lab.until(lambda: len(lines(lab.root)) == 2, "two notifications")
    gate, failed = lines(lab.root)
    assert gate.startswith("gate|demo/001-quick|demo #1 quick (5A): passed its gate|")
    assert failed.startswith("failed|demo/002-full|demo #2 full (5B): exception|ValueError: late")


def test_only_what_is_asked_for_is_told(lab):
    lab.watch("good()\n", notify_command=COMMAND, notify_on=("failed", "silent"))
    assert lines(lab.root) == []


def test_a_command_that_fails_makes_nobody_wait_and_is_told(lab):
    run = lab.start(
        "log(1, 0.5); log(2, 'nan'); log(3, 'nan'); log(4, 'nan'); wait_for('go')\n",
        notify_command=(sys.executable, "-S", "-c", "import sys; sys.exit('no desktop')"),
    )
    blind = lab.until(lambda: [e for e in read_events(run.events) if e["kind"] == "blind"], "blindness")
    assert blind[0]["source"] == "notify"
    assert "ended with exit code 1: no desktop" in blind[0]["why"]
    (lab.root / "go").touch()
    assert lab.finished().over


def test_there_is_no_shell_and_nothing_is_filled_in_twice(tmp_path):
    assert notify.tell(plan(tmp_path, notify_command=COMMAND), OCCASION) == ""
    assert lines(tmp_path) == ["failed|m/001-full|m #1: {text}|a; $(touch evil) {title}"]
    assert not (tmp_path / "evil").exists()


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path):
    began = time.monotonic()
    sleeps = plan(tmp_path, notify_command=("sh", "-c", "sleep 60 & sleep 60"))
    assert "ended after 0 s" in notify.tell(sleeps, OCCASION, limit_s=0.3)
    assert time.monotonic() - began < 10


def test_a_command_that_is_not_there_is_one_sentence(tmp_path):
    told = notify.tell(plan(tmp_path, notify_command=("no-such-program",)), OCCASION)
    assert told == "the command 'no-such-program' cannot be started: No such file or directory"


@pytest.fixture
def service():
    """A web service that keeps what is posted to it."""
    got: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if "refuse" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, got
    server.shutdown()


def test_apprise_tells_a_service_and_no_address_is_kept(tmp_path, service, monkeypatch):
    pytest.importorskip("apprise")
    monkeypatch.delenv("TRAINER_TUI_NOTIFY__APPRISE", raising=False)
    port, got = service
    url = f"json://127.0.0.1:{port}/SECRET"
    (tmp_path / "trainer.toml").write_text(f'[notify]\napprise = ["{url}"]\n')
    masked = plan(tmp_path, notify_apprise=("json://…",))
    assert notify.tell(masked, OCCASION) == ""
    assert got[0]["title"] == OCCASION.title and got[0]["message"] == OCCASION.text
    (tmp_path / "trainer.toml").write_text(f'[notify]\napprise = ["{url}/refuse", "nonsense://SECRET"]\n')
    told = notify.tell(masked, OCCASION)
    assert "2 of 2 services did not take it" in told and "SECRET" not in told
    (tmp_path / "trainer.toml").write_text("")
    assert "no addresses any more" in notify.tell(masked, OCCASION)
    monkeypatch.setenv("TRAINER_TUI_NOTIFY__APPRISE", url)
    assert notify.tell(masked, OCCASION) == "" and len(got) == 3


def test_without_apprise_one_sentence_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setattr(sys, "stdin", __import__("io").StringIO('{"urls": ["x://SECRET"], "bad": true}'))
    assert notify_apprise.main() == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "pip install 'trainer-tui[notify]'" in told and "SECRET" not in told


@pytest.mark.parametrize(
    ("text", "urls"),
    [("a://b c://d", ["a://b", "c://d"]), ('["a://b", 3]', ["a://b"]), ("[", []), ("", [])],
)
def test_addresses_of_the_environment(tmp_path, text, urls):
    assert notify.apprise_urls(tmp_path, {"TRAINER_TUI_NOTIFY__APPRISE": text}) == urls
