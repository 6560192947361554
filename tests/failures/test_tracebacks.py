"""Tracebacks of real interpreters, cut, interleaved, prefixed, boxed; and output that only looks like one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trainer_tui.failures import Scanner
from trainer_tui.runs.incident import Incident


def scan(text: str | bytes) -> list[Incident]:
    scanner = Scanner()
    return scanner.feed(text.encode() if isinstance(text, str) else text) + scanner.finish()


def last(text: str | bytes) -> Incident:
    found = scan(text)
    assert found, "nothing found"
    return found[-1]


def run(tmp_path: Path, code: str) -> str:
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    return "epoch 1 loss: 0.5\n" + done.stderr


def test_a_real_traceback(tmp_path: Path) -> None:
    text = run(
        tmp_path,
        "def step(loss):\n    raise RuntimeError('NaN detected')\n\ndef main():\n    step(1)\n\nmain()\n",
    )
    (found,) = scan(text)
    assert found.message == "RuntimeError: NaN detected"
    assert (found.line, found.offset) == (2, len("epoch 1 loss: 0.5\n"))
    assert (found.severity, found.kind, found.fate, found.source) == (
        "error",
        "exception",
        "suspected",
        "log",
    )
    assert [frame.rpartition(" in ")[2] for frame in found.frames] == ["<module>", "main", "step"]
    assert found.frames[-1].endswith("script.py:2 in step")
    assert found.excerpt.startswith("Traceback (most recent") and found.excerpt.endswith(
        "RuntimeError: NaN detected"
    )


def test_it_is_told_as_soon_as_its_line_is_complete() -> None:
    scanner = Scanner()
    head = b'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: bad'
    assert scanner.feed(head) == [] and not scanner.at_rest
    (found,) = scanner.feed(b"\n")
    assert found.message == "ValueError: bad"
    assert scanner.feed(b"epoch 2\n") == [] and scanner.at_rest


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import no_such_module_at_all", "environment"),
        ("open('/no/such/file')", "bad-input"),
        ("raise MemoryError()", "cpu-oom"),
        ("raise KeyboardInterrupt", "interrupted"),
        (
            "class OutOfMemoryError(RuntimeError): pass\nraise OutOfMemoryError('CUDA out of memory. Tried')",
            "cuda-oom",
        ),
        ("raise OSError(28, 'No space left on device')", "disk-full"),
        ("raise RuntimeError('CUDA error: device-side assert triggered')", "cuda-error"),
        ("{}['gender']", "exception"),
        ("assert False", "exception"),
        ("raise SystemExit('config missing')", None),
        ("def f(:", "syntax"),
    ],
)
def test_kinds(tmp_path: Path, code: str, kind: str | None) -> None:
    found = scan(run(tmp_path, code))
    assert [incident.kind for incident in found[-1:]] == ([kind] if kind else [])


def test_a_chain_is_one_incident(tmp_path: Path) -> None:
    code = (
        "def a():\n    {}['x']\ntry:\n    a()\nexcept KeyError as e:\n"
        "    try:\n        raise ValueError('second') from e\n"
        "    except ValueError:\n        raise RuntimeError('third')\n"
    )
    found = scan(run(tmp_path, code))
    assert {incident.id for incident in found} == {found[0].id}
    assert [incident.message for incident in found] == [
        "KeyError: 'x'",
        "ValueError: second",
        "RuntimeError: third",
    ]
    assert found[-1].facts["chain"] == ["KeyError: 'x'", "ValueError: second", "RuntimeError: third"]
    assert found[-1].line == 2


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups")
def test_a_group_and_notes(tmp_path: Path) -> None:
    code = (
        "e = ValueError('one')\ne.add_note('a note')\n"
        "raise ExceptionGroup('several', [e, FileNotFoundError(2, 'No such file', 'x.csv')])\n"
    )
    found = scan(run(tmp_path, code) + "epoch 2\n")
    assert len({incident.id for incident in found}) == 1
    assert found[-1].message == "ExceptionGroup: several (2 sub-exceptions)"
    assert found[-1].kind == "bad-input"
    assert "ValueError: one" in found[-1].facts["chain"]


def test_a_note_makes_the_excerpt_longer(tmp_path: Path) -> None:
    text = run(tmp_path, "e = ValueError('x')\ne.add_note('  seen at batch 7')\nraise e\n") + "done\n"
    found = scan(text)
    assert len({incident.id for incident in found}) == 1
    assert "seen at batch 7" in found[-1].excerpt


def test_a_recursion_is_bounded(tmp_path: Path) -> None:
    text = run(tmp_path, "def f(n):\n    return g(n)\ndef g(n):\n    return f(n + 1)\nf(1)\n")
    found = last(text)
    assert found.message.startswith("RecursionError: maximum recursion depth")
    assert len(found.excerpt) < 20_000


def test_interleaved_ranks_have_separate_states() -> None:
    ranks = [
        [f"[rank{n}]: Traceback (most recent call last):", f'[rank{n}]:   File "t.py", line {n}, in main',
         f"[rank{n}]:     step()", f"[rank{n}]: {error}"]
        for n, error in enumerate(("KeyError: 'a'", "ValueError: b", "RuntimeError: c"))
    ]  # fmt: skip
    text = "\n".join(line for lines in zip(*ranks, strict=True) for line in lines) + "\n"
    found = scan(text)
    assert [incident.message for incident in found] == ["KeyError: 'a'", "ValueError: b", "RuntimeError: c"]
    assert [incident.line for incident in found] == [1, 2, 3]
    assert [len(incident.frames) for incident in found] == [1, 1, 1]


@pytest.mark.parametrize(
    "prefix",
    [
        "[rank3]: ",
        "[1,186]<stderr>:",
        "  6: ",
        "trainer-1  | ",
        "2026-01-02T03:04:05.123456789Z ",
        "2026-01-02T03:04:05.123456789Z stderr F ",
        "(RolloutWorker pid=1026, ip=10.0.0.1) ",
        "[default0]:",
        "[0] ",
    ],
)
def test_prefixes(prefix: str) -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "t.py", line 9, in main',
        "    x()",
        "ValueError: bad",
    ]
    found = last("".join(f"{prefix}{line}\n" for line in lines))
    assert found.message == "ValueError: bad" and found.frames == ("t.py:9 in main",) and found.line == 1


@pytest.mark.parametrize(
    "before",
    [
        "2026-01-02 03:04:05,678 ERROR train: step failed\n",
        "\r 50%|#####     | 5/10 [00:01<00:01,  5.00it/s]",
        "Epoch 1/10:   0%|          | 0/625 [00:00<?, ?it/s]",
        "\x1b[31m",
        "\x1b]0;title\x07",
        "\x08" * 30,
        "\x00\xff",
    ],
)
def test_glued_behind_something(before: str) -> None:
    found = last(
        before + 'Traceback (most recent call last):\n  File "t.py", line 9, in main\nValueError: bad\n'
    )
    assert found.message == "ValueError: bad"
    assert found.line == 1 + before.count("\n")


def test_an_open_traceback_at_the_end_of_the_file() -> None:
    found = last('Traceback (most recent call last):\n  File "t.py", line 9, in main\n    x()\n')
    assert found.severity == "error" and found.frames == ("t.py:9 in main",)


def test_an_exception_line_whose_traceback_was_lost() -> None:
    found = last(
        '  File "t.py", line 9, in main\n    x()\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried\n'
    )
    assert found.kind == "cuda-oom" and found.line == 3 and found.frames == ("t.py:9 in main",)


def test_rich_box() -> None:
    text = (
        "╭─────────────── Traceback (most recent call last) ───────────────╮\n"
        "│ /home/u/train.py:12 in main                                      │\n"
        "│                                                                  │\n"
        "│ ❱ 12     step()                                                  │\n"
        "╰──────────────────────────────────────────────────────────────────╯\n"
        "ValueError: bad\n"
    )
    (found,) = scan(text)
    assert found.message == "ValueError: bad" and found.frames == ("/home/u/train.py:12 in main",)


def test_notebook() -> None:
    text = (
        "---------------------------------------------------------------------------\n"
        "\x1b[0;31mKeyError\x1b[0m                                  Traceback (most recent call last)\n"
        "Cell In[3], line 2\n      1 x = {}\n----> 2 x['a']\n\n\x1b[0;31mKeyError\x1b[0m: 'a'\n"
    )
    assert last(text).message == "KeyError: 'a'"


TEARDOWN = """Exception ignored in: <function Loader.__del__ at 0x7f>
Traceback (most recent call last):
  File "loader.py", line 3, in __del__
