"""Memory, shared memory and disks: F01 host memory, F06 disk, F07 GPU memory, F11 DataLoader."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    DISK,
    LESS_GPU_MEMORY,
    LESS_MEMORY,
    SHM,
    STOPPED,
)
from trainer_tui.failures.rules import Rule

# fmt: off
RULES: tuple[Rule, ...] = (
    # --- F07 GPU memory
    Rule("cuda-oom", "error", "cuda-oom",
         r"(?i)(CUDA|HIP|XPU|NPU|HPU|MPS backend|CUDA error\W.{0,40}|CUDA error 2:|runtime error \(2\) :"
         r"|cudaMalloc.*):? ?out of memory|^(GPU )?[Oo]ut of memory on device\.|Out of GPU memory trying to allocate",
         "The GPU ran out of memory.", LESS_GPU_MEMORY,
         unless=r"(?i)you (may|might|could)|may (encounter|run|lead)|out of memory (count|events|retries)|in case of|(avoid"
                r"|prevent)(ing)? (an? |the )?(cuda |gpu )?(out.of|oom)|`\w*Error: "),
    Rule("cublas-alloc", "error", "cuda-oom",
         r"CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED",
         "A GPU library could not allocate memory.", LESS_GPU_MEMORY),
    Rule("resource-exhausted", "error", "cuda-oom",
         r"RESOURCE_EXHAUSTED: |ResourceExhaustedError.*OOM|OOM when allocating tensor"
         r"|out_of_memory: CUDA error|Ran out of memory in memory space |Your GPU ran out of memory",
         "The accelerator ran out of memory.", LESS_GPU_MEMORY),
    Rule("nccl-oom", "error", "cuda-oom",
         r"Failed to CUDA (malloc|calloc)|Cuda failure.{0,10}out of memory",
         "NCCL could not allocate GPU memory.", LESS_GPU_MEMORY, any_level=True),
    Rule("tf-allocator", "notice", "cuda-oom",
         r"failed to allocate [\d.]+\w* .*from device: CUDA_ERROR_OUT_OF_MEMORY"
         r"|Allocator \(\S+\) ran out of memory trying to allocate",
         "TensorFlow's allocator did not get what it asked for; it may try less.", LESS_GPU_MEMORY,
         any_level=True),
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
         r"|[Ee]xceeded (job )?memory limit|[Ee]xceeded hard (vmem|rss|memory) limit|exceeded hard limit \"?h_(vmem|rss|data)\b",
         "The scheduler killed the job at its memory limit.", LESS_MEMORY, unless=r"at some point"),
    Rule("cpu-allocator", "error", "cpu-oom",
         r"DefaultCPUAllocator: |std::bad_alloc|Unable to allocate \d[\d.]* .?i?B|posix_memalign failed"
         r"|WinError 1455|[Cc]annot allocate (memory|vector of size)|memory allocation of \d+ bytes failed|OUT_OF_HOST_MEMORY|^Error: vector memory (exhausted|limit of )|^Out of memory\. Type .help memory|java\.lang\.OutOfMemoryError",
         "The process could not allocate memory.", LESS_MEMORY),
    Rule("ray-oom", "error", "cpu-oom",
         r"killed due to (the node running low on memory|memory pressure)|OutOfMemoryError: Task was killed",
         "Ray killed a worker because the node ran out of memory.", LESS_MEMORY),
    Rule("worker-lost", "error", "worker-lost",
         r"TerminatedWorkerError: |KilledWorker: |BrokenProcessPool: ",
         "A worker process was killed, most often because memory ran out.", LESS_MEMORY, consequence=True),
    Rule("shell-killed", "error", "killed",
         r": line \d+: *\d+ Killed\b|\d+ Killed {4,}\S|interrupted by signal 9\b|^Killed: 9$",
         "The shell saw a process killed by SIGKILL.", LESS_MEMORY + STOPPED),
    Rule("exit-137", "error", "killed",
         r"(?i)\b(exit(ed)?|exits|terminated|finished|completed)( with)?( (exit|return|non-zero))* ?(code|status|string)[:=]? *(-9|137)\b"
         r"|\bexitcode: -9\b|KILLED BY SIGNAL: 9 |EXIT STRING: Killed \(signal 9\)|exited on signal 9 |^=   EXIT CODE: (9|137)$|^Command terminated by signal 9$",
         "A process was killed by SIGKILL, most often for its memory.", LESS_MEMORY + STOPPED, consequence=True),
    Rule("dask-worker", "warning", "worker-lost",
         r"Worker (process \d+ )?(was killed by (signal \d+|unknown signal)|exceeded \d+% memory budget|process died unexpectedly)|A worker died or was killed while executing a task",
         "A worker of Dask or Ray was killed, most often for its memory.", LESS_MEMORY, any_level=True),
    Rule("bare-killed", "warning", "killed",
         r"(^|[\\|%\]>#/])Killed$",
         "Something was killed by SIGKILL.", LESS_MEMORY + STOPPED, last_words=True),
    # --- F11 DataLoader and shared memory
    Rule("dataloader-worker", "error", "dataloader",
         r"DataLoader worker \(pid.*(killed by signal|exited unexpectedly)"
         r"|Unexpected (segmentation fault|bus error|floating-point exception) encountered in worker",
         "A DataLoader worker died.", SHM, unless=r"signal: Terminated"),
    Rule("dataloader-ended", "error", "dataloader",
         r"DataLoader worker \(pid.*killed by signal: Terminated",
         "A DataLoader worker was asked to end.", STOPPED, consequence=True),
    Rule("shared-memory", "error", "dataloader",
         r"(?i)out of shared memory|unable to (open|write to) (shared memory"
         r"|file) ?(object)? ?<?/(dev/shm|torch_)|insufficient shared memory \(shm\)",
         "Shared memory ran out.", SHM),
    Rule("too-many-files", "error", "dataloader",
         r"Too many open files|received 0 items of ancdata",
         "The process ran out of file descriptors.",
         ("Raise the limit (ulimit -n), or torch.multiprocessing.set_sharing_strategy('file_system').",
          *SHM,)),
    # --- F06 disk
    Rule("disk-full", "error", "disk-full",
         r"No space left on device|Disk quota exceeded|Errno 28\b|Errno 122\b"
         r"|low on resource: ephemeral-storage",
         "No room left on the disk.", DISK),
)
# fmt: on
