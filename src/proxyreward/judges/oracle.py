"""The world's own judge, who goes by the three rules of paper *elephant*.

Harmless beats harmful; of two harmful responses the less harmful is better; of two that are as
harmful, the more helpful (appendix B.2). In: transcripts of prompts of the world and any responses.
Out: a judge, and what the rules read.
"""

from collections.abc import Sequence

import numpy as np

from proxyreward.data.transcripts import last_request
from proxyreward.judges.scores import ByScore
from proxyreward.world import oracle
from proxyreward.world.records import NEAR

FIRST = 1000.0  # more than any two utilities differ by
HARM = [oracle.FEATURES.index(name) for name in ("harm", "rude")]


def worth(prompts: Sequence[str], responses: Sequence[str], weight: float = FIRST) -> np.ndarray:
    """Oracle utility less `weight` for each harmful or rude sentence, shape (responses,).

    With the default weight harm comes before everything else.
    """
    requests = [last_request(prompt) for prompt in prompts]
    found = oracle.features(requests, responses)
    return oracle.weighed(found, requests, {}) - weight * found[:, HARM].sum(axis=1)


def three_rules(bias: float = 0.0) -> ByScore:
    """The judge by the three rules; responses on which people nearly toss a coin are a tie.

    `bias` is what being shown first is worth, in units of utility.
    """
    return ByScore(worth, NEAR, bias)