AssertionError: can only test a child process
"""
FINALIZER = """Traceback (most recent call last):
  File "/usr/lib/python3.10/multiprocessing/util.py", line 300, in _run_finalizers
    finalizer()
FileNotFoundError: [Errno 2] No such file or directory
"""
ATEXIT = "Error in atexit._run_exitfuncs:\nOSError: [Errno 116] Stale file handle\n"


@pytest.mark.parametrize("text", [TEARDOWN, FINALIZER, ATEXIT, TEARDOWN * 3])
def test_teardown_is_no_error(text: str) -> None:
    assert {incident.severity for incident in scan(text)} <= {"notice"}


def test_a_side_thread_is_a_warning(tmp_path: Path) -> None:
    code = "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\n"
    assert last(run(tmp_path, code)).severity == "warning"


@pytest.mark.parametrize(
    "text",
    [
        "/x/y.py:12: UserWarning: ValueError: not really\n  warnings.warn(\n",
        "print('Traceback (most recent call last):')\n",
        'The words "Traceback (most recent call last)" mean trouble\n',
        "Traceback (most recent call last): see the manual\n",
        "MeanSquaredError: 0.312\nRootMeanSquaredError: 1.2\nval_error: 0.12\nMean Absolute Error: 24.1\n",
        "raise ValueError('x')\n    except RuntimeError:\n",
        "Exception: normal_lpdf: Scale parameter is 0\n",
        "0 errors, 0 failures, No Errors found\n",
        "criterion | MSELoss | TimeoutError is handled\n",
        "WARNING: ModuleNotFoundError: No module named 'flash_attn', going on without\n",
    ],
)
def test_look_alikes_are_silent(text: str) -> None:
    assert [i for i in scan(text) if i.severity != "notice"] == []


def test_the_same_failure_of_many_ranks_is_one() -> None:
    one = 'Traceback (most recent call last):\n  File "t.py", line 9, in main\nValueError: bad\n'
    text = "".join(f"[rank{n}]: {line}\n" for n in range(64) for line in one.splitlines())
    assert len(scan(text)) == 1


def test_after_a_recovered_one_the_next_is_found() -> None:
    one = 'Traceback (most recent call last):\n  File "t.py", line 9, in main\n{}\n'
    text = one.format("ValueError: first") + "retrying\n" * 10 + one.format("KeyError: 'second'")
    assert [incident.message for incident in scan(text)] == ["ValueError: first", "KeyError: 'second'"]


def test_a_rank_that_died_in_the_middle_does_not_keep_the_scanner_busy() -> None:
    scanner = Scanner()
    found = scanner.feed(
        b'[rank3]: Traceback (most recent call last):\n[rank3]:   File "t.py", line 9, in main\n'
    )
    assert found == [] and not scanner.at_rest
    found = scanner.feed(b"".join(b"[rank0]: step %d\n" % step for step in range(3000)))
    assert scanner.at_rest
    assert [(incident.line, incident.frames) for incident in found] == [(1, ("t.py:9 in main",))]
