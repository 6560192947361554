"""First things to try, shared by several rules: most likely cause first."""

from __future__ import annotations

LESS_GPU_MEMORY = (
    "The batch (or the sequence length, the image size) does not fit: halve it, or accumulate gradients.",
    "Something else holds the GPU's memory: look at nvidia-smi for other processes.",
    "Memory grows step by step: tensors with their graph are kept (loss summed without .item(), lists "
    "of outputs).",
)
LESS_MEMORY = (
    "The data or its copies do not fit into memory: load less of it, use a smaller dtype or memory mapping.",
    "Each DataLoader worker holds its own copy: use fewer workers.",
    "Memory grows over time: look at the memory curve of this run.",
)
NATIVE = (
    "Compiled code crashed: a version mismatch between libraries (CUDA, numpy, torch) is the most "
    "frequent cause.",
    "Run once with PYTHONFAULTHANDLER=1 to see which Python line it was.",
    "If it does not happen again at the same place, suspect memory, driver or hardware.",
)
CUDA_ASYNC = (
    "The line shown may be later than the culprit: run again with CUDA_LAUNCH_BLOCKING=1.",
    "A label or an index outside its range is the most frequent cause: run one batch on the CPU to see it.",
)
HARDWARE = (
    "The GPU or its connection failed: look at the kernel's log (dmesg) and at nvidia-smi -q.",
    "Restarting the run does not help before the machine was reset or the GPU taken out.",
)
PEER = (
    "One rank died or fell behind and the others waited for it: find the first rank that reported anything.",
    "Ranks took different numbers of steps: uneven data or a rank-dependent branch.",
    "The network between the ranks failed: run with NCCL_DEBUG=INFO.",
)
DIVERGED = (
    "The learning rate is too high, or warm-up is missing: divide it by ten.",
    "Exploding gradients: clip them, and look at grad_norm before this point.",
    "A division by zero, log of zero or a non-finite value in the data; in half precision an overflow.",
)
DISK = (
    "The disk or the quota is full: delete old checkpoints, or write elsewhere.",
    "Shared memory (/dev/shm) or /tmp is full rather than the disk: check df for the path in the message.",
)
SHM = (
    "A DataLoader worker was killed: out of memory or out of shared memory; use fewer workers, or a "
    "larger /dev/shm.",
    "The data set fails inside the worker: run with num_workers=0 to see the real error.",
)
FILE = (
    "The path is wrong or relative to another working directory.",
    "The file has not been made or downloaded yet.",
)
ENVIRONMENT = (
    "The environment is not the one the script needs: check which Python and which versions run.",
    "The library was built for another CUDA, driver or Python version.",
)
LIMIT = ("The job ran into the limit of its queue: ask for more, or resume from the last checkpoint.",)
STOPPED = ("A person, a script or the scheduler stopped it: ask, then resume from the last checkpoint.",)
NETWORK = (
    "A server could not be reached: a proxy, a firewall, or a compute node without internet access.",
    "Download models and data beforehand and use the offline mode (HF_HUB_OFFLINE=1, WANDB_MODE=offline).",
)
CHECKPOINT = (
    "The checkpoint belongs to another version of the model.",
    "The file is incomplete: the run died or the disk was full while it was written; use the one before it.",
)
CHILD = ("This is the launcher's report: the cause stands further up, in the first rank that failed.",)
ARGUMENT = ("The command line or the configuration has a key that the script does not know.",)
