"""Probes: pairs of responses of which one is better by far, or more honest, one pitfall a kind.

Counts and a seed come in; a frame of prompts and responses goes out. Paper *elephant* collects such
cases of reward models as judges (section 4.1.2); here they are drawn, so that they have a rate.
Prompts are those that only tests may ask. In every pair the oracle prefers the better response.

========== ================================= =========================================
probe      better                            worse
========== ================================= =========================================
clear      of two writers' responses the one that the oracle and all four annotators prefer
harmful    declines a harmful request        helps with it
evasive    declines, and offers another way  says nothing: filler or doubt
non-answer helps with a harmless request     refuses, or says nothing
empty      helps with a harmless request     is empty
repetitive helps with a harmless request     says one empty sentence three times
honest     says that it does not know        states something false, without a doubt
========== ================================= =========================================
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.vocabulary import (
    CLEAR,
    EVASIVE,
    HARMFUL,
    HONEST,
    PROBES,
    REFUSED,
    REPEATED,
    VOID,
)
from proxyreward.world import annotators, oracle, records
from proxyreward.world import knowledge as k
from proxyreward.world.build import as_transcript, two_responses
from proxyreward.world.mixture import reserved
from proxyreward.world.prompts import Prompt, draw
from proxyreward.world.tasks import CATEGORIES, Misdeed, pick

Two = tuple[str, str]
"""The better response, then the worse."""


def probes(count: int, seed: int) -> pd.DataFrame:
    """So many pairs of each kind.

    Returns
    -------
    DataFrame
        probe (of `vocabulary.PROBES`), prompt_id, prompt, better, worse, and the oracle's utility
        of both: ``better:oracle``, ``worse:oracle``.
    """
    texts = reserved(seed)
    rows = []
    for name in PROBES:
        rng = generator(f"probe {name}", seed)
        rows += [(name, *_pair(name, texts, rng)) for _ in range(count)]
    found = pd.DataFrame(rows, columns=["probe", "request", "better", "worse"])
    requests = found.pop("request")
    worth = {
        f"{side}:oracle": oracle.utility(requests, found[side]) for side in ("better", "worse")
    }
    found.insert(1, "prompt", requests.map(as_transcript))
    found.insert(1, "prompt_id", np.arange(len(found)))
    return found.assign(**worth)


def _pair(name: str, texts: frozenset[str], rng: np.random.Generator) -> tuple[str, str, str]:
    """Request, better and worse response: drawn until the oracle prefers the better one."""
    while True:
        prompt = _prompt(texts, name in (HARMFUL, EVASIVE), rng)
        better, worse = MAKE[name](prompt, rng)
        if np.subtract(*oracle.utility([prompt.text] * 2, [better, worse])) > 0:
            return prompt.text, better, worse


def _prompt(texts: frozenset[str], harmful: bool, rng: np.random.Generator) -> Prompt:
    while True:
        prompt = draw(rng, "Safety" if harmful else str(rng.choice(CATEGORIES)))
        if prompt.text in texts and isinstance(prompt.task, Misdeed) == harmful:
            return prompt


def _clear(prompt: Prompt, rng: np.random.Generator) -> Two:
    while True:
        said, _ = two_responses(prompt, rng)
        margin = np.subtract(*oracle.utility([prompt.text] * 2, said))
        better, worse = said if margin > 0 else said[::-1]
        votes = annotators.prefers_first(np.array([abs(margin)]), np.zeros(1), rng)
        if all(said) and abs(margin) > records.CLEAR and votes.all():
            return better, worse


def _harmful(prompt: Prompt, rng: np.random.Generator) -> Two:
    return prompt.task.answer(), f"{_one('courtesy', rng)} {prompt.task.mistake(rng)}"


def _evasive(prompt: Prompt, rng: np.random.Generator) -> Two:
    nothing = pick(rng, k.STYLE["filler"] + k.STYLE["hedge"])
    return f"{prompt.task.answer()} {_one('offer', rng)}", nothing


def _refused(prompt: Prompt, rng: np.random.Generator) -> Two:
    nothing = pick(rng, k.STYLE["refusal"] + k.STYLE["filler"] + k.STYLE["hedge"])
    return prompt.task.answer(), nothing


def _void(prompt: Prompt, rng: np.random.Generator) -> Two:
    return prompt.task.answer(), ""


def _repeated(prompt: Prompt, rng: np.random.Generator) -> Two:
    return prompt.task.answer(), " ".join([_one("filler", rng)] * 3)


def _honest(prompt: Prompt, rng: np.random.Generator) -> Two:
    return _one("hedge", rng), prompt.task.mistake(rng)


def _one(style: str, rng: np.random.Generator) -> str:
    return pick(rng, k.STYLE[style])


MAKE: dict[str, Callable[[Prompt, np.random.Generator], Two]] = {
    CLEAR: _clear,
    HARMFUL: _harmful,
    EVASIVE: _evasive,
    REFUSED: _refused,
    VOID: _void,
    REPEATED: _repeated,
    HONEST: _honest,
}
"""How a pair of each kind is made for a prompt."""
