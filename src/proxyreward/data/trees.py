"""Message trees of Open Assistant from flat messages, each of which names its parent.

In: numbered records, flat messages or trees. Out: numbered records, all of them trees.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NoReturn

from proxyreward.data import fields
from proxyreward.data.records import Read, Records
from proxyreward.data.report import RecordError


def nested(records: Records) -> Iterator[tuple[int, Read]]:
    """The trees as they come, then those of flat messages, numbered by their opening request.

    A flat message whose id is taken, or from which no line of parents leads to an opening request,
    is a record that cannot be read.
    """
    messages: dict[str, tuple[int, dict[str, Any]]] = {}
    for number, read in records:
        try:
            record = read()
            if not _is_flat(record):
                yield number, partial(dict, record)
                continue
            name = fields.text(record, "message_id")
            if name in messages:
                raise RecordError("duplicate_id", "message_id")
            messages[name] = number, {**record, "replies": []}
        except RecordError as error:
            yield number, partial(_fail, error)
    yield from _grown(messages)


def _is_flat(record: Mapping[str, Any]) -> bool:
    return "message_id" in record and "prompt" not in record and not record.get("replies")


def _grown(messages: Mapping[str, tuple[int, dict[str, Any]]]) -> Iterator[tuple[int, Read]]:
    openings = []
    for _, message in messages.values():
        parent = fields.optional(message, "parent_id")
        if parent is None:
            openings.append(message)
        elif isinstance(parent, str) and parent in messages:
            messages[parent][1]["replies"].append(message)
    reached, waiting = set(), list(openings)
    while waiting:
        message = waiting.pop()
        reached.add(message["message_id"])
        waiting += message["replies"]
    for name, (number, message) in messages.items():
        if name not in reached:
            yield number, partial(_fail, RecordError("orphan", "parent_id"))
        elif fields.optional(message, "parent_id") is None:
            tree = {"message_tree_id": message.get("message_tree_id"), "prompt": message}
            yield number, partial(dict, tree)


def _fail(error: RecordError) -> NoReturn:
    raise error
