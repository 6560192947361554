"""Tracebacks of threads and of trackers: what ends the training with them, and what it goes on without."""

from __future__ import annotations

import pytest

from trainer_tui.failures import Scanner
from trainer_tui.runs.incident import Incident

LIB = "/opt/env/lib/python3.11"
PIN = f"{LIB}/site-packages/torch/utils/data/_utils/pin_memory.py"
THREAD = f"""Exception in thread Thread-2 (loop):
Traceback (most recent call last):
  File "{LIB}/threading.py", line 1045, in _bootstrap_inner
    self.run()
"""


def scan(text: str) -> list[Incident]:
    scanner = Scanner()
    return scanner.feed(f"step 1\n{text}\nstep 2\n".encode()) + scanner.finish()


@pytest.mark.parametrize(
    "file",
    [PIN, f"{LIB}/site-packages/batchgenerators/dataloading/nondet_multi_threaded_augmenter.py"],
)
def test_a_thread_that_feeds_the_training_is_an_error(file: str) -> None:
    (found,) = scan(
        f'{THREAD}  File "{file}", line 28, in loop\n    idx, data = r\nValueError: not enough values'
    )
    assert (found.severity, found.rule, found.kind) == ("error", "data-thread", "dataloader")


@pytest.mark.parametrize(
    ("file", "exception"),
    [
        ("/srv/run/monitor.py", "ValueError: bar is gone"),
        (f"{LIB}/site-packages/ipywidgets/progress.py", "ValueError: bar is gone"),
        # The training ended first, and the worker's socket with it.
        (PIN, "ConnectionResetError: [Errno 104] Connection reset by peer"),
        (PIN, "EOFError"),
        (PIN, "OSError: [Errno 9] Bad file descriptor"),
    ],
)
def test_other_threads_are_a_warning(file: str, exception: str) -> None:
    (found,) = scan(f'{THREAD}  File "{file}", line 28, in loop\n    go()\n{exception}')
    assert (found.severity, found.rule) == ("warning", "side-thread")


def test_a_thread_that_the_interpreters_end_cut_off_is_a_notice() -> None:
    header = THREAD.replace(" (loop):", " (most likely raised during interpreter shutdown):")
    (found,) = scan(f'{header}  File "{PIN}", line 28, in loop\n    go()\nTypeError: x is None')
    assert found.severity == "notice"


COMET = f'  File "{LIB}/dist-packages/comet_ml/connection.py", line 384, in send\n    raise x\n'


def test_what_a_tracker_caught_itself_is_a_warning() -> None:
    found = scan(
        f"COMET ERROR: Streaming error\nTraceback (most recent call last):\n{COMET}ValueError: no server"
    )
    assert {incident.severity for incident in found} == {"warning"}


def test_a_tracker_that_the_script_called_is_an_error() -> None:
    call = '  File "/srv/run/train.py", line 3, in <module>\n    comet_ml.Experiment()\n'
    (found,) = scan(f"Traceback (most recent call last):\n{call}{COMET}ValueError: no server")
    assert found.severity == "error"


def test_the_scripts_function_under_a_sweep_agent_is_an_error() -> None:
    agent = (
        f'  File "{LIB}/site-packages/wandb/agents/pyagent.py", line 300, in _run_job\n    self._function()\n'
    )
    mine = '  File "/srv/run/train.py", line 9, in train\n    model(x)\n'
    (found,) = scan(f"Traceback (most recent call last):\n{agent}{mine}ValueError: bad shape")
    assert found.severity == "error"


def test_an_exception_named_like_a_metric_is_one_if_it_says_that_something_failed() -> None:
    (found,) = scan(
        "TrainingFailedError: The Ray Train run failed. Please inspect the previous error messages"
    )
    assert (found.severity, found.rule) == ("error", "exception")


def test_a_notebooks_error_document_tells_name_and_words() -> None:
    (found,) = scan(
        '{\n\t"name": "NameError",\n\t"message": "name \'x\' is not defined",\n\t"stack": "..."\n}'
    )
    assert (found.severity, found.line) == ("error", 3)
    assert found.message == "NameError: name 'x' is not defined"
