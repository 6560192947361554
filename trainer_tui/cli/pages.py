"""`report`: a page about a watch. (What `watch --until failure` prints of one is `cli.report`.)"""

from __future__ import annotations

import sys
from pathlib import Path

from trainer_tui.cli.plans import open_site
from trainer_tui.cli.printing import complain
from trainer_tui.cli.show import pick
from trainer_tui.cli.streams import put_bytes
from trainer_tui.project import ProjectError
from trainer_tui.runs.clock import utc_now
from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.verdict import EXIT_PASSED

_SUFFIXES = {".html": "html", ".htm": "html", ".md": "md", ".markdown": "md"}


def page(model: str, number: int | None, output: str, form: str) -> int:
    """Write the page about the watch of a run (the newest without a number) and say where it is.

    Without a format the name of the file says which, else it is HTML. Raises ProjectError.
    """
    from trainer_tui.report import FORMATS, collect, page_of

    form = form or _SUFFIXES.get(Path(output).suffix.lower(), "html")
    if form not in FORMATS:
        raise ProjectError(f"the format {form!r} is unknown", f"--format takes {', '.join(FORMATS)}")
    place = open_site()
    folder = place.existing(model)
    run = pick(folder, number)
    watch = collect(folder, run, place.project.root.name, place.project.diary, utc_now())
    data = FORMATS[form](page_of(watch)).encode("utf-8", "replace")
    if output == "-":
        put_bytes(data)
        return EXIT_PASSED
    path = Path(output or f"{folder.name}-{watch.runs[0].run.number:03d}.{form}").expanduser()
    if path.is_dir():
        raise ProjectError(f"{path} is a folder", "name a file with -o")
    if not path.parent.is_dir():
        raise ProjectError(f"there is no folder {path.parent}", "make it, or name another file with -o")
    if path.is_file() or not path.exists():
        replace_atomic(path, data)
    else:
        path.write_bytes(data)  # a pipe or a device is written to, never replaced
    complain(
        f"{watch.newest.run.name} and the other runs of its watch: {path}"
        if len(watch.runs) > 1
        else str(path)
    )
    sys.stderr.flush()
    return EXIT_PASSED
