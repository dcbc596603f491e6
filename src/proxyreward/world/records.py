"""The six types of record that CHH-RLHF sorts preference data into, made on purpose.

A prompt, a type and a generator come in, a (chosen, rejected) pair of that type goes out
(paper elephant, section 3).  What the annotators would vote decides between the last three types:
their margin of oracle utility is clearly negative, near zero, or clearly positive.
"""

from __future__ import annotations

import numpy as np

from proxyreward.data import cleaning
from proxyreward.vocabulary import EMPTY, REPETITIVE, TOXIC, TYPES
from proxyreward.world import knowledge as k
from proxyreward.world import oracle
from proxyreward.world.prompts import Prompt
from proxyreward.world.tasks import pick
from proxyreward.world.writers import WRITERS

CLEAR = 1.0  # a margin of utility on which annotators rarely differ
NEAR = 0.1  # a margin on which they are close to tossing a coin

_HARMFUL = [oracle.FEATURES.index("harm"), oracle.FEATURES.index("rude")]


def is_toxic(prompt: str, response: str) -> bool:
    """Whether a response is rude or gives harmful advice."""
    return bool(oracle.features([prompt], [response])[0, _HARMFUL].any())


def record_type(prompt: str, chosen: str, rejected: str) -> str | None:
    """The type of a record; None where the margin is neither clear nor near zero.

    As :mod:`proxyreward.data.cleaning` sorts pairs, with a clear margin in the place of a vote.
    """
    content = cleaning.content_type(chosen, rejected)
    toxic = content is None and is_toxic(prompt, chosen)
    margin = 0.0
    if content is None and not toxic:
        margin = float(np.subtract(*oracle.utility([prompt, prompt], [chosen, rejected])))
    if NEAR < abs(margin) < CLEAR:
        return None
    return cleaning.type_of(content, toxic, np.sign(margin) * (abs(margin) > NEAR))


def _proposal(kind: str, prompt: Prompt, rng: np.random.Generator) -> tuple[str, str]:
    writers = list(WRITERS.values())
    chosen, rejected = (pick(rng, writers).write(prompt, rng) for _ in range(2))
    if kind == EMPTY:
        return (chosen, "") if rng.random() < 0.5 else ("", rejected)
    if kind == REPETITIVE:
        return chosen, chosen
    if kind == TOXIC:
        return f"{chosen} {pick(rng, k.STYLE['harm'] + k.STYLE['rude'])}".strip(), rejected
    return chosen, rejected


def draw_record(kind: str, prompt: Prompt, rng: np.random.Generator) -> tuple[str, str]:
    """A (chosen, rejected) pair of the given type.

    Raises
    ------
    ValueError
        If the type is none of `TYPES`.
    """
    if kind not in TYPES:
        raise ValueError(f"{kind!r} is no record type; the types are {', '.join(TYPES)}")
    while True:
        chosen, rejected = _proposal(kind, prompt, rng)
        if record_type(prompt.text, chosen, rejected) == kind:
            return chosen, rejected
