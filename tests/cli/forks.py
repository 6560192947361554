"""The real program without the time its start takes: a process that has imported it forks for every call.

Most of a short command is Python's start and the imports. A fork is a process like any other, with its own
folder, environment, descriptors and exit code; it only finds the modules there. Started as a program this is
the process that forks, and serves one test process by way of the socket that it inherits.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

LARGEST_REQUEST = 1 << 20


class Forks:
    """What a test process knows of the process that forks for it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        atexit.register(self.close)

    def run(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run the program to its end. Raises subprocess.TimeoutExpired, with the process killed."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            os.umask(mask := os.umask(0))
            asked = {"words": list(words), "cwd": str(cwd), "env": dict(env), "umask": mask}
            request = json.dumps(asked).encode()
            socket.send_fds(self._socket, [request], [out.fileno(), err.fileno()])
            pid = int(self._socket.recv(64))
            self._socket.settimeout(timeout)
            try:
                code = int(self._socket.recv(64))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._socket.settimeout(None)
                self._socket.recv(64)
                raise subprocess.TimeoutExpired(list(words), timeout) from None
            self._socket.settimeout(None)
            texts = [
                _text(os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)) for file in (out, err)
            ]
        return subprocess.CompletedProcess(list(words), code, *texts)

    def close(self) -> None:
        """It ends when nobody can ask any more."""
        self._socket.close()
        self._process.wait(10)


def _text(data: bytes) -> str:
    """As `subprocess` gives it: every end of a line is a newline."""
    return data.decode().replace("\r\n", "\n").replace("\r", "\n")


@cache
def forks() -> Forks:
    """That of this test process."""
    return Forks()


def _import_commands() -> None:
    """What a command imports when it is called, but for the screens and the web server."""
    import trainer_tui.cli

    for module in pkgutil.iter_modules(trainer_tui.cli.__path__):
        if module.name not in ("web", "served", "door"):
            importlib.import_module(f"trainer_tui.cli.{module.name}")


def _serve(wire: socket.socket) -> None:
    """Fork for every request, until the other end is closed; returns in the forks, as the program to be."""
    while True:
        request, descriptors, _, _ = socket.recv_fds(wire, LARGEST_REQUEST, 2)
        if not request:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            _become(json.loads(request), descriptors)
            wire.close()
            return
        for descriptor in descriptors:
            os.close(descriptor)
        wire.send(str(pid).encode())
        wire.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())


def _become(request: dict[str, object], descriptors: list[int]) -> None:
    for number, descriptor in enumerate(descriptors, 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.umask(request["umask"])  # type: ignore[arg-type]
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[arg-type]
    sys.argv = ["trainer-tui", *request["words"]]  # type: ignore[misc]


if __name__ == "__main__":
    _import_commands()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    from trainer_tui.cli.app import main

    main()
