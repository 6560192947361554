"""The real program in a real terminal (tmux), with everything killed that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

PROMPT = "READY>"
WATCH = f"{sys.executable} -m trainer_tui.cli.app watch"

WAITS = """
import time
from pathlib import Path
from trainer_tui import TrainingRun
with TrainingRun.current() as run:
    for epoch in run.epochs(2000):
        run.log(epoch=epoch, train_loss=1 / epoch**2, val_loss=1.1 / epoch**2)
        print("epoch", epoch, flush=True)
        if run.quick or Path("go").exists():
            continue
        time.sleep(0.05)
    run.save_results([{"x": 1.0}, {"x": 2.0}])
    run.save_model({"w": 1})
"""
"""Its full run goes on until there is a file named `go`."""

FAILS = """
import time
from pathlib import Path
from trainer_tui import TrainingRun
with TrainingRun.current() as run:
    run.log(epoch=1, train_loss=1.0)
    print("epoch 1", flush=True)
    while not Path("fail").exists():
        time.sleep(0.02)
    raise ValueError("the learning rate is negative")
"""


class Terminal:
    """One tmux server with one window, in which a shell waits in a project."""

    def __init__(self, root: Path, width: int = 160, height: int = 48) -> None:
        self.root = root
        self._socket = root / "tmux"
        environ = {k: v for k, v in os.environ.items() if k not in ("TMUX", "NO_COLOR", "COLUMNS", "LINES")}
        # A short prompt without a start file: what stands on the screen is what we put there.
        environ |= {"PS1": f"{PROMPT} ", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        size = ("-x", str(width), "-y", str(height))
        shell = ("bash", "--norc", "--noprofile")
        subprocess.run(
            [*self._tmux, "-f", "/dev/null", "new-session", "-d", *size, "-c", str(root), *shell],
            env=environ,
            check=True,
            timeout=20,
        )
        self.wait_for(PROMPT)

    @property
    def _tmux(self) -> tuple[str, ...]:
        return ("tmux", "-S", str(self._socket))

    def tmux(self, *words: str) -> str:
        """One command to the server."""
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True, timeout=20)
        return done.stdout

    def type(self, text: str) -> None:
        """Type a text as it stands."""
        self.tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys, by the names that tmux gives them."""
        self.tmux("send-keys", *keys)

    def command(self, line: str) -> None:
        """Type a command line."""
        self.type(line)
        self.press("Enter")

    def screen(self) -> str:
        """What stands on the screen."""
        return self.tmux("capture-pane", "-p")

    def in_alternate_screen(self) -> bool:
        """Whether a program has taken the whole screen."""
        return self.tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def takes_the_mouse(self) -> bool:
        """Whether mouse movements are sent to the program."""
        return self.tmux("display-message", "-p", "#{mouse_any_flag}").strip() == "1"

    def wait_for(self, *texts: str, seconds: float = 30) -> str:
        """Wait until all of these stand on the screen at once, and return it."""
        seen = ""

        def there() -> bool:
            nonlocal seen
            seen = self.screen()
            return all(text in seen for text in texts)

        assert waited(there, seconds), f"{texts} did not come:\n{seen}"
        return seen

    def dashboard(self) -> psutil.Process:
        """The process of the dashboard."""
        (found,) = [p for p in psutil.process_iter(["cmdline"]) if self._is(p, "trainer_tui.cli.app")]
        return found

    def supervisor(self) -> psutil.Process | None:
        """The process of the supervisor."""
        found = [p for p in psutil.process_iter(["cmdline"]) if self._is(p, "trainer_tui.supervise")]
        return found[0] if found else None

    def close(self) -> None:
        """End the window and everything that was started in it."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=20)
        for module in ("trainer_tui.supervise", ""):
            for process in psutil.process_iter(["cmdline"]):
                if self._is(process, module):
                    process.kill()

    def _is(self, process: psutil.Process, module: str) -> bool:
        words: list[str] = process.info["cmdline"] or [""]
        try:
            here = any(f"{self.root}/" in word for word in words) or process.cwd() == str(self.root)
        except psutil.Error:
            return False
        return here and (module in words if module else "python" in words[0])


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in a project with one model that waits and one that fails."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/a.py").write_text(WAITS)
    (tmp_path / "models/b.py").write_text(FAILS)
    (tmp_path / "trainer.toml").write_text("[full]\nmin_hours = 0\n[stop]\ngrace_seconds = 1\n")
    place = Terminal(tmp_path)
    yield place
    place.close()


def waited(question: Callable[[], Any], seconds: float) -> bool:
    """Whether the answer became true in that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if question():
            return True
        time.sleep(0.05)
    return False


