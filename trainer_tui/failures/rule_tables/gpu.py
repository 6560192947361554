"""GPUs and the software under them: F09 hardware, F03 environment, F08 CUDA and NCCL."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    CUDA_ASYNC,
    ENVIRONMENT,
    FILE,
    HARDWARE,
    PEER,
)
from trainer_tui.failures.rules import Rule

# fmt: off
RULES: tuple[Rule, ...] = (
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
         r"|CXXABI)_[\d.]+'? not found|error while loading shared libraries: "
         r"|make sure lib\S+ is in your library path!|Could not locate \S+\.dll\.|^nvrtc: error: ",
         "A compiled library does not fit the others.", ENVIRONMENT),
    Rule("cannot-import", "error", "environment",
         r"^(ModuleNotFoundError|ImportError): |: No module named \S+$|there is no package called ",
         "A package is missing.", ENVIRONMENT, unless=r"(?i)warning|error caught was"),
    Rule("cannot-open-script", "error", "launch-failed",
         r"can't open file '.+\[Errno \d+\]|python[\d.]*: No module named "
         r"|No such file or directory: exec|^Error: (Unable to access jarfile|Could not find or load main class) |^Error: Cannot find module '",
         "Python could not open the script.", FILE),
    # --- F08 CUDA and NCCL
    Rule("device-assert", "error", "cuda-error",
         r"\.cuh?:\d+: .*Assertion .+ failed|device-side assert",
         "A check inside a GPU kernel failed.",
         ("An index is out of range: a label >= the number of classes, a token >= the vocabulary.",
          *CUDA_ASYNC,)),
    Rule("cuda-error", "error", "cuda-error",
         r"CUDA error: |^CUDA [Ee]rror:?$|THCudaCheck FAIL|cuDNN error: |CUDNN_STATUS_(EXECUTION|INTERNAL|MAPPING)"
         r"|CUDNN_STATUS_(NOT_INITIALIZED|BAD_PARAM|ARCH_MISMATCH)|CUDNN_BACKEND_API_FAILED|Triton Error \[(CUDA|HIP)\]"
         r"|HSA_STATUS_ERROR|rocBLAS error|MIOpen Error|thrown during kernel execution"
         r"|CUBLAS_STATUS_(EXECUTION|INTERNAL|NOT_INIT)|CUSOLVER_STATUS_(INTERNAL|EXECUTION)"
         r"|CUFFT_(INTERNAL_ERROR|EXEC_FAILED)|CUDA_ERROR_(?i:[A-Z_]+):"
         r"|an illegal memory access was encountered|unspecified launch failure|hipError[A-Z]\w+|(before creating|[Ff]ailed to create) (cudnn|cublas|cusolver|cufft)\w* handle(:| \(|$)"
         r"|HIP error: |PhysX Internal CUDA error|cudaError[A-Z]\w+ ?[:(]",
         "A GPU operation failed.", CUDA_ASYNC, unless=r"Unable to register|Plan failed with|UserWarning|failed to allocate [\d.]|(?i)failed call to cuInit|could not retrieve CUDA device"),
    Rule("no-gpu-here", "notice", "environment",
         r"[Ff]ailed call to cuInit",
         "TensorFlow found no GPU that it can use.", ENVIRONMENT, any_level=True),
    Rule("no-gpu", "warning", "environment",
         r"Failed to initialize NVML|NVIDIA-SMI has failed because",
         "The GPU cannot be used here; the program may go on without it.", ENVIRONMENT, any_level=True),
    Rule("nccl-watchdog", "error", "distributed",
         r"Watchdog caught collective operation timeout|watchdog thread terminated with exception"
         r"|Timeout at NCCL work|failed to pass monitoredBarrier|Some NCCL operations have failed or timed out|[Ff]ailure detected by watchdog|error or timeout\) detected by watchdog"
         r"|Timed out initializing process group|Process group watchdog thread|wait timeout after \d+ms"
         r"|Timed out waiting \d+ms for (recv|send)",
         "A collective operation timed out: a rank did not take part.", PEER, consequence=True),
    Rule("nccl-error", "error", "distributed",
         r"NCCL error(: | in[: ]| [\d(])|NCCL: (unhandled|internal|remote|invalid) |\bnccl(Internal|System|UnhandledCuda|Remote|Invalid\w+)Error: "
         r"|NCCL (operation|communicator).{0,40}(failed|aborted)|taking the entire process down"
         r"|Connection closed by peer \[|DistBackendError|enforce fail at .{0,60}gloo|gloo::EnforceNotMet"
         r"|Application timeout caused pair closure|Got completion from peer .*with (error|status)"
         r"|Transport retry count exceeded",
         "NCCL, gloo or UCX failed.", PEER, consequence=True),
    Rule("horovod", "error", "distributed",
         r"Horovod has been shut down",
         "Another rank of Horovod failed.", PEER, any_level=True, consequence=True),
    Rule("coordination", "error", "distributed",
         r"has been set to ERROR in coordination service|Polled an error from coordination service|[Cc]oordination (service )?agent (is|was) set to ERROR"
         r"|Terminating process because the (JAX|coordinator|distributed)|DEADLINE_EXCEEDED: Barrier timed out",
         "The ranks of JAX lost each other.", PEER, consequence=True),
    Rule("ddp-reduction", "error", "distributed",
         r"^(\w+Error: )?(Expected to have finished reduction in the prior iteration before starting a new one"
         r"|Expected to mark a variable ready only once\.)",
         "A rank left parameters without a gradient, and its peers wait for them.",
         ("Pass find_unused_parameters=True, or see that every parameter takes part in the loss.",)),
    Rule("ranks-waiting", "warning", "distributed",
         r"waiting for remainder of ranks for more than|Stalled (ranks|tensors|ops):",
         "Some ranks wait for others.", PEER, any_level=True),
    Rule("rendezvous", "error", "distributed",
         r"(RendezvousConnectionError|RendezvousTimeoutError|server socket has failed to listen on any)"
         r"|client socket has (timed out|failed to connect to any)"
         r"|EADDRINUSE|Address already in use$",
         "The ranks could not meet.",
         ("The port is taken by an older run: end it, or choose another --master_port.", *PEER)),
)
# fmt: on
