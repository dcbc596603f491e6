"""Loader for the message trees of Open Assistant, ``OpenAssistant/oasst1`` on the hub.

People ranked the replies to a message; rank 0 is the best. Each two ranked replies of the
assistant to one message are one comparison: its prompt is the path from the opening request to
that message, its chosen response the reply of the lower rank. So a group of n replies gives
n (n - 1) / 2 comparisons. One is rejected where ranks are equal or absent, and where a message of
its path or one of its replies is synthetic (written by a model), deleted or failed the review. In:
a file of nested trees (``*.trees.jsonl[.gz]``) or of flat messages that name their ``parent_id``
(``*.messages.jsonl[.gz]``), or a hub name, where messages are flat too. Out: pairs, whose ``meta``
holds the tree's id, the ranks of chosen and rejected, and ``grade``, their difference; and a
report.

Source: Köpf et al. 2023, https://github.com/LAION-AI/Open-Assistant (oasst-data).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import comb
from typing import Any, NamedTuple

from proxyreward.data import fields, jsonl
from proxyreward.data.collect import Found, Opened
from proxyreward.data.comparison import Comparison, Passed, each_two, preferred
from proxyreward.data.records import from_file, from_hub
from proxyreward.data.report import RecordError
from proxyreward.data.transcripts import ASSISTANT, HUMAN, render
from proxyreward.data.trees import nested

HUB_SPLIT = {"train": "train", "test": "validation"}
ROLES = ("prompter", "assistant")
MARKS = (HUMAN, ASSISTANT)
MOST_MESSAGES = 100
"""On a path; prompts grow with the square of it, and the published trees go a dozen deep."""

Message = Mapping[str, Any]


def opened(source: str, name: str, subset: str | None, split: str) -> Opened:
    """Open records; arguments as in :func:`proxyreward.data.load.load_pairs`.

    ``subset`` is a language such as "en": trees whose opening request is in another one are
    passed over and counted. The test split is the published validation split, as in paper *more*.
    """
    if source == "hub":
        file, records = from_hub(name, None, HUB_SPLIT[split])
    else:
        file, records = from_file(name, split, jsonl.lines, jsonl.parse)
    return Opened(nested(records), partial(comparisons, language=subset), "oasst", file, "oasst")


def comparisons(tree: Mapping[str, Any], language: str | None) -> Iterator[Found]:
    """All comparisons of a tree; Passed if its opening request is not in ``language``.

    Raises
    ------
    RecordError
        If the tree has no id or no opening request, or what should be a message is none.
    """
    opening = fields.mapping(tree, "prompt")
    tree_id = fields.text(tree, "message_tree_id")
    if language is not None:
        found = fields.text(opening, "lang")
        if found != language:
            yield Passed("other_language", found)
            return
    for path, replies in _groups(opening, ()):
        yield from _of_group(path, replies, tree_id)


def _groups(
    message: Message, above: Sequence[Message]
) -> Iterator[tuple[Sequence[Message], Sequence[Message]]]:
    """The replies of the assistant to each request, after the path that leads to them."""
    path = (*above, message)
    given = [] if message.get("replies") is None else fields.entries(message, "replies")
    replies = [jsonl.as_object(reply) for reply in given]
    if replies and len(path) == MOST_MESSAGES:
        raise RecordError("too_deep", _name(message))
    if len(path) % 2:  # `message` is a request; what follows a reply is never ranked
        yield path, replies
    for reply in replies:
        yield from _groups(reply, path)


class _Reply(NamedTuple):
    text: str
    rank: float
    name: str


def _of_group(
    path: Sequence[Message], replies: Sequence[Message], tree_id: str
) -> Iterator[Comparison | RecordError]:
    try:
        talk = [(MARKS[depth % 2], _text(path, depth)) for depth in range(len(path))]
    except RecordError as error:
        if len(replies) > 1:
            yield RecordError(error.reason, error.field, comb(len(replies), 2))
        return
    prompt = render([*talk, (ASSISTANT, "")])

    def judge(message: Message) -> _Reply:
        text = _text((*path, message), len(path))
        return _Reply(text, _rank(message), _name(message))

    def compare(first: _Reply, second: _Reply) -> Comparison:
        best = preferred(-first.rank, -second.rank, field=second.name)
        chosen, rejected = (first, second) if best == 0 else (second, first)
        ranks = [chosen.rank, rejected.rank]
        meta = {"tree": tree_id, "ranks": ranks, "grade": ranks[1] - ranks[0]}
        return Comparison(prompt, chosen.text, rejected.text, meta)

    yield from each_two(replies, judge, compare)


def _text(path: Sequence[Message], depth: int) -> str:
    """Text of a message that a person wrote and others accepted; depth 0 opens the talk."""
    message = path[depth]
    for fault, reason in (
        (fields.optional(message, "role") != ROLES[depth % 2], "unknown_role"),
        (fields.optional(message, "synthetic"), "synthetic"),
        (fields.optional(message, "deleted"), "deleted"),
        (fields.optional(message, "review_result") is False, "failed_review"),
        (depth and _names_another(message, path[depth - 1]), "wrong_parent"),
    ):
        if fault:
            raise RecordError(reason, _name(message))
    return fields.turn(message, "text") if depth % 2 else fields.request(message, "text")


def _names_another(message: Message, parent: Message) -> bool:
    named, name = fields.plain(message, "parent_id"), fields.plain(parent, "message_id")
    return None not in (named, name) and named != name


def _rank(message: Message) -> float:
    if fields.optional(message, "rank") is None:
        raise RecordError("unranked", _name(message))
    rank = fields.number(message, "rank", low=0)
    if rank != int(rank):
        raise RecordError("out_of_range", "rank")
    return rank


def _name(message: Message) -> str:
    name = fields.optional(message, "message_id")
    return f"message {name}" if isinstance(name, str | int) else "message"