def test_a_run_outlives_everything_that_watches_it(terminal: Terminal):
    terminal.command(f"{WATCH} a")
    first = terminal.wait_for("a #2 full (5B)", "● running")
    assert len(first.splitlines()) == 48 and terminal.in_alternate_screen()

    terminal.dashboard().kill()
    terminal.wait_for("Killed")
    assert terminal.supervisor() is not None
    terminal.command(f"reset; {WATCH} a")
    terminal.wait_for("a #2 full (5B)", "● running")

    supervisor = terminal.supervisor()
    assert supervisor is not None
    supervisor.kill()

    def taken_over() -> bool:
        now = terminal.supervisor()
        return now is not None and now.pid != supervisor.pid

    assert waited(taken_over, 20), terminal.screen()
    terminal.wait_for("a #2 full (5B)", "● running")

    (terminal.root / "go").touch()
    terminal.wait_for("✔ passed")
    terminal.press("q")
    terminal.wait_for("a/002-full ✔ passed after", PROMPT)
    assert not terminal.in_alternate_screen()
    assert sorted(path.name for path in (terminal.root / "output/a").glob("*-*")) == ["001-quick", "002-full"]


def test_a_failure_opens_its_diary_entry(terminal: Terminal):
    terminal.command(f"{WATCH} b")
    terminal.wait_for("b #1 quick (5A)", "● running")
    (terminal.root / "fail").touch()
    terminal.wait_for("entry #1", "### The Investigation", seconds=15)
    terminal.type("halved the rate")
    terminal.wait_for("halved the rate")
    terminal.press("C-s")
    diary = terminal.root / "output/dev_diary.md"
    assert waited(lambda: "halved the rate" in diary.read_text(), 10), terminal.screen()
    terminal.type(" and doubled it")
    terminal.press("Escape")
    assert waited(lambda: "halved the rate and doubled it" in diary.read_text(), 10), terminal.screen()
    terminal.wait_for("5A quick ✘")  # the phase chain: the Watch screen again
    text = diary.read_text()
    assert "the learning rate is negative" in text
    assert text.index("### The Investigation") < text.index("halved the rate") < text.index("### The Fix")
    terminal.press("q")
    terminal.wait_for("b/001-quick ✘ exception after", PROMPT)


def test_small_windows_and_quitting(terminal: Terminal):
    terminal.command(f"{WATCH} a")
    terminal.wait_for("a #2 full (5B)", "● running")
    terminal.tmux("resize-window", "-x", "80", "-y", "24")
    assert waited(lambda: max(map(len, terminal.screen().splitlines())) <= 80, 10)
    small = terminal.wait_for("a #2 full (5B)", "● running", "5B")
    assert len(small.splitlines()) <= 24
    terminal.press("q")
    terminal.wait_for("a/002-full goes on without this screen", "Come back: trainer-tui watch a", PROMPT)
    assert not terminal.in_alternate_screen()

    terminal.command(f"clear; {WATCH} a")
    terminal.wait_for("a #2 full (5B)", "● running")
    terminal.dashboard().send_signal(signal.SIGTERM)
    terminal.wait_for("a/002-full goes on without this screen", PROMPT)
    assert not terminal.in_alternate_screen() and not terminal.takes_the_mouse()
    terminal.command("echo and $((6 * 7))")
    terminal.wait_for("and 42")
    assert terminal.supervisor() is not None


