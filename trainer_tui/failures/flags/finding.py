"""What a detector says, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.flags import Values
from trainer_tui.runs.incident import Severity

if TYPE_CHECKING:
    from trainer_tui.failures.flags.curve import Shape
    from trainer_tui.failures.flags.gradient import Gradient
    from trainer_tui.failures.flags.pace import Pace
    from trainer_tui.failures.flags.pair import Pair


@dataclass(frozen=True, slots=True)
class Finding:
    """One flag that is up at this moment."""

    subject: str
    """The column, the GPU, the disk: with the flag's name it says which episode this is."""
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None
    """Less than the flag's own, where this case is less severe."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The history at one moment."""

    rows: int
    shapes: Mapping[str, Shape]
    """The losses, the learning rate, scores and the main metric, by name."""
    gradients: Mapping[str, Gradient]
    pairs: Mapping[str, Pair]
    """Validation loss → it and its training loss."""
    pace: Pace
    main_metric: str
    descends: bool
    """Whether the losses of this history should fall: not those of adversaries, policies and samplers."""
    by_step: bool
    """Rows are steps, many to an epoch."""
    unread: Mapping[str, int]
    """Columns of which no cell was ever finite → cells seen."""

    @property
    def losses(self) -> list[Shape]:
        """The losses that should fall as a whole."""
        return [s for s in self.shapes.values() if s.whole_loss] if self.descends else []

    @property
    def training(self) -> list[Shape]:
        """Those of them that are of the training data; all where there is no such."""
        losses = self.losses
        return [s for s in losses if not s.validation] or losses

    @property
    def rate(self) -> Shape | None:
        """The learning rate."""
        return next((s for s in self.shapes.values() if s.kind == "rate"), None)

    @property
    def main(self) -> Shape | None:
        """The main metric, smaller being better; the training loss where there is none."""
        if not self.descends:
            return None
        return self.shapes.get(self.main_metric) or next(iter(self.training), None)


Detector = Callable[[Snapshot, Values], Iterable[Finding]]
"""Sees which flags of one kind are up; a pure function of the snapshot and of its parameters."""
