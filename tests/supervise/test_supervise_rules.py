"""A user's own rules at work in a supervised run."""

from trainer_tui.runs.incident import Incident

BEAM = {"id": "beam", "pattern": "(?i)beam lost", "kind": "beamline", "hypotheses": ["Call the operator."]}


def told(lab, run):
    return [Incident.from_dict(e["incident"]) for e in lab.events(run, "incident")]


def test_a_users_rule_is_the_cause(lab):
    state = lab.watch("print('12:00 Beam LOST at S3')\nsys.exit(1)\n", rules=(BEAM,))
    assert state.sentence == "12:00 Beam LOST at S3"
    assert state.failure.kind == "beamline" and state.failure.hypotheses == ("Call the operator.",)


def test_a_users_rule_calms_a_line_that_a_built_in_rule_knows(lab):
    calm = {"id": "calm", "pattern": "CUDA out of memory. Tried", "severity": "notice"}
    body = "print('RuntimeError: CUDA out of memory. Tried to allocate 2 GiB')\ngood()\n"
    state = lab.watch(body, rules=(calm,))
    run = lab.model.latest()
    assert state.passed and {i.severity for i in told(lab, run)} == {"notice"}


def test_a_rule_that_is_switched_off_is_silent(lab):
    body = "print('[rank0]: torch.cuda: CUDA out of memory. Tried to allocate 2 GiB')\ngood()\n"
    lab.watch(body)
    rules = {i.rule for i in told(lab, lab.model.latest())}
    assert rules
    lab.watch(body, disabled_rules=tuple(rules))
    assert not told(lab, lab.model.latest()) or rules.isdisjoint(
        i.rule for i in told(lab, lab.model.latest())
    )


def test_rules_of_another_version_are_left_out_and_that_is_said(lab):
    run = lab.start("good()\n", rules=({"id": "beam", "pattern": "a(?=b)"},))
    state = lab.ended(run)
    assert state.passed
    blind = lab.events(run, "blind")
    assert [e["source"] for e in blind] == ["rules"] and "without the rules" in blind[0]["why"]
