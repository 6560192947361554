"""Every parser of the product as a table of targets."""

from __future__ import annotations

import fuzz_documents
import fuzz_histories
import fuzz_logs
import fuzz_people
from fuzz_target import Target

TARGETS: tuple[Target, ...] = (
    *fuzz_histories.TARGETS,
    *fuzz_documents.TARGETS,
    *fuzz_logs.TARGETS,
    *fuzz_people.TARGETS,
)
