"""Whatever ends or refuses a save, at whichever system call: the file is the old or the new one, whole."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from diary_world import facts, spawn

from trainer_tui.diary import entries, open_entry, read
from trainer_tui.diary.files import LOCK_NAME

STEPPER = """
import errno, fcntl, os, signal, sys
from pathlib import Path
from trainer_tui.diary import read, save_entry
from trainer_tui.tui.drafts import Drafts

path, how = Path(sys.argv[1]), sys.argv[2]
base = read(path).find(2).text
new = base.rstrip() + "\\n\\n" + "typed at night\\n" * 20_000 + "\\n"
OF_OS = "open write fsync fchmod close replace rename unlink mkdir rmdir fstat stat"
CALLS = [(os, name) for name in OF_OS.split()] + [(fcntl, "flock")]
hit = []

def wrap(limit):
    count = 0
    def wrapped(name, real):
        def call(*args, **more):
            nonlocal count
            count += 1
            if count == limit:
                hit.append(name)
                if how == "kill":
                    if name == "write":
                        real(args[0], bytes(args[1])[: len(args[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
                if name in ("write", "fsync", "open", "replace", "flock", "mkdir"):
                    raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args, **more)
        return call
    for module, name in CALLS:
        setattr(module, name, wrapped(name, getattr(module, name)))

step = 0
while True:
    step += 1
    child = os.fork()
    if child == 0:
        drafts = Drafts(path)
        drafts.keep(2, base, new)
        wrap(step)
        try:
            save_entry(path, 2, base, new)
        except OSError as error:
            os._exit(0 if error.errno == errno.ENOSPC else 9)
        drafts.drop([drafts.path(2)])
        os._exit(0 if hit else 7)
    status = os.waitpid(child, 0)[1]
    now = read(path).find(2)
    state = "new" if now is not None and now.text == new else "old" if now and now.text == base else "torn"
    lost = [d.text for d in Drafts(path).abandoned(2)]
    print(state, "draft" if new in lost else "-", os.waitstatus_to_exitcode(status), flush=True)
    Drafts(path).drop(path.parent.joinpath(".drafts").glob("*.json"))
    if state == "new":
        # From here on every step begins with the old file again.
        save_entry(path, 2, new, base)
    if os.waitstatus_to_exitcode(status) == 7:
        break
"""


@pytest.mark.parametrize("how", ["kill", "refuse"])
def test_a_fault_at_any_system_call_leaves_a_whole_file_and_the_draft(diary: Path, how: str) -> None:
    before = diary.read_bytes()
    out, errors = spawn(STEPPER, diary, how).communicate(timeout=120)
    steps = [line.split() for line in out.splitlines()]
    assert len(steps) > 12 and steps[-1][0] == "new" and steps[-1][2] == "7", (out, errors)
    for state, draft, code in steps[:-1]:
        assert state in ("old", "new")
        # Until the file holds the text, the draft does.
        assert state == "new" or draft == "draft", out
        assert int(code) == (-9 if how == "kill" else 0), out
    assert {"old", "new"} == {step[0] for step in steps}
    assert diary.read_bytes() == before
    assert open_entry(diary, facts("log:after")) == 4
    assert {p.name for p in diary.parent.iterdir()} <= {"dev_diary.md", LOCK_NAME, ".drafts"}


LIMITED = """
import resource, signal, sys
from trainer_tui.diary import read, save_entry
path = sys.argv[1]
base = read(path).find(2).text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    save_entry(path, 2, base, base + "x" * 100_000)
except OSError as error:
    print("refused", error.errno)
"""

UNPRIVILEGED = """
import os, sys
from trainer_tui.diary import read, save_entry
path = sys.argv[1]
base = read(path).find(2).text
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    save_entry(path, 2, base, base + "x")
except PermissionError as error:
    print("refused", error.errno)
"""


@pytest.mark.parametrize("code", [LIMITED, UNPRIVILEGED], ids=["no room", "no permission"])
def test_a_save_that_fails_leaves_the_old_file(diary: Path, code: str) -> None:
    before = diary.read_bytes()
    diary.parent.chmod(0o555)
    try:
        if code is LIMITED:
            diary.parent.chmod(0o755)
        out, errors = spawn(code, diary).communicate(timeout=30)
    finally:
        diary.parent.chmod(0o755)
    assert out.startswith("refused"), errors
    assert diary.read_bytes() == before
    assert {p.name for p in diary.parent.iterdir()} == {"dev_diary.md", LOCK_NAME}


WRITER = """
import sys
from trainer_tui.diary import append_to_section, edit_entry, read, save_entry
path, name, section, turns = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
text = read(path).find(2).text
for turn in range(turns):
    # An editor with a buffer of its own, which never looks at what others write.
    mine = append_to_section(text, section, f"{name}:{turn}")
    save_entry(path, 2, text, mine, wait_s=60)
    text = mine
"""

MACHINE = """
import sys
from trainer_tui.diary import append_to_section, edit_entry
path, turns = sys.argv[1], int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for turn in range(turns):
    edit_entry(path, 2, lambda text: append_to_section(text, "fix", f"<!-- fix: x -->\\nmachine:{turn}"), 60)
"""

# An editor that knows no lock: it writes the whole file beside and renames it, as vim does. Only where nobody
# wrote since it read the file; between that look and the rename nothing can help it, or us.
STRANGER = """
import os, sys
from pathlib import Path
path, turns = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for turn in range(turns):
    while True:
        seen = path.stat()
        text = path.read_text()
        new = text.replace("## Search Log\\n", f"## Search Log\\n\\nstranger:{turn}\\n", 1)
        beside = path.with_name("4913")
        beside.write_text(new)
        now = path.stat()
        if (seen.st_ino, seen.st_mtime_ns) == (now.st_ino, now.st_mtime_ns):
            os.replace(beside, path)
            break
"""


def test_two_editors_and_a_machine_lose_nothing(diary: Path) -> None:
    turns = 15
    writers = [
        spawn(WRITER, diary, "one", "investigation", turns),
        spawn(WRITER, diary, "two", "why", turns),
        spawn(MACHINE, diary, turns),
    ]
    _together(writers)
    text = diary.read_text()
    for name in ("one", "two", "machine"):
        for turn in range(turns):
            assert text.count(f"{name}:{turn}\n") == 1, (name, turn)
    assert "conflict" not in text and [entry.number for entry in entries(diary)] == [1, 2, 3]


def test_two_editors_in_one_section_lose_nothing(diary: Path) -> None:
    turns = 8
    _together([spawn(WRITER, diary, name, "why", turns) for name in ("one", "two")])
    text = diary.read_text()
    assert all(f"{name}:{turn}\n" in text for name in ("one", "two") for turn in range(turns))
    assert [entry.number for entry in entries(diary)] in ([1, 2, 3], [1, 2, 2, 3])


def test_an_editor_that_knows_no_lock_beside_two_that_do(diary: Path) -> None:
    with diary.open("a") as file:
        file.write("\n## Search Log\n")
    turns = 10
    writers = [spawn(WRITER, diary, "one", "why", turns), spawn(STRANGER, diary, turns)]
    _together(writers)
    text = diary.read_text()
    assert all(text.count(f"one:{turn}\n") >= 1 for turn in range(turns))
    assert read(diary).find(2) is not None and "stranger:" in text


def _together(writers: list[subprocess.Popen[str]]) -> None:
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors


def test_reading_changes_nothing(diary: Path) -> None:
    before = diary.read_bytes(), diary.stat(), sorted(os.listdir(diary.parent))
    read(diary)
    entries(diary)
    after = diary.stat()
    assert (diary.read_bytes(), sorted(os.listdir(diary.parent))) == (before[0], before[2])
    assert (after.st_mtime_ns, after.st_ino) == (before[1].st_mtime_ns, before[1].st_ino)
