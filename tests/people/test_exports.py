"""Exports of annotation tools that cannot be right."""

import json

import pytest

from proxyreward.data.report import DataError
from proxyreward.people import votes
from proxyreward.people.sides import COLUMNS, Key


@pytest.fixture
def refused(tmp_path):
    """Function that gives the message with which an export of one task or record is refused."""
    (tmp_path / "key.csv").write_text(",".join(COLUMNS) + "\n1,chosen,0\n")

    def message(entry):
        path = tmp_path / "export.json"
        path.write_text(json.dumps([entry]) if isinstance(entry, dict) else entry)
        with pytest.raises(DataError) as caught:
            votes.read(path, Key.read(tmp_path / "key.csv"))
        return str(caught.value)

    return message


def task(*results, **change):
    annotation = {"completed_by": 1, "was_cancelled": False, "result": list(results)} | change
    return {"data": {"pair_id": "1"}, "annotations": [annotation]}


def side(selected):
    return {"from_name": "better", "to_name": "better", "value": {"selected": selected}}


TIE = {"from_name": "neither", "to_name": "prompt", "value": {"choices": ["tie"]}}
TASKS = [
    (task(side("left"), TIE), "both that a response is better and that neither is"),
    (task(side("up")), "neither left nor right"),
    (task(side("left"), completed_by=None), "names nobody"),
    (task(side("left"), completed_by={"email": "a@b.example"}), "no annotation of Label Studio"),
    (task(side(["left"])), "no annotation of Label Studio"),
    (task({"value": {}}), "no annotation of Label Studio"),
    (task(side("left"), result=None), "no annotation of Label Studio"),
    ({"data": {"pair_id": 1}, "annotations": []}, "'data.pair_id': is no text"),
    ({"data": None, "annotations": []}, "'data.pair_id': is no text"),
    ({"data": {"pair_id": "1"}, "annotations": None}, "'annotations': is no list"),
    ({"data": {"pair_id": "1"}, "annotations": [3]}, "'annotations.0': is no object"),
    ({"data": {"pair_id": "1"}, "annotations": []}, "holds no vote"),
    ({"data": {"pair_id": "2"}, "annotations": task(side("left"))["annotations"]}, "stands not in"),
    ({"pair_id": "1", "better": "left", "annotator": 1}, "holds no annotations"),
    ('[{"annotations": [{"a": 1, "a": 2}], "data": {"pair_id": "1"}}]', "duplicate_key"),
]


@pytest.mark.parametrize(("entry", "message"), TASKS)
def test_label_studio(refused, entry, message):
    told = refused(entry)
    assert message in told and "export.json" in told and "; " in told


def record(values=("A",), users=("u",), status=("submitted",), **change):
    names = ("better.responses", "better.responses.users", "better.responses.status")
    columns = dict(zip(names, map(list, (values, users, status))))
    return {"id": "1", "_server_id": "s", **columns, **change}


RECORDS = [
    (record(["left"]), "no answer of these tasks"),
    (record([["A"]]), "no answer of these tasks"),
    (record(users=[None]), "names nobody"),
    (record(status=["pending"]), "none of submitted"),
    (record(status=[]), "no user and status for each answer"),
    (record(id=1), "'id': is no text"),
    (record(status=["draft"]), "holds no vote"),
    (record(["A", "B"], ["u", "u"], ["submitted"] * 2), "has judged this pair in row 1 already"),
    ({"id": "1", "_server_id": None, "responses": {"better": []}}, "no status of the answers"),
]


@pytest.mark.parametrize(("entry", "message"), RECORDS)
def test_argilla(refused, entry, message):
    told = refused(entry)
    assert message in told and "export.json" in told and "; " in told
