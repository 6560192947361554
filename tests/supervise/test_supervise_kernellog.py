"""The kernel's log, followed without ever waiting for it."""

import os
import time

from trainer_tui.supervise import kernellog
from trainer_tui.supervise.kernellog import RECORDS_AT_MOST, KernelLog

KILLED = "Memory cgroup out of memory: Killed process {} (python) total-vm:1kB"


def record(pid, at, priority=3):
    return f"{priority},1,{int(at * 1e6)},-;{KILLED.format(pid)}\n SUBSYSTEM=memory\n"


def test_only_the_kernels_word_about_our_processes_since_the_start(tmp_path):
    path = tmp_path / "kmsg"
    path.write_text(
        record(1, 50.0)  # before the start: another process with our number
        + record(1, 101.0, priority=8 + 3)  # a program's word, not the kernel's
        + record(2, 101.0)
        + "6,1,102000000,-;NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', GPU has fallen off the bus.\n"
        + "torn"
    )
    log = KernelLog(100.0, time.time(), path)
    assert [word.pid for word in log.about({1})] == [None]
    with open(path, "a") as file:
        file.write("\n" + record(1, 103.0))
    assert [(word.what, word.pid) for word in log.about({1, 2})] == [("oom", 2), ("gpu", None), ("oom", 1)]
    log.close()
    log.look()


def test_an_empty_pipe_keeps_nobody_waiting(tmp_path):
    path = tmp_path / "kmsg"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    log = KernelLog(0.0, 0.0, path)
    began = time.monotonic()
    assert log.about({1}) == () and time.monotonic() - began < 1
    log.close()
    os.close(writer)


def test_one_look_is_bounded(tmp_path):
    path = tmp_path / "kmsg"
    path.write_text("x" * (8192 * (RECORDS_AT_MOST + 5)) + "\n" + record(1, 1.0))
    log = KernelLog(0.0, 0.0, path)
    log.look()
    assert os.lseek(log._fd, 0, os.SEEK_CUR) == 8192 * RECORDS_AT_MOST
    log.close()


def test_where_there_is_none(tmp_path):
    log = KernelLog(0.0, 0.0, tmp_path / "absent")
    log.look()
    assert log.about({1}) == ()


def test_the_journal_is_asked_where_the_log_may_not_be_read(tmp_path, monkeypatch):
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\necho '{KILLED.format(7)}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def refuse(path, flags):
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patched:
        patched.setattr(kernellog.os, "open", refuse)
        log = KernelLog(0.0, 0.0, tmp_path / "kmsg")
    assert [word.pid for word in log.about({7})] == [7]
    assert log.about({8}) == () and log.about({7}, thoroughly=False) == ()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    began = time.monotonic()
    assert log.about({7}) == () and time.monotonic() - began < 10, "it is not waited for"
