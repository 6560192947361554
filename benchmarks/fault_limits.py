"""Limits that are reached: inotify's, of open files; and a GPU that disappears."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from fault_compare import compare
from fault_disks import far, well
from fault_runs import trial
from fault_table import Fault, Outcome

from trainer_tui.runs.events import read_events
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.state import observe
from trainer_tui.supervise.start import start_watch

FEW = 3
"""Descriptors that are left to a supervisor beyond those it holds."""

# ---- inotify, in a user namespace of its own: the machine keeps its limits


def needs_user_namespace() -> str:
    """Why no user namespace can be made here; empty: it can."""
    done = subprocess.run(["unshare", "-U", "-r", "true"], capture_output=True)
    return "" if done.returncode == 0 else "no right to make a user namespace"


def _within_limit(name: str) -> Outcome:
    here = str(Path(__file__).parent)
    code = f"import sys; sys.path.insert(0, {here!r}); import fault_limits as f; f.inside()"
    shell = f"echo 0 > /proc/sys/user/{name} && exec {sys.executable} -c {code!r}"
    done = subprocess.run(["unshare", "-U", "-r", "sh", "-c", shell], capture_output=True, text=True)
    last = done.stdout.strip().splitlines()[-1:] or [done.stderr[-300:]]
    return Outcome(done.returncode == 0 and last == ["kept"], wrong="" if last == ["kept"] else last[0])


def inside() -> None:
    """A watch where inotify gives nothing: a quiet run's error is found by polling, within 2 s."""
    with trial(phases=("full",), held=True, end="raise", script=QUIET) as t:
        start_watch(t.model, t.plan())
        run = t.until(
            lambda: next(
                (r for r in t.runs() if r.log().exists() and b"line 1" in r.log().read_bytes()), None
            ),
            "it",
        )
        time.sleep(4.0)  # quiet: whoever waits for events would wait for ever
        t.note()
        began = time.monotonic()
        t.until(lambda: any(e["kind"] == "note" for e in read_events(run.events)), "an answer")
        answered = time.monotonic() - began
        (t.root / "fail").touch()
        t.until(lambda: (t.root / "failed").exists(), "the failure")
        began = time.monotonic()
        t.until(lambda: any(e["kind"] == "incident" for e in read_events(run.events)), "the incident")
        found = time.monotonic() - began
        t.finish()
        late = max(answered, found)
        print(
            "kept"
            if late < 2.5 and observe(run).reason == "exception"
            else f"after {late:.1f} s, {observe(run)}"
        )


QUIET = """
import os, time, traceback
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
print("line 1", flush=True)
while not os.path.exists(os.path.join(root, "fail")):
    time.sleep(0.05)
try:
    raise RuntimeError("caught")
except RuntimeError:
    traceback.print_exc()
print("line 2", flush=True)
open(os.path.join(root, "failed"), "w").close()
while not os.path.exists(os.path.join(root, "go-full")):
    time.sleep(0.05)
raise ValueError("the end of it")
"""


def no_watches(random: Random) -> Outcome:
    """No inotify watch is left (ENOSPC)."""
    return _within_limit("max_inotify_watches")


def no_instances(random: Random) -> Outcome:
    """No inotify instance is left (EMFILE)."""
    return _within_limit("max_inotify_instances")


# ---- open files


