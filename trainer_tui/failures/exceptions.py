"""What the type of a Python exception says about the failure: a table of names, most telling first."""

from __future__ import annotations

import re

_BY_NAME: dict[str, str] = {
    "KeyboardInterrupt": "interrupted",
    "MemoryError": "cpu-oom", "_ArrayMemoryError": "cpu-oom", "ArrayMemoryError": "cpu-oom",
    "OutOfMemoryError": "cuda-oom", "ResourceExhaustedError": "cuda-oom",
    "AcceleratorError": "cuda-error",
    "ModuleNotFoundError": "environment", "ImportError": "environment", "PackageNotFoundError": "environment",
    "DistributionNotFound": "environment", "VersionConflict": "environment",
    "FileNotFoundError": "bad-input", "NotADirectoryError": "bad-input", "IsADirectoryError": "bad-input",
    "UnicodeDecodeError": "bad-input", "JSONDecodeError": "bad-input", "ParserError": "bad-input",
    "EmptyDataError": "bad-input", "BadZipFile": "bad-input", "UnidentifiedImageError": "bad-input",
    "DatasetGenerationError": "bad-input", "DatasetNotFoundError": "bad-input", "YAMLError": "config",
    "UnpicklingError": "checkpoint", "SafetensorError": "checkpoint",
    "DataSourceError": "bad-input", "QCGateBlockedError": "bad-input", "DataLeakageError": "bad-input",
    "SplitRatioViolationError": "bad-input",
    "PermissionError": "permission",
    "ConnectionError": "network", "ConnectionResetError": "network", "ConnectionRefusedError": "network",
    "RemoteDisconnected": "network",
    "ConnectTimeout": "network", "ReadTimeout": "network", "HTTPError": "network", "CommError": "network",
    "MaxRetryError": "network", "SSLError": "network", "ProxyError": "network", "gaierror": "network",
    "LocalEntryNotFoundError": "network", "TimeoutError": "network", "BrokenPipeError": "network",
    "DistBackendError": "distributed", "ChildFailedError": "distributed",
    "ProcessRaisedException": "distributed",
    "ProcessExitedException": "distributed", "RayActorError": "distributed", "SignalException": "signal",
    "DistStoreError": "distributed", "DistNetworkError": "distributed",
    "InductorError": "compile", "LoweringException": "compile", "BackendCompilerFailed": "compile",
    "OutOfResources": "compile", "CompilationError": "compile",
    "GatedRepoError": "permission", "RepositoryNotFoundError": "network", "URLError": "network",
    "ArrowInvalid": "bad-input", "LibsndfileError": "bad-input", "PathNotFoundError": "bad-input",
    "CUDARuntimeError": "cuda-error",
    "InstantiationException": "config", "ConfigCompositionException": "config",
    "OverrideParseException": "config", "MissingConfigException": "config", "UsageError": "config",
    "SyntaxError": "syntax", "IndentationError": "syntax", "TabError": "syntax",
    "MisconfigurationException": "config", "ConfigAttributeError": "config", "ConfigKeyError": "config",
    "ArgumentError": "config", "ValidationError": "config", "MissingMandatoryValue": "config",
    "LinAlgError": "numerical", "FloatingPointError": "numerical", "SamplingError": "numerical",
    "ZeroDivisionError": "numerical", "OverflowError": "numerical",
}  # fmt: skip

_HINTS: dict[str, tuple[str, ...]] = {
    "environment": (
        "The package is missing in this environment, or another Python runs: check `which python`.",
    ),
    "bad-input": (
        "Check the path or the file named in the message, relative to the working directory of the run.",
    ),
    "permission": ("Check the owner and the mode of the path in the message.",),
    "network": (
        "The service was not reachable; compute nodes often have no internet: fetch data and models before.",
    ),
    "checkpoint": ("The file is incomplete or of another version: use the checkpoint before it.",),
    "cpu-oom": (
        "The data do not fit into memory: load less at a time, use a smaller dtype or fewer workers.",
    ),
    "cuda-oom": ("The batch does not fit on the GPU: halve it, or accumulate gradients.",),
    "cuda-error": ("Run again with CUDA_LAUNCH_BLOCKING=1: the line shown may be later than the culprit.",),
    "distributed": ("A rank died: find the first rank that reported an error.",),
    "numerical": ("Look for NaN, zeros and badly scaled columns in what enters this line.",),
    "compile": (
        "Run once without torch.compile to see whether the model itself is well, then look at the first"
        " kernel that fails.",
    ),
    "syntax": ("The script cannot be compiled: see the line shown.",),
    "config": ("A setting is missing or misspelt: the message names it.",),
    "interrupted": ("Somebody pressed Ctrl-C, or sent SIGINT.",),
}

# Words that give a class name away as an exception although it is not in the table.
SUFFIXES = (
    "Error", "Exception", "Interrupt", "Timeout", "Fault", "Failure", "Killed", "KilledWorker", "Group",
    "Exit", "Disconnected", "Overflow", "BadZipFile", "NotFound", "Empty", "Full", "Conflict", "Abort",
)  # fmt: skip

# Class names that end in Error and yet are numbers in a report; `TrainingFailedError` is none.
METRIC_NAME = re.compile(
    r"(?i)^(?!.*(failed|failure|aborted|interrupted|timeout|setup|job|worker))(mean|root|squared?|absolute|relative|median|max|min|avg|average|total|percentage|pct|test|train|val"
    r"|valid|validation|training|reconstruction|prediction|standard|std|rel|abs|mae|mse|rmse|mape)"
)

# What is raised because something else failed: by launchers, by pools, at the other end of a pipe.
_CONSEQUENCES = frozenset((
    "ChildFailedError", "CalledProcessError", "ProcessExitedException", "ProcessRaisedException",
    "RayActorError", "ActorDiedError", "WorkerCrashedError", "NodeDiedError", "DistBackendError",
    "BrokenPipeError", "ConnectionResetError", "SignalException", "TerminatedWorkerError", "KilledWorker",
    "BrokenProcessPool", "TrainingFailedError",
))  # fmt: skip


def is_consequence(name: str) -> bool:
    """True for exceptions that follow from another failure, if there was one."""
    return name.rpartition(".")[2] in _CONSEQUENCES


def kind_of(name: str) -> str:
    """Coarse kind of an exception by its (dotted) class name; `exception` if the table has none."""
    return _BY_NAME.get(name.rpartition(".")[2], "exception")


def is_known(name: str) -> bool:
    """True for names that only an exception has."""
    last = name.rpartition(".")[2]
    return last in _BY_NAME or last in _BUILTIN


def hints_for(kind: str) -> tuple[str, ...]:
    """First things to try for a kind, if anything general can be said."""
    return _HINTS.get(kind, ())


_BUILTIN = frozenset(
    name
    for name in dir(__builtins__ if not isinstance(__builtins__, dict) else __import__("builtins"))
    if name.endswith(("Error", "Exception", "Interrupt", "Exit", "Iteration", "Group"))
) - {"Exception", "BaseException"}
