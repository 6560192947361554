"""Histories that others write: pure readers of the files of Lightning, Keras, Transformers, TensorBoard, …

Standard library only. `open_source` gives a reader of one source, `recognise` says what a path is,
`search` finds what a training writes. docs/histories.md is the table of it all.
"""

from trainer_tui.runs.formats.detect import Candidate, recognise, search
from trainer_tui.runs.formats.rows import Merger, Row, Written, plain
from trainer_tui.runs.formats.sources import FORMATS, Source, UnknownFormatError, open_source
from trainer_tui.runs.formats.whole import read_whole

__all__ = [
    "FORMATS",
    "Candidate",
    "Merger",
    "Row",
    "Source",
    "UnknownFormatError",
    "Written",
    "open_source",
    "plain",
    "read_whole",
    "recognise",
    "search",
]