def no_files(random: Random) -> Outcome:
    """The supervisor can open no file for seconds, then it can again."""
    with trial(phases=("full",), held=True, end="raise", errors=(3, random.randint(40, 120))) as t:
        t.begin()
        run = t.in_phase("full")
        supervisor, training = t.supervisor(), t.training(run)
        assert supervisor is not None and training is not None
        soft, hard = resource.prlimit(supervisor.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(supervisor.pid, resource.RLIMIT_NOFILE, (3, hard))
        far(t, 200)
        told = [event["kind"] for event in read_events(run.events)]
        resource.prlimit(supervisor.pid, resource.RLIMIT_NOFILE, (soft, hard))
        wrong = "a living run was given up" if "ended" in told or not training.is_alive() else ""
        took = well(t)
        t.finish()
        seen = compare(t)
        seen.wrong += [wrong] if wrong else []
        return seen.outcome(took)


VIEW = """
import os, resource, sys
from pathlib import Path
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import RunFolder
follower = RunFollower(RunFolder(Path(sys.argv[1])))
follower.poll_state(), follower.poll_log()
before = follower.state.status
resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
for _ in range(3):
    follower.poll_state(), follower.poll_log(), follower.poll_history(), follower.poll_telemetry()
print(before, follower.state.status, follower.state.supervised, bool(follower.state.blind))
"""


def no_files_for_a_view(random: Random) -> Outcome:
    """A view can open no file: it says that it cannot see, and never that the run is lost."""
    with trial(phases=("full",), held=True, end="raise") as t:
        t.begin()
        run = t.in_phase("full")
        done = subprocess.run([sys.executable, "-c", VIEW, str(run.path)], capture_output=True, text=True)
        said = done.stdout.strip() or done.stderr[-300:]
        t.finish()
        outcome = compare(t).outcome()
        return (
            outcome if said == "running running True True" else Outcome(True, wrong=f"the view says {said}")
        )


# ---- a GPU that disappears

NVML = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int lost(void) { const char *n = getenv("FAKE_GPU_LOST"); return n && access(n, F_OK) == 0; }
#define OR_LOST if (lost()) return 15; return 0;
int nvmlInit_v2(void) { return 0; }
int nvmlInitWithFlags(unsigned f) { return 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int e) { return e == 15 ? "GPU is lost" : "Not Supported"; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **h) { *h = (void *)1; OR_LOST }
int nvmlDeviceGetMemoryInfo(void *d, unsigned long long *m) { m[0] = 16e9; m[1] = 8e9; m[2] = 8e9; OR_LOST }
int nvmlDeviceGetUtilizationRates(void *d, unsigned *u) { u[0] = 90; u[1] = 40; OR_LOST }
int nvmlDeviceGetTemperature(void *d, int s, unsigned *t) { *t = 60; OR_LOST }
int nvmlDeviceGetPowerUsage(void *d, unsigned *p) { *p = 300000; OR_LOST }
"""


def needs_compiler() -> str:
    """Why no driver can be faked here; empty: it can."""
    return "" if shutil.which("cc") else "no C compiler for the driver that loses its GPU"


def gpu_lost(random: Random) -> Outcome:
    """The driver says `GPU is lost` in mid-run, and answers again later."""
    before = dict(os.environ)
    with trial(phases=("full",), held=True, end="raise") as t:
        (t.root / "nvml.c").write_text(NVML)
        library = t.root / "libnvidia-ml.so.1"
        subprocess.run(["cc", "-w", "-shared", "-fPIC", "-o", library, t.root / "nvml.c"], check=True)
        gone = t.root / "gone"
        os.environ.update(LD_LIBRARY_PATH=str(t.root), FAKE_GPU_LOST=str(gone))
        try:
            t.begin()
            run = t.in_phase("full")
            follower = RunFollower(run)
            t.until(lambda: follower.poll_telemetry() and follower.telemetry.gpus(), "a sample of the GPU")
            gone.touch()
            began = time.monotonic()
            t.until(
                lambda: follower.poll_state() is not None and "gpu" in dict(follower.state.blind),
                "it to be said",
            )
            took = time.monotonic() - began
            why = dict(follower.state.blind)["gpu"]
            alive = follower.state.alive
            rows = follower.telemetry.rows
            t.until(
                lambda: follower.poll_telemetry() is not None and follower.telemetry.rows > rows + 1,
                "samples all the same",
            )
            gone.unlink()
            well(t)
            follower.close()
            t.finish()
        finally:
            os.environ.clear()
            os.environ.update(before)
        outcome = compare(t).outcome(took)
        return outcome if alive and "lost" in why else Outcome(alive, wrong=f"it says {why!r}")


LIMITS: tuple[Fault, ...] = (
    Fault(
        "inotify-watches",
        "no inotify watch is left",
        "Without inotify's watches changes are found by polling, within 2 s.",
        no_watches,
        1,
        needs_user_namespace,
    ),
    Fault(
        "inotify-instances",
        "no inotify instance is left",
        "Nor do its instances matter.",
        no_instances,
        1,
        needs_user_namespace,
    ),
    Fault(
        "open-files",
        "the supervisor can open no file",
        "A supervisor that can open no file gives no run up: it says so and writes what it saw once it can.",
        no_files,
        3,
    ),
    Fault(
        "open-files-view",
        "a view can open no file",
        "A view that can open no file says that it cannot see, never that the run is lost.",
        no_files_for_a_view,
        2,
    ),
    Fault(
        "gpu-lost",
        "NVML says that the GPU is lost",
        "A GPU that disappears is said within seconds and stops nothing.",
        gpu_lost,
        1,
        needs_compiler,
    ),
)
