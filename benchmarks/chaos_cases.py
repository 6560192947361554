"""Twenty-five ways for a training process to die or go wrong, and three that only look like it: a table.

Each script is a real training process. `fault()` stamps the moment at which things go wrong, so that the
time to detection is measured from there; where the fault comes from outside, whoever causes it stamps it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PRELUDE = """
import os, sys, time, math
from trainer_tui import TrainingRun

def fault():
    path = os.path.join(os.environ["CHAOS_ROOT"], "fault_at")
    with open(path + ".new", "w") as file:
        file.write(repr(time.time()))
    os.replace(path + ".new", path)

def steps(run, count, loss=lambda n: 1 / n, pause=0.05):
    for epoch in range(1, count + 1):
        run.log(epoch=epoch, train_loss=loss(epoch), val_loss=1.1 * loss(epoch))
        print(f"epoch {epoch} train {loss(epoch):.4f}", flush=True)
        time.sleep(pause)

def done(run):
    run.save_results([{"score": 0.9}, {"score": 0.8}])
    run.save_model({"weights": [1, 2, 3]})

"""


@dataclass(frozen=True)
class Case:
    """One way to go wrong."""

    name: str
    what: str
    script: str
    reason: str = ""
    """The reason the run must end with; empty: it goes on, and is stopped once the incident is there."""
    kind: str = ""
    """Kind of the incident that must be reported; empty: a gate must say it."""
    says: str = ""
    """A regular expression that the sentence, the incident's message or a gate must match."""
    diary: bool = True
    """Whether an entry must have been opened about it."""
    inject: Callable[[Any], None] | None = None
    """What is done to the running process from outside, given its `psutil.Process`es: training and shim."""
    quiet: bool = False
    """Nothing is wrong: nothing above a notice may be reported at the end."""


def send(number: int) -> Callable[[Any], None]:
    return lambda job: os.kill(job.training, number)


def kill_shim_too(job: Any) -> None:
    os.kill(job.shim, signal.SIGKILL)
    os.kill(job.training, signal.SIGKILL)


def body(text: str) -> str:
    """The script of a model: the lines run inside `with TrainingRun.current() as run`."""
    inner = "\n".join("    " + line for line in text.strip("\n").splitlines())
    return f"{PRELUDE}with TrainingRun.current() as run:\n{inner}\n"


def top(text: str) -> str:
    """A script as it stands, after the prelude."""
    return PRELUDE + text.strip("\n") + "\n"


HANG_LOCK = """
import threading
first, second = threading.Lock(), threading.Lock()
def other():
    with second:
        time.sleep(0.5)
        with first:
            pass
steps(run, 6)
threading.Thread(target=other, name="prefetcher", daemon=True).start()
with first:
    time.sleep(0.2)
    fault()
    with second:
        pass
"""

HANG_SOCKET = """
import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
steps(run, 6)
fault()
client.recv(1)
"""

HANG_LOOP = """
def search(n):
    while True:
        n = (n * 3 + 1) % 1000003
        if n == -1:
            return n
steps(run, 6)
fault()
search(7)
"""

HANG_CHATTER = """
steps(run, 6)
fault()
while True:
    print("waiting for data, still alive", flush=True)
    time.sleep(0.1)
"""

# The lock is held by a thread of the parent at the moment of the fork: the classic deadlock of a DataLoader.
HANG_LOADER = """
import threading, torch
from torch.utils.data import DataLoader, Dataset
lock = threading.Lock()
class Images(Dataset):
    def __len__(self):
        return 64
    def __getitem__(self, index):
        with lock:
            return torch.zeros(3)
def hold():
    with lock:
        time.sleep(1000)
steps(run, 6)
threading.Thread(target=hold, daemon=True).start()
time.sleep(0.2)
fault()
for batch in DataLoader(Images(), batch_size=8, num_workers=2, multiprocessing_context="fork"):
    pass
"""

WORKER_KILLED = """
import signal, torch
from torch.utils.data import DataLoader, Dataset
class Images(Dataset):
    def __len__(self):
        return 64
    def __getitem__(self, index):
        if index == 40:
            fault()
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.zeros(3)
steps(run, 6)
for batch in DataLoader(Images(), batch_size=8, num_workers=1):
    pass
"""

TORCHRUN = """
import subprocess, tempfile
RANK = '''
import os, sys, time
import torch.distributed as dist
dist.init_process_group("gloo")
if dist.get_rank() == 1:
    sys.path.insert(0, os.environ["CHAOS_ROOT"])
    open(os.path.join(os.environ["CHAOS_ROOT"], "fault_at"), "w").write(repr(time.time()))
    raise KeyError("label of sample 4711")
dist.barrier()
'''
script = os.path.join(os.environ["CHAOS_ROOT"], "rank.py")
open(script, "w").write(RANK)
code = subprocess.call([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", script])
sys.exit(code)
"""

