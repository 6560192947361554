"""How the program leaves: its exit codes as the help tells them, and the errors that a sentence explains."""

from __future__ import annotations

from trainer_tui.cli.streams import READER_LEFT
from trainer_tui.runs.verdict import EXIT_CODES

_CODES = {
    **EXIT_CODES,
    130: "left by Ctrl+C; the run goes on",
    READER_LEFT: "nobody read the output any more",
}

EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:<3} {meaning}" for code, meaning in _CODES.items())
WATCH_EPILOG = (
    f"{EPILOG}\n\nA view that returns before the run has ended (--until, Ctrl+C, q) leaves the run going."
)
STATUS_EPILOG = f"With a model, the exit code is that of its newest run, 6 while it runs.\n\n{EPILOG}"
ASK_EPILOG = (
    "Exit codes: 0 it was taken up; 1 it was refused, or nobody answered; 2 nothing runs, or bad usage."
)
CHECK_EPILOG = (
    "Exit codes: 0 every gate passed or was skipped with a reason; 3 a gate failed or waits for a person; "
    "6 it still runs; 2 bad usage."
)
DOCTOR_EPILOG = "Exit codes: 0 nothing will fail; 1 something will, and the report says what to do."


def is_for_users(error: Exception) -> bool:
    """Whether an error is one that its sentence explains: of the project, its settings, or the disk."""
    names = {"ModelTrainerError", "NewerVersionError", "ProjectError", "SettingsError"}
    return isinstance(error, OSError) or any(kind.__name__ in names for kind in type(error).__mro__)


def sentence(error: Exception) -> str:
    """What a user is told of it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
