"""The document's own story, with a real training script: diverges, still diverges, clipping converges."""

import os
import re
import signal
import subprocess
import sys

import pytest

from trainer_tui import diary
from trainer_tui.diary.files import locked
from trainer_tui.runs.files import try_lock
from trainer_tui.runs.state import observe
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.notebook.fix import accept
from trainer_tui.supervise.start import start_watch

EPIDEMIC = '''
"""Gradient descent on a network that grows: each epoch adds a city to the hub, and with it curvature."""
import os
import network

LEARNING_RATE = 0.1
EPOCHS = 120

def main():
    path = os.path.join(os.environ["TRAINER_RUN_DIR"], "training_history.csv")
    w = 1.5
    with open(path, "w", buffering=1) as history:
        history.write("epoch,train_loss,val_rmse\\n")
        bad = 0
        for epoch in range(1, EPOCHS + 1):
            gradient = network.gradient(w, epoch)
            w -= LEARNING_RATE * gradient
            loss = network.loss(w, epoch)
            history.write(f"{epoch},{loss},{abs(w) * 10}\\n")
            bad = bad + 1 if loss != loss or loss == float("inf") else 0
            if bad == 4:
                raise RuntimeError("NaN detected in loss computation")
    with open(os.path.join(os.environ["TRAINER_RUN_DIR"], "results.csv"), "w") as results:
        results.write(f"rmse,weight\\n{abs(w) * 10:.4f},{w:.6f}\\n")
    with open(os.path.join(os.environ["TRAINER_RUN_DIR"], "model_final.pkl"), "w") as model:
        model.write(str(w))

main()
'''

NETWORK = """
def loss(w, degree):
    return 0.625 * degree * w * w + 0.25 * w * w * w * w

def gradient(w, degree):
    return 1.25 * degree * w + w * w * w
"""

CLIPPED = EPIDEMIC.replace("LEARNING_RATE = 0.1\n", "LEARNING_RATE = 0.05\nMAX_NORM = 1.0\n").replace(
    "network.gradient(w, epoch)", "network.clipped(network.gradient(w, epoch), MAX_NORM)"
)
WITH_CLIPPING = (
    NETWORK
    + '''
def clipped(gradient, max_norm):
    """The gradient, no longer than `max_norm`."""
    return max(-max_norm, min(max_norm, gradient))
'''
)


@pytest.fixture
def story(lab):
    """`run(script, network)` runs the model `demo` of these two files to its end; returns its state."""
    script, module = lab.root / "demo.py", lab.root / "network.py"

    def run(source, network=NETWORK):
        script.write_text(source)
        module.write_text(network)
        plan = lab.plan(command=(sys.executable, str(script)), main_metric="val_rmse")
        assert start_watch(lab.model, plan) is not None
        return lab.finished()

    return run


INVESTIGATION = '''
<!-- test: demo/002-full -->
**Test 1**: learning rate 0.1 → 0.05
- Run: `demo/002-full`, started WHEN
- Where: `LEARNING_RATE` in `demo.py`, line 6

<!-- test-result: demo/002-full -->
- Result: still diverged, epoch 98 instead of 50 (`demo/002-full`, TOOK)

<!-- test: demo/003-full -->
**Test 2**: max norm 1.0 (new), code of `demo.py`, `network.py` changed
- Run: `demo/003-full`, started WHEN
- max norm 1.0 (new) [`MAX_NORM` in `demo.py`, line 7]

```diff
--- a/demo.py
+++ b/demo.py
@@ -5,4 +5,5 @@

 LEARNING_RATE = 0.05
+MAX_NORM = 1.0
 EPOCHS = 120

@@ -14,5 +15,5 @@
         bad = 0
         for epoch in range(1, EPOCHS + 1):
-            gradient = network.gradient(w, epoch)
+            gradient = network.clipped(network.gradient(w, epoch), MAX_NORM)
             w -= LEARNING_RATE * gradient
             loss = network.loss(w, epoch)
--- a/network.py
+++ b/network.py
@@ -5,2 +5,6 @@
 def gradient(w, degree):
     return 1.25 * degree * w + w * w * w
+
+def clipped(gradient, max_norm):
+    """The gradient, no longer than `max_norm`."""
+    return max(-max_norm, min(max_norm, gradient))
```

<!-- test-result: demo/003-full -->
- Result: converged at epoch 120, val_rmse 0.1664 (`demo/003-full`, TOOK)
'''

