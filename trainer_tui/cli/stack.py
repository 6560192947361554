"""`stack`: what the newest run's process does now, and the stacks of it and its children."""

from __future__ import annotations

from trainer_tui.cli.plans import open_site
from trainer_tui.cli.printing import print_json, say
from trainer_tui.cli.show import pick
from trainer_tui.project import ProjectError
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED
from trainer_tui.supervise.standing import Standing, standing_of, standing_of_run


def stack(model: str | None, pid: int | None, as_json: bool) -> int:
    """Print verdict and stacks. `EXIT_FAILED` when the process may not be read.

    Raises ProjectError when nothing runs here that could be looked at.
    """
    if model is None and pid is None:
        raise ProjectError("which process?", "name a model, or give --pid PID")
    name = ""
    if model is None:
        assert pid is not None
        standing = standing_of(pid)
    else:
        run = pick(open_site().existing(model), None)
        name = run.name
        standing = standing_of_run(run, pid)
    if not standing.runs:
        raise ProjectError(standing.problem, "`trainer-tui status` says where the runs stand")
    if as_json:
        print_json({"run": name or None, **standing.to_dict()})
    else:
        _print(name, standing)
    return EXIT_FAILED if standing.problem else EXIT_PASSED


def _print(name: str, standing: Standing) -> None:
    assert standing.verdict is not None
    verdict = standing.verdict
    say(f"{name or 'process'}  pid {standing.pid}  {verdict.name}: {verdict.sentence}")
    if verdict.hypotheses:
        say("should it make no progress:")
    for cause in verdict.hypotheses:
        say(f"  • {cause}")
    say("")
    for line in standing.stacks.split("\n"):
        say(line)
