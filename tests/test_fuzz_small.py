"""The targets of benchmarks/fuzz.py, some inputs each, and the inputs that once found something."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from fuzz import run_target, smallest, tried
from fuzz_mutate import Mutator
from fuzz_target import Target
from fuzz_targets import TARGETS

INPUTS = 40
"""For a target whose share is 1."""

BY_NAME = {target.name: target for target in TARGETS}


@pytest.mark.parametrize("name", BY_NAME)
def test_no_crash_and_no_broken_promise(name: str):
    target = BY_NAME[name]
    count = max(8, min(100, int(INPUTS * target.share)))
    found = run_target(target, count, seed=1, seconds=60.0)["findings"]
    assert [each["told"] for each in found if not each["what"].startswith(("hang", "memory"))] == []


DEEP = b"[" * 600 + b"]" * 600
FOUND: tuple[tuple[str, bytes], ...] = (
    ("mlflow-values", b"create table runs (run_uuid, start_time); insert into runs values ('a', 5);"
     b"create table metrics (key, value, step, is_nan, run_uuid);"
     b"insert into metrics values (null, null, null, null, 'a'), (1, 'x', 'y', 2, 'a'), (x'ff', 1, 1, 0, 1)"),
    ("translation", b"epoch,s\n1,.0850934,\n1,.0850934"),
    ("translation", b";,\n0"),
    ("printed-key=value", b" Epoch\n6\tLoss:5\nep"),
    ("run.json", b'{"model": "model_3", "phase": "full", "watch": ' + b"[" * 900 + b"]" * 900 + b"}"),
    ("list-metric", b",loss,\r=\n0,2,\n,5,\n"),
    ("list-metric", b",6,9\n1,,\n"),
    ("events.jsonl", b'{"time":"","kind":"gates","results":[{"":"","state":""}]}\n'),
    ("events.jsonl", b'{"time":"","kind":"gates","results":[true]}\n'),
    ("events.jsonl", b'{"time":"","kind":"exited","duration_s":1' + b"0" * 400 + b"}\n"),
    ("events.jsonl", b'{"time":"0001-01-01T00:00:00+14:00","kind":"note"}\n'),
    ("events.jsonl", b'{"time":"","kind":"incident"}\n'),
    ("events.jsonl", b'{"time":"","kind":"incident","incident":[[]]}\n'),
    ("events.jsonl", b'{"time":"","kind":"ended","reason":[1],"sentence":{}}\n'),
    ("events.jsonl", b'{"time":"","kind":"note","text":' + DEEP + b"}\n"),
    ("exit.json", b'{"duration_s": "x", "ended": 5}'),
    ("progress.json", b'{"done": 1' + b"0" * 400 + b"}"),
    ("run.json", b'{"model": 5, "plan": "x", "log": "\\ud800\\u0000"}'),
    ("exit-status", b'{"code": 1, "memory_events": [{"oom": 1, "limit": "c"}], "oom_kills": 1}'),
    ("small-documents", b'{"number": 1e999, "base": "", "text": ""}'),
    ("trainer.toml", b"x = " + b"9" * 5000),
    ("trainer.toml", b"x = " + DEEP),
    ("rules-file", b"rules = " + DEEP),
    ("environment", b"TRAINER_TUI_FLAGS__SPIKE=" + DEEP),
    ("environment", b"SLURM_JOB_END_TIME=" + b"9" * 5000),
    ("environment", b"SLURM_JOB_END_TIME=\xc2\xb2\nRANK=\xc2\xb2\nWORLD_SIZE=2"),
    ("typed-words", b"\xc2\xb2\n#" + b"9" * 5000 + b"\nmodel_3/" + b"9" * 5000),
    ("diary-merge", b"### \n-"),
    ("search-csv", b"number,value\ninf,1\nnan,2\n"),
    ("python-source", b"\rR=1\rdef t():i"),
    ("cgroup", b"0::/caf\xe9\nof a name\n\0oom_kill \xc2\xb2\n\0inactive_file x\n"),
    ("proc", b"12 (x) S 24:60:60 1 1 0 0 0 0 0 0 0 0 0 0 0"),
    ("py-spy", b'[{"frames": [{"name": "f", "filename": "a", "line": 1e999}]}]'),
    ("py-spy", DEEP),
    ("door", b"Host: localhost\nOrigin: http://["),
    ("rules-cache", b"abc"),
    ("clean", "a\u2028b\u061c".encode()),
)  # fmt: skip


@pytest.mark.parametrize("at", range(len(FOUND)), ids=lambda at: f"{at}-{FOUND[at][0]}")
def test_what_once_found_something(at: int):
    name, data = FOUND[at]
    assert tried(BY_NAME[name], data)[0] == ""


LONG: tuple[tuple[str, bytes], ...] = (
    ("printed-megatron", b"validation loss at iteration 10 | lm loss value: 1" + b"9" * 20_000 + b" |\n"),
    ("printed-tqdm", b"9" * 100_000 + b"\n"),
    ("printed-lightgbm", b"[1]\t" + b"'s " * 30_000 + b"\n"),
    ("printed", b"\r" * 100_000 + b"x\r\n"),
    ("mlflow-files", b"1 2 0\n" * 60_000),
    ("clean", b"\r" * 100_000 + b"x\r\n"),
    ("wandb", b":W&B\xe1\xbe\x00" + b"\0\0\0\0\0\0\x01" * 100_000),
)
"""What took minutes before, by a cost that grew with the square of the length: here it would never end."""


@pytest.mark.parametrize("name, data", LONG, ids=[name for name, _ in LONG])
def test_what_is_long_costs_no_more_than_its_length(name: str, data: bytes):
    assert tried(BY_NAME[name], data)[0] == ""


def test_the_fuzzer_finds_what_is_there_and_makes_it_small():
    def breaks(data: bytes) -> None:
        if b"\xff" in data and len(data) > 3:
            raise ValueError(data)

    target = Target("broken", lambda: [b"hello", b"world"], breaks)
    (found,) = run_target(target, 2000, seed=1, seconds=60.0)["findings"]
    assert found["what"].startswith("ValueError")
    small = smallest(found["input"], lambda data: bool(tried(target, data)[0]))
    assert len(small) == 4 and b"\xff" in small


def test_the_same_seed_makes_the_same_inputs():
    from random import Random

    target = BY_NAME["events.jsonl"]
    made = [
        [mutator.make() for _ in range(50)]
        for mutator in (Mutator(Random("1"), target.seeds(), target.words, 4096) for _ in range(2))
    ]
    assert made[0] == made[1] and all(len(data) <= 8192 for data in made[0])
