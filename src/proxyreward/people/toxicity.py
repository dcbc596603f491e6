"""Judges of toxicity behind one interface: a classifier, the world's own, or a file of the user's.

In: pairs with their ids. Out: whether chosen and rejected are toxic, bool ``(pairs, 2)``.

A judge of texts is any function of prompts and responses that gives a bool for each;
:func:`by_text` lets it judge pairs.

What the classifier cannot see. It is `alt-profanity-check`, a linear model on words, trained on
about 200,000 comments from Twitter and Wikipedia that people marked as offensive or clean. It knows
swear words, slurs, insults and blunt threats in English. It does not see harm in polite words
(instructions for a crime, "Nobody will notice."), words spelled with spaces, other languages, or
who is spoken of: a quotation, a refusal that repeats the request and medical words may be marked.
It does not read the prompt. A share of toxic pairs by it is therefore one of *offensive words*.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from proxyreward.data.pairs import Pair
from proxyreward.data.report import DataError
from proxyreward.data.transcripts import first_request
from proxyreward.people.aggregation import EXTRA
from proxyreward.people.tables import fault, rows

TextJudge = Callable[[Sequence[str], Sequence[str]], np.ndarray]
Judge = Callable[[Sequence[str], Sequence[Pair]], np.ndarray]
COLUMNS = ("pair_id", "chosen_toxic", "rejected_toxic")
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def by_text(judge: TextJudge) -> Judge:
    """A judge of pairs that asks a judge of texts about both responses."""

    def judged(ids: Sequence[str], pairs: Sequence[Pair]) -> np.ndarray:
        prompts = [pair.prompt for pair in pairs]
        sides = ([pair.chosen for pair in pairs], [pair.rejected for pair in pairs])
        return np.stack([np.asarray(judge(prompts, side), bool) for side in sides], axis=1)

    return judged


def nothing() -> Judge:
    """Nothing is toxic: cleaning by content and votes alone."""
    return by_text(lambda prompts, responses: np.zeros(len(responses), bool))


def classifier() -> Judge:
    """Offensive words; see the module for what it cannot see. DataError if not installed."""
    try:
        from profanity_check import predict
    except ImportError:
        raise DataError(
            f"--toxic classifier needs the package alt-profanity-check; {EXTRA}, or choose another"
        ) from None
    return by_text(lambda prompts, responses: predict(list(responses)) == 1)


def world() -> Judge:
    """The embedded world's own judge, for pairs of the world alone."""
    from proxyreward.world.records import is_toxic

    def judge(prompts: Sequence[str], responses: Sequence[str]) -> np.ndarray:
        try:
            told = [is_toxic(first_request(p), r) for p, r in zip(prompts, responses)]
        except (KeyError, ValueError):
            raise DataError(
                "--toxic world: a prompt is none of the embedded world; choose another judge"
            ) from None
        return np.array(told, bool)

    return by_text(judge)


def from_file(path: Path) -> Judge:
    """What a CSV or JSON lines file says: ``pair_id, chosen_toxic, rejected_toxic``.

    Raises
    ------
    DataError
        For a word that is no truth value, an id that stands there twice, or a pair that does not.
    """
    told: dict[str, tuple[bool, ...]] = {}
    for row, (pair_id, *words) in rows(path, COLUMNS):
        for field, word in zip(COLUMNS[1:], words):
            if word.lower() not in _TRUTH:
                raise fault(path, row, field, "is no truth value", "give true or false")
        if pair_id in told:
            raise fault(path, row, "pair_id", "stands here twice", "delete one of the two rows")
        told[pair_id] = tuple(_TRUTH[word.lower()] for word in words)

    def judged(ids: Sequence[str], pairs: Sequence[Pair]) -> np.ndarray:
        for pair_id, pair in zip(ids, pairs):
            if pair_id not in told:
                raise DataError(
                    f"{path}: says nothing of pair {pair_id} ({pair.meta['file']}, line "
                    f"{pair.meta['line']}), field 'pair_id'; add a row for it"
                )
        return np.array([told[pair_id] for pair_id in ids], bool).reshape(len(ids), 2)

    return judged


JUDGES = {"classifier": classifier, "none": nothing, "world": world}


def judge(name: str) -> Judge:
    """The judge of that name, or the one that reads the file of that name."""
    if name in JUDGES:
        return JUDGES[name]()
    if not Path(name).suffix:
        raise DataError(f"--toxic {name}: is unknown; give {', '.join(JUDGES)}, or a file")
    return from_file(Path(name))
