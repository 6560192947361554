"""Markdown that could break a diary, for the tests beside this file."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = (
    "## Dev Diary Entry #1",
    "## Dev Diary Entry #2: NaN at night",
    "## 🔥 Dev Diary Entry #12",
    "   ## dev diary entry 7 ##",
    "    ## Dev Diary Entry #5",
    "## Hyperparameter Search Log",
    "# Dev Diary",
    "### The Struggle",
    "### 🔧 The Fix",
    "#### The Why",
    "### Validation",
    "```",
    "```python",
    "````",
    "~~~",
    "<!--",
    "-->",
    "<!-- hint -->",
    "text",
    "",
    "\t",
    "\ufeff",
    "**Status**: OPEN",
    "- a\tb",
    "\u2028",
    "\x0c",
    "> ## Dev Diary Entry #3",
    "##Dev Diary Entry #4",
)
ENDINGS = ("\n", "\n", "\r\n", "\r", "")
documents = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(ENDINGS)), max_size=30).map(
    lambda pairs: "".join(piece + ending for piece, ending in pairs)
)
