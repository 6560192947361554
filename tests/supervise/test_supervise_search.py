"""The search log of a training stands in the diary when its run has ended."""

from trainer_tui.diary import read


def test_a_training_fills_the_search_log_by_itself(lab):
    state = lab.watch(
        """
        import json
        good()
        lines = [{"study": {"metric": "auc", "direction": "maximize", "trials": 2, "unit": ""}}]
        for number, value in ((0, 0.7), (1, 0.9)):
            if PHASE == "full" or number == 0:
                params = {"C": 10.0 ** number}
                lines.append({"number": number, "state": "complete", "value": value,
                              "algorithm": "linear", "params": params})
        write("trials.jsonl", "".join(json.dumps(line) + "\\n" for line in lines))
        """,
        phases=("quick", "full"),
    )
    assert state.passed
    text = read(lab.diary).text
    # Quick and full are one watch and share one log; the full run's trials are in it.
    assert text.count("<!-- search: ") == 1 and "<!-- search: demo%20#1 -->" in text
    assert "Trial 1, auc 0.9." in text and "**Model**: demo" in text