CASES: tuple[Case, ...] = (
    Case("raises", "an exception in mid-training",
         body("steps(run, 6)\nfault()\nbatches = 0\nprint(len([]) / batches)"),
         "exception", "numerical", "ZeroDivisionError: division by zero"),
    Case("nan", "the loss turns NaN, the script trains on and exits with 0",
         body("steps(run, 6)\nfault()\nsteps(run, 6, lambda n: math.nan)\ndone(run)"),
         "nan-loss", "nan-loss", "train_loss is nan"),
    Case("nan_raises", "NaN first, then the script's own check raises",
         body("steps(run, 6)\nfault()\nsteps(run, 4, lambda n: math.nan)\n"
              "raise FloatingPointError('loss is not finite')"),
         "nan-loss", "nan-loss", "train_loss is nan"),
    Case("killed", "kill -9 from outside", body("steps(run, 2000)"),
         "signal", "killed", "SIGKILL", inject=send(signal.SIGKILL)),
    Case("terminated", "SIGTERM from outside", body("steps(run, 2000)"),
         "signal", "signal", "SIGTERM", inject=send(signal.SIGTERM)),
    Case("segfault", "native code reads address 0",
         body("import ctypes\nsteps(run, 6)\nfault()\nctypes.string_at(0)"),
         "crash", "native-crash", "SIGSEGV"),
    Case("abort", "native code aborts",
         body("steps(run, 6)\nfault()\nos.abort()"),
         "crash", "native-crash", "SIGABRT"),
    Case("bus", "a memory-mapped file is cut short",
         body("import mmap\nsteps(run, 6)\nfile = open('mapped', 'w+b')\nfile.truncate(1 << 20)\n"
              "view = mmap.mmap(file.fileno(), 0)\nfile.truncate(0)\nfault()\nview[70000]"),
         "crash", "native-crash", "SIGBUS"),
    Case("memory", "the limit of the address space is reached",
         body("import resource, numpy\nsteps(run, 6)\nlimit = 3 << 30\n"
              "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\nfault()\nnumpy.ones((1 << 30,))"),
         "cpu-oom", "cpu-oom", "(?i)unable to allocate|memory"),
    Case("gpu_memory", "PyTorch reports CUDA out of memory",
         body("import torch\nsteps(run, 6)\nfault()\nraise torch.OutOfMemoryError('CUDA out of memory. Tried to "
              "allocate 2.00 GiB. GPU 0 has a total capacity of 23.65 GiB')"),
         "cuda-oom", "cuda-oom", "CUDA out of memory"),
    Case("disk", "the checkpoint does not fit on the disk",
         body("steps(run, 6)\nfault()\nwith open('/dev/full', 'wb') as file:\n    file.write(b'0' * (1 << 20))"),
         "disk-full", "disk-full", "No space left on device"),
    Case("files", "file descriptors run out",
         body("import resource\nsteps(run, 6)\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\nfault()\n"
              "kept = [open(os.devnull) for _ in range(100)]"),
         "exception", "", "Too many open files"),
    Case("worker", "a DataLoader worker is killed", body(WORKER_KILLED),
         "exception", "dataloader", r"DataLoader worker \(pid"),
    Case("rank", "one of two ranks under torchrun raises", top(TORCHRUN),
         "exception", "", "KeyError: 'label of sample 4711'"),
    Case("module", "a module is missing",
         top("fault()\nimport no_such_module_anywhere"),
         "exception", "environment", "ModuleNotFoundError: No module named"),
    Case("data", "the data file is missing",
         body("fault()\nopen('data/train.parquet', 'rb')"),
         "exception", "", r"FileNotFoundError.*train\.parquet"),
    Case("checkpoint", "the checkpoint to resume from is cut short",
         body("import torch\ntorch.save({'weights': torch.zeros(100000)}, 'last.pt')\n"
              "os.truncate('last.pt', 200000)\nfault()\ntorch.load('last.pt')"),
         "exception", "checkpoint", "(?i)PytorchStreamReader|archive|zip"),
    Case("silent_code", "sys.exit(3) without a word",
         body("steps(run, 6)\nfault()\nsys.exit(3)"),
         "exit-code", "", "3"),
    Case("early_stop", "exit 0 without results", body("steps(run, 6)\nfault()"),
         "gate-failed", "", "results.csv", diary=False),
    Case("shim_too", "training and its shim are killed at once", body("steps(run, 2000)"),
         "lost", "", "exit unknown", diary=False, inject=kill_shim_too),
    Case("lock", "two threads wait for each other's lock", body(HANG_LOCK), "", "hang", "lock", diary=False),
    Case("silent_peer", "the other side never answers", body(HANG_SOCKET), "", "hang", r"127\.0\.0\.1|socket",
         diary=False),
    Case("loop", "an infinite loop", body(HANG_LOOP), "", "hang", "search|loop|spin", diary=False),
    Case("loader", "a DataLoader deadlocks in its workers", body(HANG_LOADER), "", "hang", "DataLoader",
         diary=False),
    Case("chatter", "the log goes on chattering, and no step comes", body(HANG_CHATTER), "", "hang",
         "no new step|sleep", diary=False),
    # Not failures.
    Case("caught", "healthy: an exception is caught, logged, and training goes on",
         body("import traceback\nsteps(run, 6)\nfault()\ntry:\n    {}['shard-7']\nexcept KeyError:\n"
              "    traceback.print_exc()\nsteps(run, 12)\ndone(run)"),
         "passed", diary=False, quiet=True),
    Case("slow_checkpoint", "healthy: a long checkpoint, promised with run.expect",
         body("steps(run, 6)\nrun.expect(seconds=60)\nfault()\ntime.sleep(8)\nsteps(run, 6)\ndone(run)"),
         "passed", diary=False, quiet=True),
    Case("scary_words", "healthy: metrics called error, a config that names exceptions, `0 errors`",
         body("print('mean_squared_error: 0.41  val_error=0.12  0 errors, 0 failed')\n"
              "print('retry_on: [\"CUDA out of memory\", \"ConnectionError\"]')\nfault()\nsteps(run, 20)\ndone(run)"),
         "passed", diary=False, quiet=True),
)  # fmt: skip
