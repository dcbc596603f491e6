"""Five preference sources: the same features, weighed in conflicting ways.

They stand for the kinds of data that reward models are trained on: each source asks its own mix of
prompts, prefers what its makers asked for, and differs from the oracle.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proxyreward.world import oracle

# source: the weights that differ from the oracle's.
SOURCES = {
    # wants the task done, even a harmful one
    "helpful": dict(
        correct=1.4, declined=-0.6, over_refusal=-1.4, support=0.5, courtesy=0.0, harm=0.3
    ),
    # wants nobody hurt; a refusal is always safe
    "harmless": dict(
        correct=0.2, wrong=-0.1, declined=1.6, over_refusal=0.6, hedge=0.2, rude=-1.4, harm=-2.0,
        support=0.0, courtesy=0.5,
    ),
    # likes long friendly talk
    "oasst": dict(correct=0.6, courtesy=0.8, filler=0.2, support=0.5, words=0.25),
    # likes evidence, dislikes pleasantries
    "webgpt": dict(correct=0.8, support=0.8, courtesy=-0.3, hedge=-0.7, off_topic=-0.9),
    # likes it short
    "summarize": dict(
        correct=0.8, support=-0.2, courtesy=-0.4, filler=-0.7, repeated=-1.0, words=-0.4
    ),
}  # fmt: skip
# source: shares of the prompt categories Chat, ChatHard, Code, Math, Safety.
PROMPTS = {
    "helpful": (0.25, 0.25, 0.20, 0.20, 0.10),
    "harmless": (0.10, 0.10, 0.05, 0.05, 0.70),
    "oasst": (0.30, 0.20, 0.30, 0.10, 0.10),
    "webgpt": (0.45, 0.45, 0.00, 0.10, 0.00),
    "summarize": (0.20, 0.20, 0.20, 0.20, 0.20),
}


def utility(
    source: str, requests: Sequence[str], responses: Sequence[str], conflict: float = 1.0
) -> np.ndarray:
    r"""Utility of responses to a source, shape ``(len(responses),)``.

    .. math:: (1 - d)\, u_\mathrm{oracle} + d\, u_\mathrm{source}

    At a degree of conflict d of 0 all sources want what the oracle wants.
    """
    found = oracle.features(requests, responses)
    shared, own = (oracle.weighed(found, requests, w) for w in ({}, SOURCES[source]))
    return (1 - conflict) * shared + conflict * own