FIX = '''
<!-- fix-accepted: demo/003-full -->
**What I Did**:
- Changed: learning rate 0.1 → 0.05, max norm 1.0 (new), code of `demo.py`, `network.py` changed

```python
# Before (demo/001-full, diverged, demo.py):
LEARNING_RATE = 0.1
EPOCHS = 120
...
        for epoch in range(1, EPOCHS + 1):
            gradient = network.gradient(w, epoch)
            w -= LEARNING_RATE * gradient

# After (demo/003-full, converged, demo.py):
LEARNING_RATE = 0.05
MAX_NORM = 1.0
EPOCHS = 120
...
        for epoch in range(1, EPOCHS + 1):
            gradient = network.clipped(network.gradient(w, epoch), MAX_NORM)
            w -= LEARNING_RATE * gradient
```

```python
# Before (demo/001-full, diverged, network.py):
return 1.25 * degree * w + w * w * w

# After (demo/003-full, converged, network.py):
    return 1.25 * degree * w + w * w * w

def clipped(gradient, max_norm):
    """The gradient, no longer than `max_norm`."""
    return max(-max_norm, min(max_norm, gradient))
```

**Result**:
- converged in TOOK (`demo/003-full`)
- val_rmse: 0.1664
'''


def masked(text):
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "WHEN", text)
    text = re.sub(r" +$", "", text, flags=re.MULTILINE)
    return re.sub(r"\d[\d.]* s\b", "TOOK", text)


def section(lab, name, number=1):
    return masked(diary.section_text(diary.read(lab.diary).find(number).text, name))


def test_the_story_of_the_document(lab, story):
    assert story(EPIDEMIC).reason == "nan-loss"
    assert story(EPIDEMIC.replace("0.1\n", "0.05\n")).reason == "nan-loss"
    assert story(CLIPPED, WITH_CLIPPING).passed
    assert len(diary.read(lab.diary).entries) == 1, "the same failure again is an attempt, no second struggle"
    hint, _, told = section(lab, "investigation").partition("\n")
    assert hint.startswith("<!-- what did you try") and told.strip() == INVESTIGATION.strip()
    assert [observe(run).diary[:1] for run in lab.model.runs()] == [
        ((1, "history:nan:train_loss:49"),),
        ((1, "history:nan:train_loss:97"),),
        (),
    ]
    assert "**Proposed Fix**" in section(lab, "fix") and "**Status**: OPEN" in lab.diary.read_text()
    assert accept(lab.diary, 1).run == "demo/003-full"
    assert section(lab, "fix").strip() == FIX.strip()
    assert "**Status**: RESOLVED" in lab.diary.read_text()
    before = lab.diary.read_bytes()
    assert accept(lab.diary, 1).sentence.endswith("already") and lab.diary.read_bytes() == before


FAILS = "log(1, 0.5)\nlog(2, 0.4)\nraise ValueError('the batch is empty')\n"
KILLED = """
import os, signal, sys
from trainer_tui import diary
from trainer_tui.runs import events
from trainer_tui.supervise.__main__ import main

left = int(sys.argv.pop(1))

def step():
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1

def stepped(act, counts):
    def wrapper(*args, **fields):
        if not counts(args):
            return act(*args, **fields)
        step()
        result = act(*args, **fields)
        step()
        return result
    return wrapper

diary.edit_entry = stepped(diary.edit_entry, lambda args: True)
events.EventLog.append = stepped(events.EventLog.append, lambda args: args[1] == "tried")
sys.exit(main(sys.argv[1:]))
"""


def killed_at(lab, step):
    """Run the next attempt under a supervisor that is killed at this step of writing; True if it was."""
    run = prepare_run(lab.model, lab.plan(), "full")
    lock = try_lock(lab.model.supervisor_lock)
    words = [sys.executable, "-c", KILLED, str(step), str(lab.model.path), str(lab.model.logs), str(lock)]
    process = subprocess.Popen(words, pass_fds=[lock], stderr=subprocess.DEVNULL)
    os.close(lock)
    code = process.wait(30)
    if code == -signal.SIGKILL:
        lab.take_over()
    assert code in (0, -signal.SIGKILL) and lab.finished().over
    return run, code == -signal.SIGKILL


def test_a_supervisor_killed_at_every_step_writes_each_test_once(lab):
    assert lab.watch(FAILS).reason == "exception"
    lab.script(FAILS)
    for step in range(9):
        run, killed = killed_at(lab, step)
        assert killed == (step < 8), "two paragraphs, each an edit and an event, each before and after"
        text = diary.read(lab.diary).find(1).text
        assert (
            text.count(f"<!-- test: {run.name} -->") == text.count(f"<!-- test-result: {run.name} -->") == 1
        )
        assert len(lab.events(run, "tried")) == 2
    assert re.findall(r"\*\*Test (\d+)\*\*: (.*)", text) == [
        (str(n), "nothing was changed") for n in range(1, 10)
    ]
    assert text.count("- Result: still failed, at epoch 2 again: `ValueError: the batch is empty`") == 9
    assert len(diary.read(lab.diary).entries) == 1


