"""The shim: parent of one training process, there to write how it ended. Standard library only.

    python -I -S shim.py RUN_DIR

It opens the log for the training process (no pipe through us), starts it in a session and process group of
its own, waits, writes `exit.json`, ends. It writes nothing else, so that whatever happens to it costs at most
the exit status. The containerd-shim and conmon are the model. Launching is idempotent: a shim that finds
another one at work, or a process already started, leaves at once.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import signal
import stat
import sys
import time

MYPY = False
if MYPY:
    from typing import Any  # for the checker alone: importing it would be a tenth of the shim's memory

KEPT_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
"""Signals that must not end the shim: a closed terminal, somebody else's Ctrl+C, a stop of the run."""

LIMITS = {
    "Max cpu time": "cpu",
    "Max file size": "fsize",
    "Max data size": "data",
    "Max core file size": "core",
    "Max processes": "nproc",
    "Max open files": "nofile",
    "Max address space": "as",
}
"""Rows of `/proc/PID/limits` that can explain an end."""

EVENTS = ("memory.events", "memory.oom_control")
"""Where cgroup v2 and v1 count what ran out of memory."""

COUNTED = ("oom", "oom_kill", "oom_group_kill")
V1_LIMIT = "memory.limit_in_bytes"


def main(run_dir: str) -> int:
    """Run what `run.json` asks for and return 0; 1 when there is nothing to do here."""
    os.chdir(run_dir)
    for number in KEPT_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # Ignored by whoever started us, it would take the exit status of the child away from `wait4`.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    shim_lock = opened("shim.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    if not lock(shim_lock) or os.path.exists("process.json") or os.path.exists("exit.json"):
        return 1
    request = document("run.json")
    alive = opened("alive.lock", os.O_RDWR | os.O_CREAT)
    if not lock(alive):
        return 1  # a shim was killed before it could write whom it had started
    os.set_inheritable(alive, True)
    before = pressure()
    began = time.monotonic()
    started = now()
    try:
        complete(request)
        pid, problem = start(request)
    except (OSError, ValueError) as error:
        unborn = {"code": None, "signal": None, "launch_error": f"{type(error).__name__}: {error}"}
        replace("exit.json", {**unborn, "started": started, "ended": now(), "duration_s": 0.0})
        return 0
    os.close(alive)
    who = None if problem else identity(pid, started, began)
    caps, status, usage, who = wait(pid, who)
    rises = risen(before, pressure())
    end = {
        **decode(status),
        "launch_error": problem or None,
        "started": started,
        "ended": now(),
        "duration_s": round(time.monotonic() - began, 3),
        "max_rss_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "user_s": usage.ru_utime,
        "sys_s": usage.ru_stime,
        "oom_kills": rises[0]["oom_kill"] if rises and rises[0]["own"] else 0,
        "memory_events": rises,
        "memory_limit_bytes": request.get("memory_limit_bytes"),
        "limits": caps,
    }
    if who is not None:
        replace("process.json", who)
    replace("exit.json", end)
    return 0


def opened(path: str, flags: int) -> int:
    """A descriptor of a plain file: something else in its place must not hang us. Raises OSError."""
    descriptor = os.open(path, flags | os.O_NONBLOCK, 0o664)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ENXIO, "it is no plain file", path)
    return descriptor


def document(path: str) -> dict[str, Any]:
    """A JSON document. Raises OSError or ValueError."""
    with os.fdopen(opened(path, os.O_RDONLY | os.O_CLOEXEC), "rb") as file:
        found: dict[str, Any] = json.load(file)
    return found


def complete(request: dict[str, Any]) -> None:
    """Put the secret values of a request in their places: see `runs.withheld`. Raises OSError, ValueError."""
    if not request.get("withheld"):
        return
    for place, text in document("secrets.json")["values"]:
        table = request
        for key in place[:-1]:
            table = table[key]
        table[place[-1]] = text


def wait(
    pid: int, who: dict[str, Any] | None
) -> tuple[dict[str, Any], int, resource.struct_rusage, dict[str, Any] | None]:
    """Wait for the process; returns its limits, status and usage, and what the disk has not taken of `who`.

    A full disk keeps us from saying who runs, never from seeing how it ends.
    """
    while who is not None:
        if write("process.json", who):
            who = None
            break
        if ended(pid, os.WNOHANG):
            break
        time.sleep(1.0)
    ended(pid, 0)
    caps = limits(pid)
    _, status, usage = os.wait4(pid, 0)
    return caps, status, usage, who


def ended(pid: int, flags: int) -> bool:
    """Whether the process has ended, which leaves it to be asked: only `wait4` makes it go away."""
    if not hasattr(os, "waitid"):
        return False
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | flags) is not None


