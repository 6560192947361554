"""The table of rules: every rule fires on what its tool prints, and the look-alikes stay silent."""

from __future__ import annotations

import subprocess
import sys

import lines_of_jobs
import lines_that_fire
import pytest

from trainer_tui.failures import DEFAULT_RULES, Rule, Scanner
from trainer_tui.runs.incident import Incident

FIRES: list[tuple[str, str]] = [
    ("cuda-oom", "E: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 15.78 GiB total capacity)"),
    ("cuda-oom", " 12%|##   | 3/25 [00:01<00:07,  3.00it/s]HIP out of memory. Tried to allocate 1.00 GiB"),
    ("cublas-alloc", "status CUBLAS_STATUS_ALLOC_FAILED from cublasCreate"),
    ("resource-exhausted", "OOM when allocating tensor with shape[64,512] and type float"),
    ("nccl-oom", "node1:12:99 [0] include/alloc.h:53 NCCL WARN Cuda failure 'out of memory'"),
    ("cgroup-oom", "slurmstepd: error: Detected 2 oom_kill events in StepId=7.0."),
    ("kernel-oom", "Out of memory: Killed process 4242 (python) total-vm:99999kB"),
    ("batch-memory-limit", "TERM_MEMLIMIT: job killed after reaching LSF memory usage limit."),
    ("cpu-allocator", "what():  std::bad_alloc"),
    ("ray-oom", "1 worker was killed due to the node running low on memory."),
    ("worker-lost", "BrokenProcessPool: a child process terminated abruptly"),
    ("shell-killed", "run.sh: line 12: 31337 Killed                  python train.py"),
    ("bare-killed", "Killed"),
    ("dataloader-worker", "ERROR: DataLoader worker (pid 77) is killed by signal: Bus error."),
    ("shared-memory", "unable to write to file </torch_12_34>"),
    ("too-many-files", "open failed: Too many open files"),
    ("disk-full", "tee: train.log: No space left on device"),
    ("gpu-lost", "NVRM: Xid (PCI:0000:3b:00): 79, pid=1, GPU has fallen off the bus."),
    ("gpu-xid", "NVRM: Xid (PCI:0000:3b:00): 31, pid=1, Ch 00000008"),
    ("gpu-fault", "Memory access fault by GPU node-1 (Agent handle: 0x1) on address 0x2."),
    ("no-kernel-image", "CUDA error: no kernel image is available for execution on the device"),
    ("undefined-symbol", "/opt/lib/_C.so: undefined symbol: _ZN2at5emptyE"),
    ("cannot-import", "/usr/bin/python3: No module named trainer"),
    ("cannot-open-script", "python: can't open file '/w/trian.py': [Errno 2] No such file or directory"),
    ("device-assert", "Loss.cu:106: f: block: [0,0,0], thread: [1,0,0] Assertion `t < n` failed."),
    ("cuda-error", "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    ("nccl-watchdog", "[Rank 2] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=5)"),
    ("nccl-error", "ncclSystemError: System call (socket, malloc) failed."),
    ("rendezvous", "[c10d] The server socket has failed to listen on any local network address."),
    ("fatal-python", "Fatal Python error: Aborted"),
    ("segfault", "run.sh: line 3:   999 Segmentation fault      (core dumped) python train.py"),
    ("segfault", "Segmentation fault (core dumped)"),
    ("segfault", "[n1:7 :0:7] Caught signal 11 (Segmentation fault: address not mapped)"),
    ("core-dumped", "Aborted (core dumped)"),
    ("core-dumped", "run.sh: line 3:   999 Bus error               python train.py"),
    ("other-signal", "run.sh: line 3:   999 Terminated              python train.py"),
    ("heap", "malloc(): corrupted top size"),
    ("terminate-called", "terminate called after throwing an instance of 'std::runtime_error'"),
    ("process-abort", "C++ Traceback (most recent call last):"),
    ("check-failed", "F0102 03:04:05.678 99 blob.cpp:115] Check failed: data_"),
    ("fatal-library", "[LightGBM] [Fatal] Label must be non-negative"),
    ("rust-panic", "thread 'main' panicked at src/main.rs:2:5:"),
    ("state-dict", "Error(s) in loading state_dict for Net:"),
    ("truncated-input", "image file is truncated (12 bytes not processed)"),
    ("network", "ConnectTimeout: HTTPSConnectionPool(host='hub', port=443): Max retries exceeded"),
    ("storage-busy", "S3 (503): SlowDown"),
    ("wandb", "wandb: ERROR Error while calling W&B API: project not found"),
    ("read-only", "cp: cannot create regular file 'x': Read-only file system"),
    (
        "time-limit",
        "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***",
    ),
    ("node-failure", "srun: error: Node failure on n7"),
    (
        "preempted",
        "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO PREEMPTION ***",
    ),
    ("cancelled", "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***"),
    ("evicted", "The node was low on resource: pids."),
    ("submit-failed", "sbatch: error: Batch job submission failed: Invalid account"),
    ("sigterm", "Main process received SIGTERM, exiting"),
    ("child-failed", "train.py FAILED"),
    ("mpi-abort", "MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD"),
    ("ray-died", "ray.exceptions.RayActorError: The actor died unexpectedly"),
    ("srun-step", "srun: error: n1: task 3: Exited with exit code 1"),
    ("keras-invalid-loss", "Batch 12: Invalid loss, terminating training"),
    ("nan-in-summary", "Model diverged with loss = NaN."),
    ("nan-loss", "epoch 3 train_loss: nan val_loss: nan"),
    ("nan-loss", "{'loss': nan, 'learning_rate': 1e-4}"),
    ("nan-loss", "Epoch 1:  67%|###   | 2/3 [00:00<00:00,  6.63it/s, loss=nan]"),
    ("nan-loss", "0:\tlearn: nan\ttest: nan"),
    ("nan-grad-norm", "{'loss': '0.0', 'grad_norm': 'nan', 'epoch': '0.5'}"),
    ("nan-running-loss", "iter 250: loss nan, time 24.15ms"),
    ("inf-loss", "4/4 - 0s - loss: inf - mae: 1.0"),
    ("scale-exhausted", "Exception: Current loss scale already at minimum - cannot decrease scale anymore."),
    ("overflow-skip", "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 128.0"),
    ("float-warning", "x.py:3: RuntimeWarning: overflow encountered in exp"),
    ("argparse", "Error: Invalid value for '--lr': 'abc' is not a valid float."),
    ("command-not-found", "run.sh: line 3: pyhton: command not found"),
    ("command-not-found", "/bin/sh: 1: python9: not found"),
    ("check-failed", "2026-01-01 00:00:00.1: F tensorflow/core/env.cc:74] Check failed: ret == 0 (11 vs. 0)"),
    ("argparse", "train.py: error: unrecognized arguments: --lr"),
    ("optuna-trial", "[W 2026-01-01 00:00:00,000] Trial 3 failed with parameters: {'x': 1}"),
    ("exception-during-training", "ERROR [d2.engine]: Exception during training:"),
    ("julia", "ERROR: LoadError: DomainError with -1.0:"),
    ("r-error", "Error in fit(x, y) : undefined columns selected"),
    ("mpi-teardown", "[mpiexec@n1] control_cb (pm.c:893): assert (!closed) failed"),
    ("critical", "2026-01-01 00:00:00,000 CRITICAL train: giving up"),
    ("divergences", "There were 17 divergences after tuning."),
    ("worker-stopped", "UserWarning: A worker stopped while some jobs were given to the executor."),
    ("model-skipped", "Warning: Not enough memory to safely train model"),
    ("convergence", "ConvergenceWarning: Liblinear failed to converge"),
    *lines_that_fire.FIRES,
    *lines_of_jobs.FIRES,
]

