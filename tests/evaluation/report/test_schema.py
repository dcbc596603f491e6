import json

import pytest
from jsonschema import Draft202012Validator, ValidationError
from tests.evaluation.report import made

from proxyreward.evaluation.report import schema
from proxyreward.evaluation.report.tree import dump


@pytest.fixture(scope="module")
def validator():
    found = schema()
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


@pytest.mark.parametrize(
    "evaluation",
    [
        made.evaluation(),
        made.in_turn(),
        made.evaluation(made.unranked(), symptoms=(), alarms=(), settings={}),
    ],
)
def test_what_is_written_follows_the_schema(validator, evaluation):
    validator.validate(json.loads(dump(evaluation)))


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.pop("alarms"),
        lambda tree: tree.update(extra=1),
        lambda tree: tree.update(schema="proxyreward.evaluation/0"),
        lambda tree: tree["input"].update(rows="many"),
        lambda tree: tree["input"]["per_prompt"].append(1.0),
        lambda tree: tree["input"]["per_prompt"].pop(),
        lambda tree: tree["goldens"][0]["models"][0].update(tier=1.5),
        lambda tree: tree["goldens"][0]["models"][0]["metrics"].update(accuracy=0.5),
        lambda tree: tree["goldens"][0]["models"][0]["curve"].pop("kl"),
    ],
)
def test_what_has_another_form_does_not(validator, change):
    tree = json.loads(dump(made.evaluation()))
    change(tree)
    with pytest.raises(ValidationError):
        validator.validate(tree)


def test_everything_is_described():
    for name, of in schema()["$defs"].items():
        assert of["description"], name
        for field, known in of["properties"].items():
            assert known.get("description"), (name, field)
            assert "\n" not in known["description"]
