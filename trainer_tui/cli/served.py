"""What runs behind one browser window: `python -m trainer_tui.cli.served [MODEL]`, started by `cli.web`.

Its standard streams are the wire to the browser; nothing else may be printed there.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback

from trainer_tui.cli.outcomes import is_for_users, sentence
from trainer_tui.cli.places import declared_project, model_folder
from trainer_tui.project import Project
from trainer_tui.runs.text import clean_lines

_LOOKS_EVERY_S = 1.0
_PATIENCE_S = 5.0


def main(words: list[str]) -> None:
    """Show the cockpit of a model, or all runs without one, until it is left or the server is gone."""
    # The terminal is the one in the page, whatever the server was started from.
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    try:
        _show(words)
    except Exception as error:
        # The server prints on its terminal what stands here.
        told = sentence(error) if is_for_users(error) else traceback.format_exc()
        print(clean_lines(f"trainer-tui: {told}"), file=sys.stderr)
        sys.exit(1)


def _show(words: list[str]) -> None:
    if words:
        _cockpit(declared_project(), words[0])
    else:
        from trainer_tui.cli.listing import open_screen

        open_screen(None)


def _cockpit(project: Project, name: str) -> None:
    from trainer_tui.cli.watch import mark_seen, retry
    from trainer_tui.supervise import start
    from trainer_tui.tui.app import run_cockpit
    from trainer_tui.tui.cockpit import Cockpit

    folder = model_folder(project, name)
    start.revive(folder)
    run_cockpit(
        Cockpit(
            model=folder,
            diary=project.diary,
            project_name=project.root.name,
            retry=lambda: retry(folder),
            revive=lambda: start.come_back(folder),
        )
    )
    mark_seen(folder)


def _leave_with(parent: int) -> None:
    """End when the server is gone, killed perhaps: nobody could close this window any more."""
    while os.getppid() == parent:
        time.sleep(_LOOKS_EVERY_S)
    os.kill(os.getpid(), 15)
    time.sleep(_PATIENCE_S)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
