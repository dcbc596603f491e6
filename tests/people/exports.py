"""What the annotation tools export once people have answered, written as they write it.

In: a file of tasks and answers by annotator. Out: a file of the export.
"""

import json
from pathlib import Path

SIDE = {"A": "left", "B": "right"}


def label_studio(tasks: Path, answers: dict[str, dict[str, str]], target: Path) -> Path:
    """A project exported as JSON; ``answers`` are A, B, tie or skip by pair and annotator."""
    exported = []
    for number, task in enumerate(json.loads(tasks.read_text()), start=1):
        given = answers.get(task["data"]["pair_id"], {})
        annotations = [
            {
                "id": 10 * number + place,
                "completed_by": who,
                "result": _results(choice, place),
                "was_cancelled": choice == "skip" and place % 2 == 0,
                "ground_truth": False,
                "lead_time": 3.5,
            }
            for place, (who, choice) in enumerate(given.items())
        ]
        exported.append(
            {"id": number, "annotations": annotations, "drafts": [], "predictions": [], **task}
        )
    target.write_text(json.dumps(exported))
    return target


def _results(choice: str, place: int) -> list[dict]:
    pairwise = {"from_name": "better", "to_name": "better", "type": "pairwise"}
    found = []
    if choice in SIDE:
        found.append({"id": "r", "value": {"selected": SIDE[choice]}, **pairwise})
    elif place % 3:  # a click that was taken back
        found.append({"id": "r", "value": {"selected": "none"}, **pairwise})
    if choice == "tie":
        value = {"choices": ["tie"]}
        control = {"from_name": "neither", "to_name": "prompt", "type": "choices"}
        found.append({"id": "c", "value": value, "origin": "manual", **control})
    return found


def argilla(records: Path, answers: dict[str, dict[str, str]], target: Path) -> Path:
    """``dataset.records.to_list(flatten=True)`` as JSON; each record has a draft beside."""
    exported = []
    for record in json.loads(records.read_text()):
        given = answers.get(record["id"], {})
        row = {**record, "status": "completed", "_server_id": "0"}
        if given:
            row["better.responses"] = [x if x != "skip" else "A" for x in given.values()] + ["B"]
            row["better.responses.users"] = [*given, "somebody else"]
            row["better.responses.status"] = [
                "discarded" if x == "skip" else "submitted" for x in given.values()
            ] + ["draft"]
        else:
            row |= {f"better.responses{end}": None for end in ("", ".users", ".status")}
        exported.append(row)
    target.write_text(json.dumps(exported))
    return target


EXPORTS = {"label-studio": label_studio, "argilla": argilla}