def start(request: dict[str, Any]) -> tuple[int, str]:
    """Fork and execute the command; returns its pid and, where it could not be executed, why."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    log = opened(request["log"], flags)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    reading, writing = os.pipe2(os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            os.set_inheritable(writing, False)
            become(request, log, nothing)
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode(errors="replace"))
        os._exit(127)
    os.close(writing)
    problem = b""
    while part := os.read(reading, 4096):
        problem += part
    os.close(reading)
    os.close(log)
    return pid, problem.decode(errors="replace")


def become(request: dict[str, Any], log: int, nothing: int) -> None:
    """Turn this forked process into the training process. Returns only by an exception."""
    os.setsid()
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # What Python, the shim and whoever started it ignore or block, the training process must not inherit.
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    limit = request.get("memory_limit_bytes")
    if limit:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    os.chdir(request["cwd"])
    command = request["command"]
    os.execvpe(command[0], command, {**os.environ, **request["env"]})


def identity(pid: int, started: str, began: float) -> dict[str, Any]:
    """Who runs, so that nobody else is ever taken for it."""
    return {
        "pid": pid,
        "start_time": start_time(pid),
        "boot_id": boot_id(),
        "host": os.uname().nodename,
        "started": started,
        "began": began,
        "shim_pid": os.getpid(),
        "shim_start_time": start_time(os.getpid()),
    }


def start_time(pid: int) -> int:
    """Clock ticks after boot, proc(5) field 22; elsewhere the time of day, which is as near as one gets."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            data = file.read()
    except OSError:
        return int(time.time())
    return int(data[data.rfind(b")") + 2 :].split()[19])


def boot_id() -> str:
    """What names this boot."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


def limits(pid: int) -> dict[str, Any]:
    """Each resource limit of a process, (soft, hard); None: none. The dead still have theirs."""
    try:
        with open(f"/proc/{pid}/limits") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        name = LIMITS.get(line[:26].strip())
        both = [int(word) if word.isdigit() else None for word in line[26:].split()[:2]]
        if name and any(value is not None for value in both):
            found[name] = both
    return found


def pressure(root: str = "/") -> dict[str, dict[str, int]]:
    """Counters of each memory cgroup that holds us, our own first, up to the topmost that can be seen."""
    return {folder: counters(folder) for folder in cgroups(root)}


def risen(before: dict[str, dict[str, int]], after: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """By how much the counters of each cgroup rose; those where nothing did are left out."""
    found: list[dict[str, Any]] = []
    for own, (folder, counts) in zip((True, *[False] * len(after)), after.items(), strict=False):
        then = before.get(folder, {})
        rise = {name: count - then.get(name, 0) for name, count in counts.items() if name != "limit"}
        if any(count > 0 for count in rise.values()):
            found.append({"cgroup": folder, "own": own, "oom_kill": 0, **rise, "limit": counts.get("limit")})
    return found


def cgroups(root: str = "/") -> list[str]:
    """Folders of the memory cgroups that hold us, innermost first; in a container only its own are seen."""
    try:
        with open(f"{root}proc/self/cgroup") as file:
            groups = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        return []
    found = []
    for _, controllers, path in groups:
        if controllers and "memory" not in controllers.split(","):
            continue
        top = f"{root}sys/fs/cgroup" + ("/memory" if controllers else "")
        parts = [part for part in path.split("/") if part]
        for depth in range(len(parts), -1, -1):
            folder = "/".join((top, *parts[:depth]))
            if os.path.exists(f"{folder}/{EVENTS[bool(controllers)]}"):
                found.append(folder)
    return found


def counters(folder: str) -> dict[str, int]:
    """`oom`, `oom_kill` … and the `limit` of a cgroup, from the files of v2 or of v1."""
    found = {}
    for name in EVENTS:
        for line in read(f"{folder}/{name}").splitlines():
            word, _, number = line.partition(" ")
            if word in COUNTED and number.isdigit():
                found[word] = int(number)
    for name, file in (("failcnt", "memory.failcnt"), ("limit", "memory.max"), ("limit", V1_LIMIT)):
        number = read(f"{folder}/{file}").strip()
        if number.isdigit() and int(number) < 1 << 60:  # v1 writes a number like 2**63 where there is none
            found[name] = int(number)
    return found


def read(path: str) -> str:
    """The text of a file of the kernel's; empty where there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def decode(status: int) -> dict[str, Any]:
    """A wait status as code or signal."""
    if os.WIFSIGNALED(status):
        return {"code": None, "signal": os.WTERMSIG(status), "core_dumped": os.WCOREDUMP(status)}
    return {"code": os.WEXITSTATUS(status), "signal": None, "core_dumped": False}


def lock(descriptor: int) -> bool:
    """Take the lock; False when somebody else has it. A file system without locks locks nothing."""
    for _ in range(50):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.01)  # an onlooker tests the lock for a moment
        except OSError:
            return True
    return False


def replace(path: str, document: dict[str, Any]) -> None:
    """Write a document atomically; while the disk is full, try until there is space."""
    while not write(path, document):
        if not os.path.isdir("."):
            return  # the run folder is gone, and with it everybody who could want to know
        time.sleep(1.0)


def write(path: str, content: dict[str, Any]) -> bool:
    """Write a document atomically; False when the disk refuses."""
    temporary = f".{path}.{os.getpid()}-{os.urandom(8).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o664), "wb") as file:
            file.write(json.dumps(content, indent=2).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        remove(temporary)
        return False
    return True


def remove(path: str) -> None:
    """Remove a file, if that can be done."""
    try:
        os.unlink(path)
    except OSError:
        return


def now() -> str:
    """UTC with milliseconds."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
