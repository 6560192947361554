"""What the process does now: verdict and stacks over the present screen, looked at in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from trainer_tui.runs.text import clean, clean_lines
from trainer_tui.supervise.standing import Standing
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.styles import lines

_FRAME_INDENT = 4

_BLANK: list[Piece] = [("", "plain")]


class StackScreen(ModalScreen[None]):
    """Live stacks; below them those of the last silence, if there was one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,s", "leave", "Close", id="stack.leave"),
        Binding("r", "look", "Refresh", id="stack.look"),
    ]

    def __init__(self, look: Callable[[], Standing], before: Content | None = None) -> None:
        """`look`: takes the stacks, in a thread; `before`: what was taken when the run fell silent."""
        super().__init__()
        self._look = look
        self._before = before
        self._box = VerticalScroll(classes="dialog stack")
        self._text = Static(Content("looks at the process for a second …"))

    def compose(self) -> ComposeResult:
        self._box.border_title = Content("Stacks")
        self._box.border_subtitle = Content("r looks again · esc closes")
        with self._box:
            yield self._text

    def on_mount(self) -> None:
        self._box.focus()
        self.action_look()

    def action_look(self) -> None:
        """Look again."""
        self._box.border_title = Content("Stacks: looking …")
        self._take()

    @work(exclusive=True, exit_on_error=False)
    async def _take(self) -> None:
        try:
            standing = await asyncio.to_thread(self._look)
        except Exception as error:  # whatever it is, the screen says so and stays
            standing = Standing(problem=f"{type(error).__name__}: {error}")
        self._box.border_title = Content("Stacks")
        text = standing_text(standing)
        if self._before is not None:
            text = Content("\n").join([text, lines([_BLANK, [("when it fell silent", "dim")]]), self._before])
        self._text.update(text)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss()


def standing_text(standing: Standing) -> Content:
    """Verdict, hypotheses and stacks."""
    verdict = standing.verdict
    if verdict is None:
        return lines([[(clean(standing.problem or "nothing was found", 400), "warning")]])
    tone: Tone = "plain" if verdict.works else "warning"
    rows: list[list[Piece]] = [[(clean(verdict.sentence, 600), tone)]]
    if verdict.hypotheses:
        rows += [_BLANK, [("should it make no progress:", "dim")]]
    rows += [[(f"• {clean(cause, 400)}", "dim")] for cause in verdict.hypotheses]
    rows.append(_BLANK)
    rows += [_stack_line(line) for line in clean_lines(standing.stacks).split("\n")]
    return lines(rows)


def _stack_line(line: str) -> list[Piece]:
    """A line of the stacks: frames of libraries, which are told with their folder, stand back."""
    text = line.lstrip(" ")
    indent = len(line) - len(text)
    is_library = indent >= _FRAME_INDENT and "/" in text.rpartition("(")[2]
    # The library drops spaces at the beginning of a line: a stroke keeps them.
    stroke: Piece = ("┊" + " " * (indent - 1) if indent else "", "dim")
    return [stroke, (text, "dim" if is_library else "plain")]
