"""Writes the tables of docs/red-flags.md from the data: `python benchmarks/flags_page.py`."""

from __future__ import annotations

from pathlib import Path

from trainer_tui.runs.flags import HISTORY_FLAGS, MACHINE_FLAGS, Flag

PAGE = Path(__file__).parents[1] / "docs" / "red-flags.md"
MARKS = {"history": "<!-- history flags -->", "machine": "<!-- machine flags -->"}
END = "<!-- end -->"


def section(flags: tuple[Flag, ...]) -> str:
    """One block a flag: meaning, parameters, causes, source."""
    return "\n".join(_block(flag) for flag in flags)


def page(text: str) -> str:
    """The page with its tables made anew."""
    for name, flags in (("history", HISTORY_FLAGS), ("machine", MACHINE_FLAGS)):
        before, rest = text.split(MARKS[name], 1)
        text = before + MARKS[name] + "\n" + section(flags) + rest[rest.index(END) :]
    return text


def _block(flag: Flag) -> str:
    parts = [f"\n### {flag.name} ({flag.severity})\n", f"{_filled(flag)}\n"]
    if flag.parameters:
        rows = ["| parameter | default | unit | what it is | allowed |", "|---|---|---|---|---|"]
        rows += [
            f"| `{p.name}` | {p.default:.10g} | {p.unit} | {p.meaning} | {p.allowed} |"
            for p in flag.parameters
        ]
        parts.append("\n".join(rows) + "\n")
    parts.append("\n".join(f"- {text}" for text in flag.hypotheses) + "\n")
    if flag.quiet_while:
        parts.append(f"Not raised while one of these is up: {', '.join(flag.quiet_while)}.\n")
    parts.append(f"Source: {flag.source}.\n")
    return "\n".join(parts)


def _filled(flag: Flag) -> str:
    """The meaning with the defaults in it."""
    return flag.meaning.format(**{name: f"{value:.10g}" for name, value in flag.defaults.items()})


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