def test_a_window_whose_change_of_size_nobody_told_is_drawn_anew(terminal: Terminal):
    deaf = (
        "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH}); "
        "from trainer_tui.cli.app import main; sys.argv = ['trainer-tui', 'watch', 'a']; main()"
    )
    terminal.command(f'{sys.executable} -c "{deaf}"')
    terminal.wait_for("a #2 full (5B)", "● running")
    terminal.tmux("resize-window", "-x", "80", "-y", "24")
    assert len(terminal.wait_for("a #2 full (5B)", "● running", "gates").splitlines()) <= 24
    terminal.press("q")
    terminal.wait_for("a/002-full goes on without this screen", PROMPT)


@pytest.mark.parametrize(("key", "there"), [("M", "Now ─"), ("l", "Log of a/002-full"), ("h", "train_loss")])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_clean_at_every_place(
    terminal: Terminal, key: str, there: str, number: signal.Signals
):
    terminal.command(f"{WATCH} a")
    terminal.wait_for("a #2 full (5B)", "● running")
    terminal.press(key)
    terminal.wait_for(there, "5 Machine")
    terminal.press("?")
    terminal.wait_for("esc or ? closes")
    terminal.dashboard().send_signal(number)
    terminal.wait_for("a/002-full goes on without this screen", PROMPT)
    assert not terminal.in_alternate_screen() and not terminal.takes_the_mouse()
    terminal.command("echo and $((6 * 7))")
    terminal.wait_for("and 42")


def test_a_fault_of_ours_leaves_the_terminal_clean(terminal: Terminal):
    """The Machine screen raises while it is built: an error on the screen is one that nobody expects."""
    (terminal.root / "sitecustomize.py").write_text(
        "import sys\n"
        "class Fault:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'trainer_tui.tui.screens.machine':\n"
        "            raise ValueError('a fault of ours')\n"
        "sys.meta_path.insert(0, Fault())\n"
    )
    terminal.command(f"PYTHONPATH={terminal.root} {WATCH} a")
    terminal.wait_for("a #2 full (5B)", "● running")
    terminal.press("M")
    terminal.wait_for("a fault of ours", PROMPT)
    assert not terminal.in_alternate_screen() and not terminal.takes_the_mouse()
    terminal.command("clear; echo and $((6 * 7))")
    terminal.wait_for("and 42")


def test_a_bar_instead_of_the_dashboard(terminal: Terminal):
    terminal.command(f"{WATCH} a --headless; echo left with $?")
    terminal.wait_for("— a #2 full (5B)", "a #2 full (5B) running train_loss", "━")
    assert not terminal.in_alternate_screen()
    terminal.press("C-c")
    seen = terminal.wait_for("Come back: trainer-tui watch a", "left with 130")
    assert "━" not in seen


def test_who_comes_back_after_the_end_sees_the_end(terminal: Terminal):
    terminal.command(f"{WATCH} a")
    terminal.wait_for("a #2 full (5B)", "● running")
    terminal.press("q")
    terminal.wait_for("Come back: trainer-tui watch a", PROMPT)
    (terminal.root / "go").touch()
    assert waited(lambda: terminal.supervisor() is None, 30)
    terminal.command(f"clear; {WATCH} a")
    terminal.wait_for("a #2 full (5B)", "✔ passed", "R starts another run")
    terminal.press("q")
    terminal.wait_for("a/002-full ✔ passed after", PROMPT)
    assert not (terminal.root / "output/a/003-quick").exists()
    terminal.command(f"clear; {WATCH} a")
    terminal.wait_for("✔ passed")
    assert waited((terminal.root / "output/a/003-quick").is_dir, 10), "its end was seen: this is a new watch"
