"""Launching: a run's folder is made whole, then its shim is started. A kill in between loses nothing."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
from pathlib import Path

from trainer_tui.runs.clock import utc_now
from trainer_tui.runs.layout import ModelFolder, RunFolder, log_link
from trainer_tui.runs.plain import open_plain, temporary_beside
from trainer_tui.runs.plan import Phase, RunRequest, WatchPlan
from trainer_tui.runs.process import boot_id, host_name
from trainer_tui.runs.withheld import write_request
from trainer_tui.supervise import shim, surroundings
from trainer_tui.supervise.git import git_state
from trainer_tui.supervise.launchers.local import open_complaints
from trainer_tui.supervise.notebook import kept
from trainer_tui.supervise.sources import digest_of, keep_sources
from trainer_tui.supervise.tries import tried_before


def prepare_run(
    model: ModelFolder, plan: WatchPlan, phase: Phase, *, watch: int | None = None, attempt: int = 1
) -> RunFolder:
    """Make the folder of the next run, ready to be launched; `watch` None begins a new watch.

    `run.json` is written last: a folder without one was never finished and is nobody's run. Raises OSError
    when the disk refuses, and leaves nothing behind.
    """
    run = model.new_run(phase)
    try:
        surroundings.keep(model, run, watch)
        _furnish(model, run, plan, phase, watch or run.number, attempt)
    except OSError:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run


def _furnish(
    model: ModelFolder, run: RunFolder, plan: WatchPlan, phase: Phase, watch: int, attempt: int
) -> None:
    keep_sources(plan, run.source, model.path.parent / kept.FOLDER)
    log = model.log_of(run)
    before = tried_before(model, run.number, phase)
    request = RunRequest(
        model=model.name,
        number=run.number,
        phase=phase,
        watch=watch,
        plan=plan,
        command=plan.command,
        cwd=plan.cwd,
        env=environment(plan, phase, run),
        log=os.path.relpath(log, run.path),
        attempt=attempt,
        created=utc_now(),
        host=host_name(),
        boot_id=boot_id(),
        user=user_name(),
        python=sys.version.split()[0] if plan.command[0] == sys.executable else "",
        git=git_state(Path(plan.root)),
        limit_s=plan.quick_limit_s if phase == "quick" else plan.full_limit_s,
        memory_limit_bytes=plan.memory_limit_bytes,
        source_digest=digest_of(run.source),
        retry_of=before[-1].name if before else "",
    )
    os.close(open_plain(log, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW))
    write_request(run.run_json, request.to_dict())
    _link_log(model, run, log)


def environment(plan: WatchPlan, phase: Phase, run: RunFolder) -> dict[str, str]:
    """What the script sees of us: the variables of section 4 of the design."""
    quick = phase == "quick"
    return {
        "PYTHONUNBUFFERED": "1",
        **plan.env,
        "TRAINER_RUN_DIR": str(run.path),
        "TRAINER_PHASE": phase,
        "TRAINER_DATA_FRACTION": str(plan.data_fraction if quick else 1.0),
        "TRAINER_SCALE": str(plan.scale if quick else 1.0),
        "TRAINER_CHAINS_SCALE": str(plan.chains_scale if quick else 1.0),
        "TRAINER_SEED": str(plan.seed),
    }


def spawn_shim(run: RunFolder) -> subprocess.Popen[bytes]:
    """Start the shim, detached: it outlives whoever starts it. Harmless when the run was launched already.

    Its complaints go where those of the supervisor go.
    """
    with open_complaints(ModelFolder(run.path.parent, run.path.parent)) as complaints:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", shim.__file__, str(run.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
            close_fds=True,
            env=surroundings.of_run(run),
        )


def _link_log(model: ModelFolder, run: RunFolder, log: Path) -> None:
    link = model.logs.parent / log_link(run.phase, model.name)
    temporary = temporary_beside(link)
    try:
        temporary.symlink_to(os.path.relpath(log, link.parent))
        os.replace(temporary, link)
    except OSError:
        return  # a convenience; a file system without links must not stop a run


def user_name() -> str:
    """Who we are; empty where the system does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
