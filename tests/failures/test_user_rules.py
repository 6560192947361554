"""`[[rules]]` of a user, and what every pattern goes through before the automaton has it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.failures import DEFAULT_RULES, Scanner, rules_from
from trainer_tui.failures.automaton import Automaton, frame_wise

LAB: dict[str, Any] = {"id": "beam", "pattern": "(?i)beam lost"}


def test_a_rule_of_a_user_is_used() -> None:
    table = LAB | {"severity": "warning", "hypotheses": "Call the operator.", "meaning": "No beam."}
    scanner = Scanner([*rules_from([table]), *DEFAULT_RULES])
    (found,) = scanner.feed(b"12:00 Beam LOST at S3\n")
    assert (found.rule, found.kind, found.severity) == ("beam", "beam", "warning")
    assert found.hypotheses == ("Call the operator.",)


def test_none_are_fine() -> None:
    assert rules_from([]) == []


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"pattern": "x"}, "Rule 1 has no 'id'"),
        ({"id": "beam"}, "'beam' has no 'pattern'"),
        (LAB | {"patern": "y"}, "unknown key 'patern'; allowed are id, pattern"),
        (LAB | {"severity": "fatal"}, "allowed are notice, warning, error"),
        (LAB | {"severity": ["error"]}, "it must be a text"),
        (LAB | {"id": "Beam Lost"}, "small letters, digits and hyphens"),
        (LAB | {"id": "cuda-oom"}, "built-in"),
        (LAB | {"hypotheses": 3}, "a text or a list of texts"),
        (LAB | {"any_level": "yes"}, "true and false"),
        (LAB | {"pattern": ""}, "not empty"),
        (LAB | {"pattern": "a(?=b)"}, "'beam' cannot be used"),
        (LAB | {"pattern": r"(a)\1"}, "'beam' cannot be used"),
        (LAB | {"pattern": "a*"}, "matches the empty text"),
        (LAB | {"pattern": "(a"}, "'beam' cannot be used"),
        (LAB | {"pattern": r"\Aa"}, r"use \^ and \$"),
        (LAB | {"unless": "(?<!b)c"}, "'beam' cannot be used"),
        (LAB | {"pattern": "a" * 2001}, "split the rule"),
        ("beam lost", "is not a table"),
    ],
)
def test_a_bad_rule_is_refused_in_one_sentence(table: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        rules_from([table])
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_the_same_id_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        rules_from([LAB, LAB])


FRONT, BACK = frame_wise("^"), frame_wise("$")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("^a$", FRONT + "a" + BACK),
        (r"\^a\$", r"\^a\$"),
        ("[^a$]", "[^a$]"),
        ("[]^$]x$", "[]^$]x" + BACK),
        ("[[:alpha:]$]", "[[:alpha:]$]"),
        (r"\Q^$\E$", r"\Q^$\E" + BACK),
        ("(?#^)x", "(?#^)x"),
    ],
)
def test_anchors_know_frames(pattern: str, expected: str) -> None:
    assert frame_wise(pattern) == expected


SIEVED = [rule for rule in DEFAULT_RULES if rule.sieve]


@pytest.mark.parametrize("rule", SIEVED, ids=lambda rule: rule.id)
def test_a_sieve_lets_no_line_of_its_rule_pass(rule: Any) -> None:
    automaton = Automaton((rule,))

    @settings(max_examples=200, deadline=None)
    @given(st.from_regex(re.compile(rule.pattern, re.ASCII)))
    def check(text: str) -> None:
        for piece in re.split(r"[\r\n]", text):
            if re.search(rule.pattern, piece, re.ASCII):
                assert automaton.ends(piece.encode())

    check()


def test_a_frame_is_found_in_a_block_of_frames() -> None:
    (found,) = Scanner().feed(b"\r 10%|# | 1/10\rKilled\r 20%|## | 2/10\nstep\n")
    assert found.rule == "bare-killed" and found.line == 1