@pytest.mark.parametrize("step", range(8, 12))
def test_a_supervisor_killed_at_every_step_proposes_the_fix_once(lab, step):
    lab.watch(FAILS)
    lab.script("good()\n")
    run, killed = killed_at(lab, step)
    assert killed
    text = diary.read(lab.diary).find(1).text
    for mark in ("test", "test-result", "fix-proposed"):
        assert text.count(f"<!-- {mark}: {run.name} -->") == 1
    assert len(lab.events(run, "tried")) == 3


def test_what_a_person_wrote_or_deleted_stays(lab):
    lab.watch(FAILS)
    run = lab.start("reach('there')\nwait_for('go')\n" + FAILS)
    lab.reached("there")
    lab.event(run, "tried", stage="test")
    text = diary.read(lab.diary).find(1).text
    start = text.index("<!-- test:")
    own = text[:start] + "I looked at the loader.\r\n\n" + text[text.index("### The Fix") :]
    assert diary.save_entry(lab.diary, 1, text, own).outcome == "saved"
    lab.allow("go")
    lab.finished()
    assert diary.read(lab.diary).find(1).text == own, "what a person deleted is not written again"
    assert lab.watch(FAILS).reason == "exception"
    after = diary.read(lab.diary).find(1).text
    assert "I looked at the loader.\r\n\n<!-- test: demo/003-full -->" in after.replace(
        "loader.\n", "loader.\r\n"
    )
    assert after.replace(after[after.index("<!-- test:") : after.index("### The Fix")], "") == own


def test_an_attempt_that_fails_otherwise_has_an_entry_of_its_own(lab):
    lab.watch(FAILS)
    lab.watch("log(1, 0.5)\nimport demo_settings\n")
    lab.watch("good()\n")
    one, two = diary.read(lab.diary).entries
    said = diary.section_text(one.text, "investigation")
    assert "failed otherwise at epoch 1: `ModuleNotFoundError" in said and "see entry #2" in said
    assert "**Test 2**" in said and "**Test 1**" in diary.section_text(two.text, "investigation")
    for entry in (one, two):
        assert "passed at epoch 3" in entry.text and "**Proposed Fix**" in entry.text


def test_a_resolved_entry_takes_no_more_tests(lab):
    lab.watch(FAILS)
    diary.edit_entry(lab.diary, 1, lambda text: diary.set_status(text, "✅ RESOLVED (the loader)"))
    text = diary.read(lab.diary).find(1).text
    lab.watch(FAILS)
    one, two = diary.read(lab.diary).entries
    assert one.text.rstrip() == text.rstrip() and "ValueError" in two.text
    assert "the same as in entry #1" in two.text and "same message, kind" not in two.text


def test_what_changed_since_the_last_good_run_comes_first(lab):
    lab.watch("LEARNING_RATE = 0.01\ngood()\n")
    lab.watch("LEARNING_RATE = 0.1\nlog(1, 0.5)\nraise ValueError('diverged')\n")
    where = r"`LEARNING_RATE` in `demo.py`, line \d+, since `demo/001-full` passed"
    said = rf"1\. Hypothesis: learning rate 0\.01 → 0\.1 in this attempt \[{where}\]\n"
    assert re.search(said, diary.read(lab.diary).find(1).text)


def test_a_diary_that_is_held_keeps_no_run_from_its_end(lab):
    lab.watch(FAILS)
    lab.script("good()\n")
    with locked(lab.output, 5.0):
        run = start_watch(lab.model, lab.plan())
        assert lab.ended(run).passed
        assert "demo/002-full" not in lab.diary.read_text()
    assert lab.finished().passed
    text = diary.read(lab.diary).find(1).text
    for mark in ("test", "test-result", "fix-proposed"):
        assert text.count(f"<!-- {mark}: {run.name} -->") == 1


def test_an_automatic_restart_is_an_attempt_that_changed_nothing(lab):
    lab.watch(FAILS, restart_max=1)
    (entry,) = diary.read(lab.diary).entries
    said = diary.section_text(entry.text, "investigation")
    assert "**Test 1**: nothing was changed" in said and "- Result: still failed, at epoch 2 again" in said
