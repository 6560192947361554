"""Who may come in: names, origins, tokens, as plain values."""

from __future__ import annotations

import pytest

from trainer_tui.cli.door import Door, name_of, own_names
from trainer_tui.cli.serving import Wish, is_local, token_for
from trainer_tui.project import ProjectError

HERE = Door(token="", names=frozenset(), host="127.0.0.1", open_to_all=False)
EVERYWHERE = Door(token="t" * 12, names=frozenset({"Train.Example.org"}), host="0.0.0.0", open_to_all=True)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST", "127.0.0.1"])
def test_its_own_names_are_answered_under_any_port(host: str):
    assert HERE.refusal({"Host": host}) == ""
    assert HERE.refusal({"Host": host, "Origin": f"http://{host}"}) == ""


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "evil.com:8000",
        "localhost.evil.com",
        "127.0.0.1.evil.com",
        "10.0.0.5:8000",
        "",
        "a@localhost",
        "localhost/x",
        "[::1",
        "localhost:x@evil.com",
    ],
)
def test_other_names_are_refused(host: str):
    assert "name" in HERE.refusal({"Host": host})


def test_elsewhere_it_knows_addresses_its_own_name_and_those_that_were_allowed():
    for host in ("10.0.0.5:8000", "[fe80::1]:8000", "train.example.org", *own_names()):
        assert EVERYWHERE.refusal({"Host": host}) == "", host
    for host in ("evil.com", "example.org", "x.train.example.org"):
        assert EVERYWHERE.refusal({"Host": host}), host


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.com",
        "null",
        "",
        "http://localhost:8001",
        "http://localhost",
        "file://",
        "http://localhost:80000",
    ],
)
def test_requests_from_other_origins_are_refused(origin: str):
    assert "other pages" in HERE.refusal({"Host": "localhost:8000", "Origin": origin})


def test_a_link_may_lead_here_and_a_picture_elsewhere_may_not():
    cross = {"Host": "localhost:8000", "Sec-Fetch-Site": "cross-site"}
    assert HERE.refusal({**cross, "Sec-Fetch-Mode": "navigate"}) == ""
    assert HERE.refusal({**cross, "Sec-Fetch-Mode": "no-cors"})


def test_a_door_without_a_token_knows_none():
    assert not HERE.knows("") and not HERE.knows(None)
    assert EVERYWHERE.knows("t" * 12) and not EVERYWHERE.knows("t" * 11) and not EVERYWHERE.knows("é")


def test_names_without_ports():
    assert name_of("[::1]:80") == "::1" and name_of("A:80") == "a" and name_of("") is None


def test_where_a_token_is_needed():
    assert [is_local(h) for h in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")] == [True] * 5
    assert not any(is_local(h) for h in ("0.0.0.0", "::", "10.0.0.5", "gpu01", "", "localhost.evil.com"))
    assert token_for(Wish(None, "127.0.0.1", 1, "")) == ""
    made = token_for(Wish(None, "0.0.0.0", 1, ""))
    assert len(made) >= 32 and made != token_for(Wish(None, "127.0.0.1", 1, "new"))
    assert token_for(Wish(None, "0.0.0.0", 1, "long enough")) == "long enough"
    with pytest.raises(ProjectError, match="8 characters"):
        token_for(Wish(None, "127.0.0.1", 1, "short"))
