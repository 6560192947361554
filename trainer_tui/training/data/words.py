"""The words by which values and columns are recognised: tables, so that what is inferred can be read here.

Source: what pandas, R, SPSS exports and spreadsheets write for no value (pandas.read_csv, "na_values").
"""

from __future__ import annotations

import re

MISSING = frozenset({"", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "NULL", "null", "<NA>", "NaT"})
"""Mean "no value" in any column."""

MISSING_AMONG_NUMBERS = frozenset({"None", "none", "?", "-", "--", ".", "*", "missing", "Missing", "#DIV/0!"})
"""Mean "no value" where the other values of the column are numbers, dates or booleans."""

BOOLEANS: tuple[tuple[str, str], ...] = (
    ("false", "true"),
    ("no", "yes"),
    ("f", "t"),
    ("n", "y"),
    ("off", "on"),
)
"""(false, true), in lower case."""

TARGETS = ("target", "y", "label", "class", "outcome", "response")
"""Names that are taken for the target when exactly one column has one of them."""

POSITIVE = frozenset(
    {
        "1", "true", "yes", "y", "t", "on", "positive", "pos", "case", "sick", "diseased", "malignant",
        "event", "fraud", "churned", "died", "dead", "failed", "abnormal",
    }
)  # fmt: skip
"""Labels that are taken for the positive class when exactly one of two is among them."""

_CAMEL_ID = re.compile(r"[a-z]I[dD]$")
_PLAIN_ID = re.compile(r"(^|[_\s.\-])(id|uuid|guid|idx|index|rowid|row_?number)$", re.IGNORECASE)

_PEOPLE = "patient|subject|participant|person|user|customer|client|member|student|household"
_GROUP_WITH_ID = re.compile(
    rf"^({_PEOPLE})([_\s.\-]?(id|no|nr|num|number|key|code|uuid)|Id|ID)$", re.IGNORECASE
)
_GROUP_ALONE = re.compile(r"^(patient|participant)s?$", re.IGNORECASE)

TIMES = frozenset(
    {
        "date", "time", "datetime", "timestamp", "ts", "observed_at", "created_at", "recorded_at",
        "event_time", "event_timestamp", "event_date", "order_date", "visit_date", "measured_at",
    }
)  # fmt: skip
"""Names by which the only date column of a table is taken for the time of observation."""

NONE = "none"
"""Given as group or time: there is none, infer none."""


def is_id_name(name: str) -> bool:
    """Whether a column's name says that it names things: `id`, `order_id`, `userId`."""
    return bool(_PLAIN_ID.search(name) or _CAMEL_ID.search(name))


def is_group_name(name: str) -> bool:
    """Whether a column's name says that it names people of whom a table has several rows."""
    return bool(_GROUP_WITH_ID.match(name) or _GROUP_ALONE.match(name))
