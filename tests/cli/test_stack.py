"""`stack`: verdict and stacks of the living run; one sentence where there is nothing to look at."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from shop import GOOD, WAITS, Shop, until

from trainer_tui.supervise.doing.verdict import MEANINGS


def waiting(shop: Shop) -> int:
    """A living run that polls for a file; the pid of its process."""
    shop.model("waits", WAITS)
    shop.start("watch", "waits", "--headless")
    until(lambda: "waiting" in "".join(p.read_text() for p in shop.root.glob("logs/waits/*.log")))
    until(lambda: shop.events("waits", "started"))
    return int(shop.events("waits", "started")[-1]["pid"])


def test_a_living_run_is_looked_at(shop: Shop):
    pid = waiting(shop)
    text = shop.ok("stack", "waits")
    first = text.splitlines()[0]
    assert first.startswith(
        f"waits/001-quick  pid {pid}  sleeps: the main thread sleeps in <module> (waits.py:"
    )
    assert "should it make no progress:\n  • " in text
    assert "<module> (waits.py:" in text.partition("Process ")[2]
    found = shop.json("stack", "models/waits.py")
    assert found["run"] == "waits/001-quick" and found["pid"] == pid and found["problem"] == ""
    assert found["verdict"]["name"] in MEANINGS and found["verdict"]["hypotheses"]
    process = found["snapshot"]["processes"][0]
    assert process["pid"] == pid and process["threads"][0]["frames"][0]["file"].endswith("waits.py")
    assert shop.json("stack", "waits", "--pid", str(pid))["pid"] == pid
    assert "process 1 does not belong to waits/001-quick" in shop.refused("stack", "waits", "--pid", "1")
    document = shop.root / "output/waits/001-quick/process.json"
    elsewhere = json.loads(document.read_text()) | {"host": "gpu02"}
    document.write_text(json.dumps(elsewhere))
    assert "runs on gpu02" in shop.refused("stack", "waits")


def test_where_nothing_runs_that_is_said(shop: Shop):
    shop.model("good", GOOD)
    assert "good has no run yet" in shop.refused("stack", "good")
    assert "no model" in shop.refused("stack", "nobody")
    assert "which process?" in shop.refused("stack")
    shop.ok("watch", "good", "--headless")
    assert "good/002-full has ended: there is no process to look at" in shop.refused("stack", "good")


def test_any_process_can_be_looked_at_without_a_project(shop: Shop):
    code = "import time\ndef here():\n    print(flush=True)\n    time.sleep(600)\nhere()"
    with subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            assert " in here (<string>:" in shop.ok("stack", "--pid", str(process.pid))
        finally:
            process.kill()
    assert "there is no process" in shop.refused("stack", "--pid", str(process.pid))


@pytest.mark.parametrize("pid", ["0", "-3", "x"])
def test_a_pid_that_is_none(shop: Shop, pid: str):
    assert "--pid" in shop.refused("stack", "--pid", pid)
