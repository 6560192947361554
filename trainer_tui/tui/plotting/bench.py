"""The thread behind the Curves screen."""

from __future__ import annotations

from collections.abc import Callable

from trainer_tui.runs.layout import RunFolder
from trainer_tui.tui.histories import Ledger
from trainer_tui.tui.plotting.picture import CurvesPicture, Wish
from trainer_tui.tui.plotting.studio import Studio
from trainer_tui.tui.workbench import Workbench


class CurveBench(Workbench[Wish, CurvesPicture]):
    """Draws curves."""

    def __init__(self, announce: Callable[[], object]) -> None:
        super().__init__("curves", announce)
        self._studio = Studio()

    def runs_of(self, wish: Wish) -> tuple[RunFolder, ...]:
        """The runs whose curves are compared."""
        return wish.runs

    def make(self, wish: Wish, ledgers: list[Ledger], reading: float) -> CurvesPicture:
        """The picture."""
        return self._studio.draw(wish, ledgers, reading)

    def cannot(self, wish: Wish, why: str) -> CurvesPicture:
        """A picture that says why there is none."""
        return CurvesPicture(wish, waiting=f"the history cannot be read: {why}")