SILENT = [
    "epoch 1 val_error: 0.12 mean_squared_error: 0.3 nan_count=0 error_rate=0.01",
    "2026-01-01 INFO 0 errors, 0 failures",
    "User: how do I fix `RuntimeError: CUDA out of memory`?",
    "Q: What is a ValueError? A: a Python exception",
    "| KeyError | 3 |",
    "ValidationError: 0.12",
    "WordErrorRate: 0.3",
    "PACKAGE CHECKER FOUND NO ERRORS, SUCCESS !",
    "# on CUDA out of memory. lower the batch size",
    "    raise RuntimeError('CUDA error: boom')",
    "+ echo Segmentation fault (core dumped)",
    "'on_oom': 'skip: CUDA out of memory',",
    "you may encounter CUDA out of memory if the batch is large",
    "to avoid CUDA out of memory use a smaller batch",
    "killed the enemy; Killed by a dragon",
    "Epoch 1: val_loss improved from inf to 1.9, saving model",
    "Validation loss decreased (inf --> 1.8).  Saving model ...",
    "best_loss: nan",
    "loss_fn: nan_to_num",
    "AIC=inf, Time=0.5 sec  accuracy=nan  MSE: NaN",
    "No Grad overflow for 100 iterations",
    "test passed: check_overflow ... FAILED expected",
    "Trial 14 pruned. Trial was pruned at epoch 5.",
    "ls: cannot access '/pkl': No such file or directory",
    "HTTP/1.1 500 Internal Server Error, retrying",
    "stderrthreshold: fatal",
    "Failed to detect the name of this notebook",
    "fatal: not a git repository",
    "0 | criterion | MSELoss | 0",
    "stage3 FAILED to improve, patience 3/10",
    *lines_that_fire.SILENT,
    *lines_of_jobs.SILENT,
]


