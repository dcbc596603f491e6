"""Records for Argilla 2, and the votes in its flat export.

In: pairs as shown. Out: records to log, and the settings of their data set. Back: one record of
``dataset.records.to_list(flatten=True)``, written as JSON.

``records.to_json`` and ``to_disk`` write no status of responses, so a draft or a discarded answer
could not be told from a submitted one; such files are refused. A response that was discarded
without an answer is in no export of Argilla's, hence not among the skips.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proxyreward.people.sides import Shown
from proxyreward.people.tables import dump, fault

FILES = ("records.json", "settings.json")
QUESTION = "better"
ANSWERS = {"A": "A is better", "B": "B is better", "tie": "neither is better"}
VALUES, USERS, STATUS = (f"{QUESTION}.responses{end}" for end in ("", ".users", ".status"))
HINT = "settings: rg.Settings.from_json({1}), records: dataset.records.log(json.load(open({0})))"
REMEDY = "write json.dump(dataset.records.to_list(flatten=True), file)"


def task(shown: Shown) -> str:
    """One record to log, as JSON: ``dataset.records.log(json.load(file))``."""
    return dump({"id": shown.pair_id, "prompt": shown.prompt, "a": shown.a, "b": shown.b})


def setting(annotators: int) -> str:
    """The settings of the data set, as JSON: ``rg.Settings.from_json(file)``."""
    names = {"prompt": "Conversation", "a": "Response A", "b": "Response B"}
    options = [{"value": value, "text": text} for value, text in ANSWERS.items()]
    question = {
        "name": QUESTION,
        "title": "Which response is better?",
        "required": True,
        "settings": {"type": "label_selection", "options": options, "visible_options": None},
    }
    fields = [
        {
            "name": name,
            "title": title,
            "required": True,
            "settings": {"type": "text", "use_markdown": False},
        }
        for name, title in names.items()
    ]
    return dump(
        {
            "guidelines": "Say which response is better.",
            "questions": [question],
            "fields": fields,
            "vectors": [],
            "metadata": [],
            "allow_extra_metadata": False,
            "distribution": {"strategy": "overlap", "min_submitted": annotators},
            "mapping": None,
        }
    )


def is_export(record: Mapping[str, Any]) -> bool:
    """Whether a record is one of an export, flat or not."""
    return "_server_id" in record or VALUES in record


def votes(file: Path, row: int, record: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield ``(pair_id, annotator, choice)``: submitted answers, and discarded ones as skips."""
    if isinstance(record.get("responses"), dict):
        raise fault(file, row, "responses", "has no status of the answers", REMEDY)
    pair_id = record.get("id")
    if not isinstance(pair_id, str):
        raise fault(file, row, "id", "is no text", REMEDY)
    columns = [record.get(name) or [] for name in (VALUES, USERS, STATUS)]
    if not all(isinstance(column, list) for column in columns) or len(set(map(len, columns))) > 1:
        raise fault(file, row, VALUES, "has no user and status for each answer", REMEDY)
    for value, user, status in zip(*columns):
        if not isinstance(user, str) or not user:
            raise fault(file, row, USERS, "names nobody", REMEDY)
        if status == "discarded":
            yield pair_id, user, "skip"
        elif status == "submitted":
            if value not in list(ANSWERS):
                raise fault(file, row, VALUES, "is no answer of these tasks", REMEDY)
            yield pair_id, user, value
        elif status != "draft":
            raise fault(file, row, STATUS, "is none of submitted, discarded, draft", REMEDY)
