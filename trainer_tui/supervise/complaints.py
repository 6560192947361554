"""What a supervisor says of itself: lines in `supervisor.log`, without anything that looks like a secret."""

from __future__ import annotations

import sys
import traceback

from trainer_tui.runs.secrets import masked_text


def complain(text: str) -> None:
    """Say something; a full disk keeps us from it, not from going on."""
    try:
        print(masked_text(text), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def complain_of(error: BaseException) -> None:
    """Say where an error comes from."""
    complain("".join(traceback.format_exception(error)).rstrip("\n"))
