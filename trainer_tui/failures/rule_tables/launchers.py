"""What launchers say about their children: cascades, attached to their cause."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    CHILD,
    PEER,
)
from trainer_tui.failures.rules import Rule

# fmt: off
RULES: tuple[Rule, ...] = (
    # --- cascades: what launchers say about their children
    Rule("child-failed", "error", "distributed",
         r"exits with return code = -?[1-9]|^\S+ FAILED$|error_handler: \{$|^Exited with exit code [1-9]\d*\.$"
         r"|(^|\|\|) *exitcode +: -?[1-9]\d* +\(pid: |exited with a non-zero status of [1-9]|^##\[error\]Process|Reporting training FAILURE|AlgorithmError: |: ssh exited with exit code [1-9]|^Command exited with non-zero status [1-9]|^g?make(\[\d+\])?: \*\*\* .*Error [1-9]|Process completed with exit code [1-9]"
         r"|Process finished with exit code -?[1-9]|^\[process exited with code [1-9]|Rank \d+ crashed with exit code|^ERROR conda\.cli\.main_run"
         r"|failed \(exitcode: -?[1-9]\d*\) local_rank: |ChildFailedError: *$",
         "The launcher reports a failed rank.", CHILD, unless=r"::|\.\.\.", consequence=True),
    Rule("worker-group", "error", "distributed",
         r"Worker group FAILED\.",
         "The launcher saw a worker fail; it may start all of them again.", CHILD, any_level=True, consequence=True),
    Rule("container-ended", "error", "exit-code",
         r"container failed with non-zero exit code|container \S+ exitCode: [1-9]\d* terminated",
         "The platform saw the training's container fail.", CHILD, any_level=True, consequence=True),
    Rule("mpi-abort", "error", "distributed",
         r"MPI_ABORT was invoked|application called MPI_Abort\(|caused collective abort of all ranks|ORTE was unable to reliably start|^Abort\(\d+\) on node \d+|Fatal error in (internal_|P?MPI_)\w+|Primary job +terminated normally, but"
         r"|There are not enough slots available|mpi(run|exec) was unable to|MPI_ERRORS_ARE_FATAL|\*\*\* An error occurred in MPI_|was unable to complete a TCP connection|\*\*\* MPI_ERR_\w+"
         r"|detected that one or more processes exited with non-zero status"
         r"|BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES"
         r"|noticed that process rank \d+ .*exited on signal",
         "MPI ended the job.", PEER, consequence=True),
    Rule("user-function", "error", "exception",
         r"User function raise error: |exception calling callback for <Future",
         "A function that was handed to workers failed.", CHILD, herald=True),
    Rule("ray-task", "error", "exception",
         r"ray\.exceptions\.RayTaskError",
         "A task of Ray raised an exception.", CHILD),
    Rule("ray-died", "error", "distributed",
         r"(RayActorError|ActorDiedError|WorkerCrashedError|NodeDiedError): |The actor died unexpectedly before finishing this task|^The actor is dead because ",
         "A Ray worker died.", PEER, consequence=True),
    Rule("srun-step", "notice", "distributed",
         r"srun: error: \S+: tasks? [\d,-]+: (Exited with exit code|Killed|Aborted|Segmentation)",
         "A Slurm step ended badly; it may be a helper.", CHILD, consequence=True),
)
# fmt: on
