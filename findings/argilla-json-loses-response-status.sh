#!/usr/bin/env bash
# Argilla 2.8.0: records that are written by `to_json` (and so by `Dataset.to_disk`) no longer say
# which answers of annotators were submitted, which discarded, and which are only drafts.
#
# Expected: what `to_json` writes, `from_json` reads back; a discarded answer is none.
# Seen: the file holds value and user of each answer, without its status. A vote that its annotator
# discarded, or never submitted, looks like any other. Read back, every status is None, and logged
# again, submitted answers become drafts. `to_list(flatten=True)` keeps the status; so does
# `to_datasets`. An answer that was discarded without a value is in none of them; if the server
# sends null in the place of values, reading the record is an AttributeError.
# (The client also imports `requests`, which it does not ask for and nothing else brings along.)
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet argilla==2.8.0 datasets==5.2.0 requests==2.34.2
export HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1
venv/bin/python -W ignore - <<'PY'
import json
from unittest.mock import MagicMock

import argilla as rg
from argilla._models import UserResponseModel
from argilla.records._io import GenericIO, JsonIO
from argilla.responses import UserResponse

users = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(3)]
given = list(zip("ABB", ("submitted", "discarded", "draft"), users))
record = rg.Record(
    id="1",
    fields={"a": "Plum.", "b": "Pear."},
    responses=[rg.Response("better", value, user, status) for value, status, user in given],
)
JsonIO.to_json([record], "records.json")
(written,) = json.load(open("records.json"))
print("to_json:  ", written["responses"])
assert all(set(answer) == {"value", "user_id"} for answer in written["responses"]["better"])

(back,) = JsonIO._records_from_json("records.json")
print("from_json:", [(answer.value, answer.status) for answer in back.responses])
assert [answer.status for answer in back.responses] == [None] * 3
again = UserResponse(responses=[back.responses["better"][0]])
print("the submitted one, logged again:", again.status.value)
assert again.status.value == "draft"

(flat,) = GenericIO.to_list([record], flatten=True)
print("to_list(flatten=True):", flat["better.responses.status"])
assert flat["better.responses.status"] == ["submitted", "discarded", "draft"]

for values in ({}, None):
    model = UserResponseModel(values=values, status="discarded", user_id=users[0])
    try:
        said = f"{len(UserResponse.from_model(model, MagicMock()).responses)} answers"
    except AttributeError as error:
        said = f"AttributeError: {error}"
    print(f"discarded with values {values}: {said}")
    assert said.startswith("0 answers" if values == {} else "AttributeError")
PY
echo "as described"
