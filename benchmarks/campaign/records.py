"""Sound records of every format that the loaders read, in mild words.

In: a random generator. Out: records as `json` would read them, and the name of a file for them.
"""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

WORDS = "plums pears garden soup morning walk blue small kind letter Öl straße naïve 茶 🍐".split()


class Format(NamedTuple):
    """A published format: one record, its file's name and the arguments that read the file."""

    record: Callable[[Random], Any]
    file: str
    split: str
    subset: str | None = None


def text(random: Random) -> str:
    return " ".join(random.choices(WORDS, k=random.randint(1, 6)))


def _talk(random: Random, human: str, assistant: str) -> tuple[str, str]:
    """Two transcripts that share everything before their final turn."""
    shared = f"{human}{text(random)}{assistant}{text(random)}" * random.randint(0, 2)
    shared += f"{human}{text(random)}{assistant}"
    return shared + text(random), shared + text(random)


def hh(random: Random) -> Any:
    chosen, rejected = _talk(random, "\n\nHuman: ", "\n\nAssistant: ")
    return {"chosen": chosen, "rejected": rejected}


def dsp(random: Random) -> Any:
    talk = _talk(random, "\n\n## Human:\n", "\n\n## Assistant:\n")
    return {
        "text": [transcript.removeprefix("\n\n") for transcript in talk],
        "score": [random.randint(0, 3), random.choice([0.5, 1.5])],
    }


def oasst(random: Random) -> Any:
    tree = {"message_tree_id": text(random), "tree_state": "ready_for_export"}
    return tree | {"prompt": _message(random, 0, None)}


def _message(random: Random, depth: int, rank: int | None) -> dict[str, Any]:
    replies = random.randint(1, 3) if depth < 3 else 0
    return {
        "message_id": f"m{random.randrange(10**6)}",
        "text": text(random),
        "role": ("prompter", "assistant")[depth % 2],
        "lang": "en",
        "review_result": True,
        "deleted": False,
        "synthetic": False,
        "rank": rank,
        "replies": [_message(random, depth + 1, place) for place in range(replies)],
    }


def summarize(random: Random) -> Any:
    return {
        "info": {"id": "t3", "post": text(random), "title": text(random), "subreddit": "gardens"},
        "summaries": [{"text": text(random), "policy": policy} for policy in ("sup1", "ref")],
        "choice": random.randint(0, 1),
        "batch": "batch3",
        "split": "train",
        "extra": {"confidence": random.randint(1, 9)},
    }


def webgpt(random: Random) -> Any:
    score = random.choice([-1.0, -0.25, 0.0, 0.5])
    question = {"dataset": "eli5", "id": "q1", "full_text": text(random)}
    sides = [{"answer": text(random), "score": sign * score} for sign in (1, -1)]
    if random.random() < 0.5:
        return [{"question": question, **side} for side in sides]
    named = {f"{key}_{place}": side[key] for place, side in enumerate(sides) for key in side}
    return {"question": question, **named}


def squality(random: Random) -> Any:
    return {"passage-id": "17", "questions": {key: _answers(random) for key in "01"}}


def _answers(random: Random) -> dict[str, Any]:
    return {
        writer: {
            "response": text(random),
            "reviews": [
                {
                    "worker_id": str(who),
                    "overall-rating": random.randint(0, 100),
                    "overall-rank": random.randint(1, 3),
                }
                for who in range(3)
            ],
        }
        for writer in ("bart", "bart-dpr", "human")
    }


FORMATS = {
    "hh": Format(hh, "pairs.jsonl", "train"),
    "dsp": Format(dsp, "helpful.test.json", "test"),
    "oasst": Format(oasst, "2023.trees.jsonl", "train", "en"),
    "summarize": Format(summarize, "batch3.json", "train"),
    "webgpt": Format(webgpt, "comparisons.jsonl", "train"),
    "squality": Format(squality, "all-responses.jsonl", "test"),
}
