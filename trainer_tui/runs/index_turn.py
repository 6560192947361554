"""Bringing the index up to date in turns: `python -m trainer_tui.runs.index_turn URL OUTPUT RUN_DIR…`.

Two hundred runs that begin at once are two hundred processes like this one. Each leaves a note that names its
run in `OUTPUT/.index/` and waits for its turn. Only who has it opens the database, which is no trifle where
that needs SQLAlchemy (0.4 s of CPU, 40 MB), and it does what all notes ask for: whoever comes after that
finds its note gone and leaves. A note stays until the row is written, so what a database out of reach refused
is written by the next turn.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from trainer_tui.runs.files import locked, replace_atomic
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plain import make_folders, read_plain

FOLDER = ".index"
URL_VARIABLE = "TRAINER_TUI_INDEX_URL"
"""Where the URL stands when `-` is given for it: it may hold a password, and anybody reads command lines."""

TURN_S = 60
"""A turn that takes longer is ended by the kernel: a database that hangs must not keep the others waiting."""

NICENESS = 5
"""Training comes first."""

Note = tuple[Path, bytes]
"""A note's file and what was in it."""


def leave_note(folder: Path, url: str, run: str) -> Path:
    """Ask for the row of a run (`model_3/007-full`). Raises OSError when the disk refuses.

    The note's name holds a digest of the URL, which may have a password in it.
    """
    make_folders(folder)
    note = folder / f"{_digest(url)}-{run.replace('/', '--')}"
    replace_atomic(note, f"{run}\n{os.getpid()}\n".encode(), fsync=False)
    return note


def notes(folder: Path, url: str) -> list[Note]:
    """Every note for this database."""
    found = []
    for path in sorted(folder.glob(f"{_digest(url)}-*")):
        with suppress(OSError):
            found.append((path, read_plain(path)))
    return found


def done(taken: list[Note]) -> None:
    """Take away the notes that were answered; one that was written anew meanwhile asks for a newer state."""
    for path, content in taken:
        with suppress(OSError):
            if read_plain(path) == content:
                path.unlink()


def asked_for(taken: list[Note], output: Path) -> list[RunFolder]:
    """The runs that notes name, as far as they are there."""
    names = [content.decode(errors="replace").partition("\n")[0] for _, content in taken]
    paths = [output / name for name in names if "\0" not in name and ".." not in name.split("/")]
    return [RunFolder(path) for path in paths if (path / "run.json").exists()]


def main(arguments: list[str]) -> int:
    """Have the rows of these runs written; 1 with one sentence when the index cannot be reached."""
    url = os.environ.pop(URL_VARIABLE, "") if arguments[0] == "-" else arguments[0]
    output = Path(arguments[1])
    folder = output / FOLDER
    if not any(Path(run).is_dir() for run in arguments[2:]):
        return 0  # deleted or moved away meanwhile: nothing is made anew in the old place
    try:
        mine = [leave_note(folder, url, _name(Path(run))) for run in arguments[2:]]
        with locked(folder / "turn.lock"):
            if not any(note.exists() for note in mine):
                return 0  # somebody whose turn it was did ours with its own
            signal.alarm(TURN_S)
            try:
                return _write(url, output, notes(folder, url))
            finally:
                signal.alarm(0)
    except OSError:
        # Where no note can be left, everybody does their own.
        from trainer_tui.runs import index_sqlite

        return index_sqlite.main(arguments)


def _write(url: str, output: Path, taken: list[Note]) -> int:
    from trainer_tui.runs import index_sqlite

    status = index_sqlite.main([url, str(output), *(str(run.path) for run in asked_for(taken, output))])
    if status == 0:
        done(taken)
    return status


def _name(run: Path) -> str:
    return f"{run.parent.name}/{run.name}"


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:12]


if __name__ == "__main__":
    with suppress(OSError):
        os.nice(NICENESS)
    sys.exit(main(sys.argv[1:]))
