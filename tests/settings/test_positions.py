import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.settings.positions import line_of

TEXT = '''\
# [quick]
top = 1

[quick]          # a comment
scale = 0.5
note = """
scale = 7
[full]
"""
"odd key" = 1
stop.grace = 3

  [models."my model".results]
a = [
  1,
  { b = 2 },
]
medals = { low = 1,  high = 2 }

[[rules]]
id = "one"
[[rules]]
id = "two"
[rules.more]
x = 1
[full]
min_hours = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quick",), 4),
        (("quick", "scale"), 5),
        (("quick", "note"), 6),
        (("quick", "odd key"), 10),
        (("quick", "stop", "grace"), 11),
        (("models",), 13),
        (("models", "my model"), 13),
        (("models", "my model", "results", "a", 1, "b"), 14),
        (("models", "my model", "results", "medals", "high"), 18),
        (("rules", 0, "id"), 21),
        (("rules", 1, "id"), 23),
        (("full", "min_hours"), 27),
        (("full", "absent"), 26),
        (("absent",), None),
        ((), None),
    ],
)
def test_lines(path, line):
    tomllib.loads(TEXT)
    assert line_of(TEXT, path) == line


keys = st.text("abc-_", min_size=1, max_size=4)
values = st.sampled_from(["1", '"[x]"', "[\n1,\n2]", '"""\n[t]\na = 1\n"""', "{ a = 1 }", "'''#\n'''"])


@given(st.dictionaries(keys, st.dictionaries(keys, values, max_size=4), max_size=4))
def test_every_key_is_found_where_it_was_written(tables):
    lines: list[str] = []
    written = {}
    for table, content in tables.items():
        written[(table,)] = len(lines) + 1
        lines.append(f"[{table}]")
        for key, value in content.items():
            written[table, key] = len(lines) + 1
            lines.extend(f"{key} = {value}".split("\n"))
    text = "\n".join(lines)
    assert {path: line_of(text, path) for path in written} == written
