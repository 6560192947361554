"""The verdict over a snapshot, and what a verdict's name means: one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

State = Literal["sleeps", "spins", "stopped", "disk", "works"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What all verdicts of one name have in common."""

    state: State
    """`works`: honest progress, as far as can be seen."""
    hypotheses: tuple[str, ...]
    """Likely causes and first things to try, most likely first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a process tree does."""

    name: str
    """A key of `MEANINGS`."""
    sentence: str
    """Who does what, without a full stop."""
    waiting_on: str = ""

    @property
    def state(self) -> State:
        """Whether it sleeps, spins, is stopped, waits for a disk, or works."""
        return MEANINGS[self.name].state

    @property
    def works(self) -> bool:
        """Whether it makes progress that can be seen from outside, or may well make some."""
        return self.state == "works"

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """Likely causes and first things to try."""
        return MEANINGS[self.name].hypotheses

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "sentence": self.sentence,
            "state": self.state,
            "waiting_on": self.waiting_on,
            "hypotheses": list(self.hypotheses),
        }


_FORK = "A lock that a thread of the parent held while the workers were forked stays locked in them for good"

MEANINGS: dict[str, Meaning] = {
    "stopped": Meaning(
        "stopped",
        (
            "Somebody stopped it (kill -STOP, Ctrl+Z, a debugger): `kill -CONT PID` lets it go on.",
            "A batch system that suspends jobs stops them too; then it goes on by itself.",
        ),
    ),
    "debugger": Meaning(
        "sleeps",
        ("A breakpoint() or pdb.set_trace() was left in the code: nobody answers it here; take it out.",),
    ),
    "input": Meaning(
        "sleeps",
        (
            "input() or another read of standard input: nobody answers here; pass the answer as an argument, "
            "or take the question out.",
        ),
    ),
    "writes": Meaning(
        "works", ("A checkpoint or a data set is being written; say so with run.expect(seconds=…).",)
    ),
    "reads": Meaning("works", ("Data is being loaded; say so with run.expect(seconds=…).",)),
    "computes": Meaning(
        "works",
        (
            "A long evaluation, a compilation, a preparation of data: say so with run.expect(seconds=…).",
            "A loop whose condition never comes true looks the same: see whether its variables still change.",
        ),
    ),
    "dataloader": Meaning(
        "sleeps",
        (
            f"{_FORK} (of logging, OpenCV, OpenMP, a database client, your own): start threads after the "
            "workers, call cv2.setNumThreads(0) in the workers, or use multiprocessing_context='spawn'.",
            "num_workers=0 shows whether the data set itself hangs.",
            "timeout=… of the DataLoader turns such a wait into an error that says where.",
        ),
    ),
    "dataloader-worker-dead": Meaning(
        "sleeps",
        (
            "A worker was killed, most often for want of memory: fewer workers, a smaller prefetch_factor, "
            "and a look at the kernel's log.",
            "A worker can also die of a full /dev/shm (in containers: --shm-size, or --ipc=host).",
        ),
    ),
    "pool": Meaning(
        "sleeps",
        (
            "A worker of the pool was killed and its task is lost: multiprocessing.Pool waits for it for "
            "ever; concurrent.futures.ProcessPoolExecutor would raise BrokenProcessPool.",
        ),
    ),
    "rendezvous": Meaning(
        "sleeps",
        (
            "Another rank has not started, has died, or cannot reach this address: look at the others' logs.",
            "MASTER_ADDR, MASTER_PORT, WORLD_SIZE and the firewall must agree on all nodes.",
        ),
    ),
    "collective": Meaning(
        "sleeps",
        (
            "One rank has left the common path (an exception, an uneven number of batches, a branch on the "
            "rank): compare the stacks of all ranks.",
            "TORCH_NCCL_TRACE_BUFFER_SIZE and TORCH_NCCL_DUMP_ON_TIMEOUT=1 tell which call misses whom.",
        ),
    ),
    "deadlock": Meaning(
        "sleeps",
        ("Threads take the same locks in different order: take them in one order everywhere, or use one.",),
    ),
    "lock": Meaning(
        "sleeps",
        (
            "Whoever holds the lock does not give it back: look at what the other threads do.",
            f"{_FORK}: use the start method 'spawn'.",
            "A thread that takes a plain Lock twice waits for itself: use RLock.",
        ),
    ),
    "event": Meaning(
        "sleeps",
        ("What should set it has died or never gets there: look at the other threads; use a timeout.",),
    ),
    "queue": Meaning(
        "sleeps",
        (
            "Whoever should fill (or empty) the queue has died, or waits as well: look at the other threads "
            "and processes.",
            "join() on a process before its queue was emptied waits for ever.",
        ),
    ),
    "thread": Meaning("sleeps", ("The thread that it joins does not end: look at that thread's stack.",)),
    "child": Meaning("sleeps", ("The child process does not end: look at what it does.",)),
    "socket": Meaning(
        "sleeps",
        (
            "The other side does not answer and no timeout was set: set one (requests: timeout=…, "
            "socket.setdefaulttimeout).",
            "A proxy, a firewall or a server that is down can swallow what is sent.",
        ),
    ),
    "pipe": Meaning(
        "sleeps",
        ("The process at the other end waits too, or is gone while somebody still holds the pipe open.",),
    ),
    "file-lock": Meaning(
        "sleeps",
        (
            "Another process holds the lock: end it, or let each run use a file (a cache folder) of its own.",
            "A lock file that a killed run left behind must be removed by hand.",
        ),
    ),
    "disk": Meaning(
        "disk",
        (
            "The file system does not answer: a network file system whose server is away, a failing disk, "
            "or one with too much to do; look at `dmesg` and `df`.",
        ),
    ),
    "spins": Meaning(
        "spins",
        (
            "A loop whose end never comes: look at the condition on that line.",
            "Or one long computation without a step: then say so with run.expect(seconds=…).",
        ),
    ),
    "native": Meaning(
        "works",
        (
            "A long computation in a library: say so with run.expect(seconds=…).",
            "Threads that wait for each other at full speed (OpenMP, MKL): OMP_NUM_THREADS=1 shows it.",
        ),
    ),
    "native-wait": Meaning(
        "sleeps",
        (
            "A library waits: for its own threads (OpenMP after fork), for a GPU, for the network. "
            "`py-spy dump --native` may show where.",
        ),
    ),
    "gpu": Meaning(
        "spins",
        (
            "A kernel that does not end, or a collective that waits for another rank at full utilisation: "
            "compare the ranks; CUDA_LAUNCH_BLOCKING=1 shows the call.",
        ),
    ),
    "sleeps": Meaning(
        "sleeps", ("It polls or waits for a time: for a file, a job, a server, that does not come.",)
    ),
    "signal": Meaning("sleeps", ("It waits for a signal that nobody sends.",)),
    "unclear": Meaning(
        "sleeps", ("It waits for something that does not come: a lock, a queue, the network, another rank.",)
    ),
}
