"""The table of rules, by precedence: of several that match a line, the most severe and then the first wins.

The comments name the classes of the failure taxonomy (F01 ... F19). Patterns quote what the tools themselves
print; they never quote advice ("try setting ..."), because advice is also printed by runs that are well.
"""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    ARGUMENT,
    CHECKPOINT,
    CHILD,
    CUDA_ASYNC,
    DISK,
    DIVERGED,
    ENVIRONMENT,
    FILE,
    HARDWARE,
    LESS_GPU_MEMORY,
    LESS_MEMORY,
    LIMIT,
    NATIVE,
    NETWORK,
    PEER,
    SHM,
    STOPPED,
)
from trainer_tui.failures.rules import Rule

_NAN = r"(?i)[\s:='\"(+\x9a-]nan\b"  # \x9a ends the full-width colon

# fmt: off
DEFAULT: tuple[Rule, ...] = (
    # --- F07 GPU memory
    Rule("cuda-oom", "error", "cuda-oom",
         r"(?i)(CUDA|HIP|XPU|MPS backend|CUDA error\W.{0,40}|CUDA error 2:"
         r"|cudaMalloc.*):? ?out of memory",
         "The GPU ran out of memory.", LESS_GPU_MEMORY,
         unless=r"(?i)you (may|might|could)|may (encounter|run|lead)|in case of|(avoid"
                r"|prevent)(ing)? (an? |the )?(cuda |gpu )?(out.of|oom)|`\w*Error: "),
    Rule("cublas-alloc", "error", "cuda-oom",
         r"CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED",
         "A GPU library could not allocate memory.", LESS_GPU_MEMORY),
    Rule("resource-exhausted", "error", "cuda-oom",
         r"RESOURCE_EXHAUSTED: |ResourceExhaustedError.*OOM|OOM when allocating tensor",
         "The accelerator ran out of memory.", LESS_GPU_MEMORY),
    Rule("nccl-oom", "error", "cuda-oom",
         r"Failed to CUDA (malloc|calloc)|Cuda failure.{0,10}out of memory",
         "NCCL could not allocate GPU memory.", LESS_GPU_MEMORY, any_level=True),
    # --- F01 host memory
    Rule("cgroup-oom", "error", "cpu-oom",
         r"(?i)Detected \d+ oom.?kill event|oom-kill:constraint|task \d+: Out Of Memory",
         "The kernel killed a process because the job's memory limit was reached.", LESS_MEMORY,
         any_level=True),
    Rule("kernel-oom", "error", "cpu-oom",
         r"Out of memory: Kill(ed)? process \d+|Memory cgroup out of memory|invoked oom-killer",
         "The kernel killed a process because memory ran out.", LESS_MEMORY),
    Rule("batch-memory-limit", "error", "cpu-oom",
         r"TERM_MEMLIMIT|PBS: job killed: (mem|vmem|pmem|pvmem) |(?i:low on resource: memory)|OOMKilled"
         r"|[Ee]xceeded (job )?memory limit",
         "The scheduler killed the job at its memory limit.", LESS_MEMORY),
    Rule("cpu-allocator", "error", "cpu-oom",
         r"DefaultCPUAllocator: |std::bad_alloc|Unable to allocate \d[\d.]* .?i?B|posix_memalign failed"
         r"|WinError 1455|[Cc]annot allocate memory|OUT_OF_HOST_MEMORY|java\.lang\.OutOfMemoryError",
         "The process could not allocate memory.", LESS_MEMORY),
    Rule("ray-oom", "error", "cpu-oom",
         r"killed due to the node running low on memory|OutOfMemoryError: Task was killed",
         "Ray killed a worker because the node ran out of memory.", LESS_MEMORY),
    Rule("worker-lost", "error", "worker-lost",
         r"TerminatedWorkerError: |KilledWorker: |BrokenProcessPool: ",
         "A worker process was killed, most often because memory ran out.", LESS_MEMORY, consequence=True),
    Rule("shell-killed", "error", "killed",
         r": line \d+: *\d+ Killed\b|\d+ Killed {4,}\S|interrupted by signal 9\b",
         "The shell saw a process killed by SIGKILL.", LESS_MEMORY + STOPPED),
    Rule("bare-killed", "warning", "killed",
         r"^Killed$",
         "Something was killed by SIGKILL.", LESS_MEMORY + STOPPED),
    # --- F11 DataLoader and shared memory
    Rule("dataloader-worker", "error", "dataloader",
         r"DataLoader worker \(pid.*(killed by signal|exited unexpectedly)",
         "A DataLoader worker died.", SHM),
    Rule("shared-memory", "error", "dataloader",
         r"(?i)out of shared memory|unable to (open|write to) (shared memory"
         r"|file) ?(object)? ?<?/(dev/shm|torch_)|insufficient shared memory \(shm\)",
         "Shared memory ran out.", SHM),
    Rule("too-many-files", "error", "dataloader",
         r"Too many open files",
         "The process ran out of file descriptors.",
         ("Raise the limit (ulimit -n), or torch.multiprocessing.set_sharing_strategy('file_system').",
          *SHM,)),
    # --- F06 disk
    Rule("disk-full", "error", "disk-full",
         r"No space left on device|Disk quota exceeded|Errno 28\b|Errno 122\b"
         r"|low on resource: ephemeral-storage",
         "No room left on the disk.", DISK),
    # --- F09 hardware
    Rule("gpu-lost", "error", "gpu-hardware",
         r"fallen off the bus|NVRM: Xid.{0,40}: (48|61|62|63|64|74|79|92|94|95|119|120|140|143|154)\b"
         r"|GPU is lost|GPU_IS_LOST|[Uu]ncorrectable (NVLink |ECC )?error|uncorrectable ECC"
         r"|Unable to determine the device handle for GPU",
         "A GPU failed.", HARDWARE),
    Rule("gpu-xid", "error", "cuda-error",
         r"NVRM: Xid ",
         "The driver reported a GPU error caused by the program.", CUDA_ASYNC),
    Rule("gpu-fault", "error", "native-crash",
         r"Memory access fault by GPU|HW Exception by GPU",
         "The GPU saw an invalid memory access.", CUDA_ASYNC),
    # --- F03 environment (before F08: more telling)
    Rule("no-kernel-image", "error", "environment",
         r"no kernel image is available|CUDA driver version is insufficient"
         r"|forward compatibility was attempted|CUDA error: (unknown error|no CUDA-capable device"
         r"|invalid device ordinal|initialization error)|: CUDA: invalid device ordinal"
         r"|Found no NVIDIA driver|No CUDA GPUs are available|Torch not compiled with CUDA enabled",
         "The GPU software does not fit the GPU or the driver.", ENVIRONMENT),
    Rule("undefined-symbol", "error", "environment",
         r"^\S+\.so[.\d]*: undefined symbol: |symbol lookup error: |: version `?(GLIBC|GLIBCXX"
         r"|CXXABI)_[\d.]+'? not found|error while loading shared libraries: ",
         "A compiled library does not fit the others.", ENVIRONMENT),
    Rule("cannot-import", "error", "environment",
         r"^(ModuleNotFoundError|ImportError): |: No module named \S+$|there is no package called ",
         "A package is missing.", ENVIRONMENT, unless=r"(?i)warning|error caught was"),
    Rule("cannot-open-script", "error", "launch-failed",
         r"can't open file '.+\[Errno \d+\]|python[\d.]*: No module named "
         r"|No such file or directory: exec",
         "Python could not open the script.", FILE),
    # --- F08 CUDA and NCCL
    Rule("device-assert", "error", "cuda-error",
         r"\.cuh?:\d+: .*Assertion .+ failed|device-side assert",
         "A check inside a GPU kernel failed.",
         ("An index is out of range: a label >= the number of classes, a token >= the vocabulary.",
          *CUDA_ASYNC,)),
    Rule("cuda-error", "error", "cuda-error",
         r"CUDA error: |THCudaCheck FAIL|cuDNN error: |CUDNN_STATUS_(EXECUTION|INTERNAL|MAPPING)"
         r"|CUBLAS_STATUS_(EXECUTION|INTERNAL|NOT_INIT)|CUSOLVER_STATUS_(INTERNAL|EXECUTION)"
         r"|CUFFT_(INTERNAL_ERROR|EXEC_FAILED)|CUDA_ERROR_(?i:[A-Z_]+):"
         r"|an illegal memory access was encountered|unspecified launch failure|hipError[A-Z]\w+"
         r"|HIP error: |cudaError[A-Z]\w+ ?[:(]",
         "A GPU operation failed.", CUDA_ASYNC, unless=r"Unable to register|Plan failed with|UserWarning"),
    Rule("nccl-watchdog", "error", "distributed",
         r"Watchdog caught collective operation timeout|watchdog thread terminated with exception"
         r"|Timed out initializing process group|Process group watchdog thread|wait timeout after \d+ms"
         r"|Timed out waiting \d+ms for (recv|send)",
         "A collective operation timed out: a rank did not take part.", PEER, consequence=True),
    Rule("nccl-error", "error", "distributed",
         r"NCCL error (in)?:? ?|\bnccl(Internal|System|UnhandledCuda|Remote|Invalid\w+)Error: "
         r"|NCCL (operation|communicator).{0,40}(failed|aborted)|taking the entire process down"
         r"|Connection closed by peer \[|DistBackendError",
         "NCCL failed.", PEER, consequence=True),
    Rule("rendezvous", "error", "distributed",
         r"(RendezvousConnectionError|RendezvousTimeoutError|server socket has failed to listen on any)"
         r"|EADDRINUSE|Address already in use$",
         "The ranks could not meet.",
         ("The port is taken by an older run: end it, or choose another --master_port.", *PEER)),
    # --- F04 native crashes
    Rule("fatal-python", "error", "native-crash",
         r"Fatal Python error: ",
         "The interpreter crashed.", NATIVE),
    Rule("segfault", "error", "native-crash",
         r"(^|: line \d+: *\d+ |: *|\] *|^\d+ )Segmentation fault( \(core dumped\)|$| {3,}\S)"
         r"|[Cc]aught signal \d+ \(|[Cc]aught signal number \d+|Signal: Segmentation fault|SIGSEGV \(@"
         r"|`Segmentation fault` is detected|Received signal 11\b|signal 11 \(Segmentation",
         "The process crashed: invalid memory access.", NATIVE),
    Rule("core-dumped", "error", "native-crash",
         r"\(core dumped\)|^(.*: line \d+: *\d+ )(Aborted|Bus error|Illegal instruction"
         r"|Floating point exception|Trace/breakpoint trap)\b|^(Bus error|Illegal instruction"
         r"|Floating point exception)( \(core dumped\))?$",
         "The process crashed.", NATIVE),
    Rule("other-signal", "error", "signal",
         r": line \d+: *\d+ (Alarm clock|Terminated|Hangup|Quit|User defined signal \d"
         r"|CPU time limit exceeded|File size limit exceeded)\b",
         "The shell saw a process end by a signal.", STOPPED),
    Rule("heap", "error", "native-crash",
         r"double free or corruption|free\(\): invalid|malloc\(\): |munmap_chunk\(\): invalid"
         r"|corrupted (size vs|double-linked|unsorted)|\*\*\* stack smashing detected",
         "The heap is corrupted.", NATIVE),
    Rule("terminate-called", "error", "native-crash",
         r"^terminate called (after throwing|without an active)|^libc\+\+abi.{0,40}terminating",
         "Compiled code ended with an exception that nobody caught.", NATIVE),
    Rule("process-abort", "error", "native-crash",
         r"`Process abort signal` is detected|^C\+\+ Traceback \(most recent call last\)"
         r"|^Error Message Summary:",
         "Compiled code aborted.", NATIVE),
    Rule("check-failed", "error", "native-crash",
         r"^F\d{4} \d\d:\d\d:\d\d.{0,80}\.(cc|cpp|cxx|cu|cuh|h|hpp|py):\d+\] |: F tensorflow/\S{1,200}\] |: Check failed: .|^\*\*\* Check failure stack trace"
         r"|^\*\*\* Process received signal \*\*\*|\]PETSC ERROR: ",
         "A check inside compiled code failed.", NATIVE),
    Rule("fatal-library", "error", "native-crash",
         r"^\[LightGBM\] \[Fatal\] |^catboost/\S+\.(cpp|h):\d+: ",
         "The library gave up.",
         ("Read the message: it names the parameter or the data that does not fit.",)),
    Rule("rust-panic", "error", "native-crash",
         r"^thread '.*' (\(\d+\) )?panicked at ",
         "A Rust library panicked.", NATIVE),
    # --- F05 checkpoints
    Rule("state-dict", "error", "checkpoint",
         r"Error\(s\) in loading state_dict|PytorchStreamWriter failed|PytorchStreamReader failed"
         r"|unexpected EOF, expected \d+ more bytes|SafetensorError|HeaderTooLarge"
         r"|MetadataIncompleteBuffer|size mismatch for \S+: copying a param",
         "A checkpoint could not be read or written.", CHECKPOINT),
    # --- F02 input
    Rule("truncated-input", "error", "bad-input",
         r"\(truncated file: |BadZipFile: |BadGzipFile: |Input contains NaN|Input X contains NaN"
         r"|image file is truncated \(",
         "The input data are broken.",
         ("Check the file named in the message: size, checksum, missing values.",)),
    # --- F12 network
    Rule("network", "error", "network",
         r"(ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|MaxRetryError"
         r"|LocalEntryNotFoundError|HTTPError)\W.*(Max retries exceeded|HTTPSConnectionPool"
         r"|\b5\d\d\b)",
         "A server could not be reached.", NETWORK,
         unless=r"(?i)^Error https?://|retrying|WARNING|UserWarning"),
    Rule("storage-busy", "error", "network",
         r"(Azure Storage|S3|GCS|Storage) \(5\d\d\): |download stage failed",
         "The object storage refused.", NETWORK),
    Rule("wandb", "error", "network",
         r"^wandb: ERROR Error (while calling|uploading|communicating)|wandb\.errors\.\w+Error: ",
         "Weights & Biases refused or could not be reached.",
         ("Log in again, check entity and project, or set WANDB_MODE=offline.", *NETWORK)),
    # --- F13 permissions
    Rule("read-only", "error", "permission",
         r"^.*(Read-only file system|: Permission denied)$",
         "Writing or executing was not allowed.",
         ("Check the owner and the mode of the path in the message.",), unless=r"(?i)warning|publickey"),
    # --- F19 stopped from outside
    Rule("time-limit", "error", "time-limit",
         r"DUE TO TIME LIMIT|has exceeded its time limit|TERM_RUNLIMIT|PBS: job killed: walltime",
         "The scheduler ended the job at its time limit.", LIMIT),
    Rule("node-failure", "error", "node-failure",
         r"DUE TO NODE FAILURE|srun: error: Node failure|Lost connection to node|node is unhealthy",
         "A node of the cluster failed.", ("Resume from the last checkpoint, without that node.",)),
    Rule("preempted", "error", "preempted",
         r"DUE TO PREEMPTION|DUE TO JOB REQUEUE|TERM_PREEMPT|[Pp]reempted by ",
         "The scheduler took the machine away.", STOPPED),
    Rule("cancelled", "error", "cancelled",
         r"\*\*\* (JOB|STEP) \S+ ON \S+ CANCELLED AT|TERM_OWNER|=>> PBS: job killed|: job killed after ",
         "The scheduler cancelled the job.", STOPPED),
    Rule("evicted", "error", "preempted",
         r"The node was low on resource: ",
         "The cluster evicted the job.", STOPPED),
    Rule("submit-failed", "error", "launch-failed",
         r"error submitting jobs to queue|sbatch: error: |salloc: error: |srun: error: Unable to",
         "The scheduler did not take the job.",
         ("Read the scheduler's message: partition, account, limits.",)),
    Rule("sigterm", "error", "signal",
         r"process received SIGTERM, exiting|SignalException: Process \d+ got signal: \d+"
         r"|Received \d+ death signal",
         "The processes were asked to end from outside.", STOPPED, consequence=True),
    # --- cascades: what launchers say about their children
    Rule("child-failed", "error", "distributed",
         r"exits with return code = -?[1-9]|^\S+ FAILED$"
         r"|failed \(exitcode: -?[1-9]\d*\) local_rank: |ChildFailedError: *$",
         "The launcher reports a failed rank.", CHILD, unless=r"::|\.\.\.", consequence=True),
    Rule("mpi-abort", "error", "distributed",
         r"MPI_ABORT was invoked|MPI_ERRORS_ARE_FATAL|\*\*\* MPI_ERR_\w+"
         r"|detected that one or more processes exited with non-zero status"
         r"|BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES"
         r"|noticed that process rank \d+ .*exited on signal",
         "MPI ended the job.", PEER, consequence=True),
    Rule("ray-died", "error", "distributed",
         r"(RayActorError|ActorDiedError|WorkerCrashedError|NodeDiedError): ",
         "A Ray worker died.", PEER, consequence=True),
    Rule("srun-step", "notice", "distributed",
         r"srun: error: \S+: tasks? [\d,-]+: (Exited with exit code|Killed|Aborted|Segmentation)",
         "A Slurm step ended badly; it may be a helper.", CHILD, consequence=True),
    # --- F14 numbers
    Rule("keras-invalid-loss", "error", "nan-loss",
         r"Batch \d+: Invalid loss, terminating training",
         "The loss is not finite and Keras stopped.", DIVERGED, any_level=True),
    Rule("nan-in-summary", "error", "nan-loss",
         r"Nan in summary histogram|NaN loss during training|Model diverged with loss = NaN|[Ll]oss (is"
         r"|became|went) (nan|NaN|not finite|non-finite)|(?i:NaN (detected|encountered) in (the )?loss)",
         "The loss is not finite.", DIVERGED, unless=r"(?i)prevent|avoid|\bif\b|check"),
    Rule("nan-loss", "error", "nan-loss",
         r"(?i)loss\w{0,20}['\"]?\s{0,4}([:=]|：)\s{0,4}['\"(]?(tensor\()?[-+]?nan\b|\blearn: -?nan\b",
         "The loss is not a number.", DIVERGED,
         unless=r"(?i)(best|min|max|init\w*|lowest|smallest)[_ ]?(\w{0,20}_)?loss"
                r"|improved from|update model|not correct",
         any_level=True, sieve=_NAN),
    Rule("nan-grad-norm", "error", "nan-loss",
         r"['\"]grad_norm['\"]: ['\"]?nan\b",
         "The gradient norm is not a number; the trainer may hide a non-finite loss.", DIVERGED,
         any_level=True),
    Rule("nan-running-loss", "warning", "nan-loss",
         r"(?i)\bloss\w{0,20} {1,4}[-+]?nan\b",
         "A running loss is not a number.", DIVERGED, any_level=True, sieve=_NAN),
    Rule("inf-loss", "warning", "nan-loss",
         r"(?i)\b(loss|train_loss)['\"]?\s{0,4}[:=]\s{0,4}['\"(]?[-+]?inf(inity)?\b",
         "The loss is infinite.", DIVERGED, unless=r"(?i)(best|min|init|prev|last)|improved",
         any_level=True, sieve=r"(?i)[\s:='\"(+-]inf([^o]|$)"),
    Rule("scale-exhausted", "error", "nan-loss",
         r"(?i)minimum loss scale reached|loss scale already at minimum"
         r"|Current loss scale already at minimum",
         "The loss scale cannot fall further: gradients are not finite at any scale.", DIVERGED),
    Rule("overflow-skip", "notice", "overflow",
         r"(?i)(gradient|grad) overflow|OVERFLOW! |overflow detected|Gradient norm: (inf|nan)"
         r"|grad norm is (nan|inf)",
         "A step was skipped because gradients overflowed; normal while the loss scale adapts.",
         unless=r"(?i)no grad overflow", any_level=True),
    Rule("float-warning", "warning", "overflow",
         r"RuntimeWarning: (overflow|invalid value|divide by zero) encountered",
         "numpy met a non-finite number.", DIVERGED, any_level=True),
    # --- F10 exceptions without a traceback, other languages
    Rule("argparse", "error", "config",
         r"^\S+\.py: error: |^Error: (Invalid value|No such (option|command)|Missing (argument|option)"
         r"|Got unexpected extra)",
         "The command line was refused.", ARGUMENT),
    Rule("command-not-found", "warning", "launch-failed",
         r": line \d+: \S+: (command not found|No such file or directory)$|^/bin/sh: \d+: \S+: not found$",
         "A command of the script was not found; the script may go on.",
         ("Check the name and the PATH of the environment.",)),
    Rule("optuna-trial", "error", "exception",
         r"Trial \d+ failed (with parameters|because of the following error)",
         "A trial raised an exception.",
         ("Optuna passes the exception on unless it is listed in catch=.",), any_level=True),
    Rule("exception-during-training", "error", "exception",
         r"Exception during training:|Exception during processing !!!",
         "Training raised an exception."),
    Rule("julia", "error", "exception",
         r"^ERROR: LoadError: |^ERROR: \w+(Error|Exception)(: |\()",
         "The Julia script failed."),
    Rule("r-error", "error", "exception",
         r"\bError in [^:]{1,120}\) ?: |^Execution halted$",
         "The R script failed."),
    Rule("mpi-teardown", "notice", "native-crash",
         r"\bassert .+ failed$|^OMP: Error #",
         "A helper process complained.", consequence=True),
    Rule("critical", "warning", "log-critical",
         r"(^|[\[|: ])(CRITICAL|FATAL)[\]|: ]",
         "The program logged something critical.", unless=r"log.?level|level=", any_level=True),
    # --- samplers
    Rule("divergences", "warning", "sampling",
         r"There were \d+ divergences|had \d+ divergent transitions|rhat statistic is larger"
         r"|chains may have failed to converge",
         "The sampler reports problems.", ("Raise target_accept, or reparameterise the model.",),
         any_level=True),
    Rule("worker-stopped", "warning", "dataloader",
         r"A worker stopped while some jobs were given to the executor",
         "A worker stopped early.", LESS_MEMORY, any_level=True),
    Rule("model-skipped", "warning", "cpu-oom",
         r"Not enough memory to (safely )?train",
         "A model was skipped for lack of memory.", LESS_MEMORY, any_level=True),
    Rule("convergence", "notice", "convergence",
         r"ConvergenceWarning: ",
         "A fit did not converge.", ("Raise the number of iterations, scale the features.",),
         any_level=True),
)
# fmt: on
