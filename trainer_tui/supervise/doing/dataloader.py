"""Workers that should deliver: those of a PyTorch DataLoader, those of a process pool."""

from __future__ import annotations

from collections import Counter

from trainer_tui.supervise.doing import frames
from trainer_tui.supervise.doing.locks import held_text, waiters
from trainer_tui.supervise.doing.snapshot import Process, Snapshot
from trainer_tui.supervise.doing.verdict import Verdict
from trainer_tui.supervise.doing.view import Wait
from trainer_tui.supervise.doing.waits import wait_of

_LOOP = "torch/utils/data/_utils/worker.py"
_NAME = "pt_data_worker"
"""What PyTorch calls its workers' processes in the kernel's eyes."""


def dataloader(snapshot: Snapshot, process: Process, main: Wait) -> Verdict | None:
    """Why a main thread that waits for a batch gets none."""
    if main.kind != "data":
        return None
    below = snapshot.below(process.pid)
    workers = [p for p in below if p.name == _NAME or frames.within(p.main.frames, _LOOP, "_worker_loop")]
    dead = [p for p in below if p.is_zombie]
    living = [p for p in workers if not p.is_zombie]
    if not living:
        gone = f"{len(dead)} ended" if dead else "none is there"
        return Verdict("dataloader-worker-dead", f"the DataLoader's workers are gone ({gone})", "a batch")
    waits = [(p, wait_of(snapshot, p, p.main)) for p in living]
    kinds = Counter(wait.kind for _, wait in waits)
    telling = [(p, wait) for p, wait in waits if wait.kind != "idle"]
    if not telling:
        if dead:
            told = f"{len(dead)} of the DataLoader's workers ended, the others wait for work"
            return Verdict("dataloader-worker-dead", told, "a batch")
        told = (
            "the DataLoader's workers wait for work and the main thread for a batch: one was lost on the way"
        )
        return Verdict("dataloader", told, "a batch")
    if all(wait.kind == "computes" for _, wait in telling):
        child, wait = telling[0]
        return Verdict("computes", f"the DataLoader's worker {child} {wait.does}", "a batch")
    kind = next(k for k, _ in kinds.most_common() if k not in ("idle", "computes"))
    child, wait = next((p, w) for p, w in telling if w.kind == kind)
    alike = kinds[kind]
    who = "the DataLoader's workers" if alike > 1 else f"the DataLoader's worker {child}"
    does = _plural(wait.does) if alike > 1 else wait.does
    return Verdict("dataloader", f"{who} {does}{_fork_note(snapshot, child, wait)}", wait.on or "a batch")


def _fork_note(snapshot: Snapshot, child: Process, wait: Wait) -> str:
    if wait.kind != "lock":
        return ""
    waiter = next((w for w in waiters(snapshot, child) if w.thread.tid == child.main.tid), None)
    held = held_text(waiter) if waiter is not None else ""
    return held or "; no thread of theirs holds it, so it was held when they were forked"


def pool(snapshot: Snapshot, process: Process, main: Wait) -> Verdict | None:
    """A process pool whose workers all wait for work while the main thread waits for a result."""
    if main.kind != "future" or not frames.within(process.main.frames, "multiprocessing/pool.py"):
        return None
    children = [p for p in snapshot.children(process.pid) if p.threads and not p.is_zombie]
    loops = [p for p in children if frames.within(p.main.frames, "multiprocessing/pool.py", "worker")]
    if not loops or not all(frames.is_idle(p.main.frames) for p in loops):
        return None
    told = f"the main thread {main.does}, but every worker of the pool waits for work: the task was lost"
    return Verdict("pool", told, "the result of a task")


def _plural(does: str) -> str:
    """`waits for …` of one as `wait for …` of several."""
    verb, _, rest = does.partition(" ")
    return f"{_PLURALS.get(verb, verb.removesuffix('s'))} {rest}"


_PLURALS = {"is": "are", "does": "do", "has": "have"}