def scan(text: str, rules: tuple[Rule, ...] = DEFAULT_RULES) -> list[Incident]:
    scanner = Scanner(rules)
    return scanner.feed(f"step 1\n{text}\nstep 2\n".encode()) + scanner.finish()


@pytest.mark.parametrize(("rule", "text"), FIRES)
def test_rule_fires(rule: str, text: str) -> None:
    found = scan(text)
    assert rule in [incident.rule for incident in found]
    assert {incident.line for incident in found} == {2}
    severity = next(known.severity for known in DEFAULT_RULES if known.id == rule)
    assert next(incident.severity for incident in found if incident.rule == rule) == severity


def test_every_rule_has_an_example_and_a_meaning() -> None:
    assert {rule.id for rule in DEFAULT_RULES} == {rule for rule, _ in FIRES}
    assert all(rule.meaning.endswith(".") for rule in DEFAULT_RULES)


@pytest.mark.parametrize("text", SILENT)
def test_look_alikes_are_silent(text: str) -> None:
    assert scan(text) == []


def test_a_line_below_error_level_gives_only_a_notice() -> None:
    (found,) = scan("2026-01-01 00:00:00 WARNING retry after CUDA out of memory. Tried to allocate 2 GiB")
    assert found.severity == "notice"


def test_a_progress_bar_is_cut_off_the_message() -> None:
    (found,) = scan("Epoch 1/10:  30%|###  | 3/10 [00:01<00:02,  3.1it/s]Fatal Python error: Aborted")
    assert found.message == "Fatal Python error: Aborted"


def test_a_failure_behind_a_bar_is_found_before_the_line_ends() -> None:
    scanner = Scanner()
    assert scanner.feed(b"\r 10%|#  | 1/10 [00:01<00:09, 1.0it/s, loss=0.4]") == []
    assert scanner.feed(b"\r 20%|## | 2/10 [00:02<00:08, 1.0it/s, loss=nan]") == []
    (found,) = scanner.feed(b"\r 30%|###| 3/10 [00:03<00:07, 1.0it/s, loss=nan]")
    assert found.kind == "nan-loss" and found.line == 1 and found.offset == 0
    assert scanner.feed(b"\r 40%|###| 4/10 [00:03<00:07, 1.0it/s, loss=nan]\n") == []


def test_control_sequences_do_not_reach_the_message() -> None:
    (found,) = scan("\x1b[31m\x1b]0;evil\x07Fatal\x1b[0m Python error: \x1b[2JAborted\x00")
    assert found.message == "Fatal Python error: Aborted"


def test_a_very_long_line_is_quoted_around_the_match() -> None:
    (found,) = scan("x" * 5000 + " exits with return code = -6 " + "y" * 5000)
    assert len(found.message) <= 1000 and "exits with return code = -6" in found.message


def test_what_repeats_is_said_once() -> None:
    found = scan("\n".join(f"step {step} loss: nan" for step in range(5000)))
    assert [incident.line for incident in found] == [2]


def test_the_excerpt_shows_the_lines_before() -> None:
    (found,) = scan("epoch 7\nlr 1e-3\nloss: nan")
    assert found.excerpt.splitlines() == ["step 1", "epoch 7", "lr 1e-3", "loss: nan"]


def test_user_rules_are_added() -> None:
    mine = Rule("my-lab", "error", "lab", r"(?i)beam lost", "The beam is gone.", ("Call the operator.",))
    (found,) = scan("12:00 Beam LOST at S3", (*DEFAULT_RULES, mine))
    assert (found.rule, found.kind, found.hypotheses) == ("my-lab", "lab", ("Call the operator.",))


@pytest.mark.parametrize(
    "rule",
    [
        Rule("bad-one", "error", "x", r"a(?=b)", "m"),
        Rule("bad-one", "error", "x", r"(a)\1", "m"),
        Rule("bad-one", "error", "x", r"(unclosed", "m"),
        Rule("bad-one", "error", "x", r"a*", "m"),
        Rule("bad-one", "error", "x", r"\Aa", "m"),
        Rule("bad-one", "error", "x", "", "m"),
        Rule("bad-one", "fatal", "x", "a", "m"),  # type: ignore[arg-type]
        Rule("bad-one", "error", "x", "a", "m", unless="(?<!b)c"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_named(rule: Rule) -> None:
    with pytest.raises(ValueError, match="bad-one") as caught:
        Scanner([*DEFAULT_RULES, rule])
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_the_same_id_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="cuda-oom"):
        Scanner([*DEFAULT_RULES, DEFAULT_RULES[0]])


def test_importing_is_light() -> None:
    heavy = ("hyperscan", "numpy", "pydantic")
    code = f"import sys, trainer_tui.failures; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
