"""A view that finds nobody at work starts a supervisor, and gives up for a while where that fails."""

from types import SimpleNamespace

import pytest

from trainer_tui.cli import headless, show
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.supervise import start
from trainer_tui.supervise.launch import prepare_run


@pytest.fixture
def unwatched(tmp_path, monkeypatch):
    """A run that nobody supervises, a clock, and the times at which somebody tried to supervise it."""
    model = ModelFolder(tmp_path / "output/m", tmp_path / "logs/m")
    plan = WatchPlan(model="m", command=("true",), cwd=str(tmp_path), root=str(tmp_path))
    run = prepare_run(model, plan, "quick")
    clock, tries = [0.0], []

    def refuse(_):
        tries.append(clock[0])
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(start, "come_back", refuse)
    return model, run, clock, tries


def test_the_watch_without_a_screen(unwatched, monkeypatch, capsys):
    model, run, clock, tries = unwatched
    monkeypatch.setattr(headless, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    trail = headless.Trail(model, run)
    for second in range(60):
        clock[0] = float(second)
        trail.mind_supervisor()
    trail.close()
    assert len(tries) == 3
    assert capsys.readouterr().err.count("Resource temporarily unavailable") == 1


def test_the_events_as_they_come(unwatched, monkeypatch):
    model, run, clock, tries = unwatched

    class EverySecond:
        def __init__(self, _):
            pass

        def wait(self, _):
            clock[0] += 1.0
            if clock[0] >= 60:
                raise KeyboardInterrupt

        def close(self):
            pass

    monkeypatch.setattr(show, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(show, "Changes", EverySecond)
    with pytest.raises(KeyboardInterrupt):
        show._print_events(model, run, True, False)
    assert len(tries) == 3
