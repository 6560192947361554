"""What is known of an entry's incident, beside the entry."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from trainer_tui.tui.diary.evidence import Evidence, evidence_rows
from trainer_tui.tui.styles import lines


class EvidencePane(VerticalScroll):
    """Made anew for each width: the curve takes all of it."""

    def __init__(self) -> None:
        super().__init__(id="evidence", classes="pane")
        self.border_title = "What is known"
        self._evidence: Evidence | None = None
        self._text = Static("", id="evidence-text", markup=False)

    def compose(self) -> ComposeResult:
        yield self._text

    def show(self, evidence: Evidence | None) -> None:
        """Show other evidence; None: it is being looked for."""
        self._evidence = evidence
        run = evidence.run if evidence is not None else ""
        self.border_title = Content(f"What is known ─ {run}" if run else "What is known")
        self.scroll_home(animate=False)
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if width:
            self._text.update(lines(evidence_rows(self._evidence, width)))
