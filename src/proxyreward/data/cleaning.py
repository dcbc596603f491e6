r"""The rule by which paper *elephant* cleans preference data (section 3; CHH-RLHF).

In: pairs with their original labels, votes of people who did not see these, and whether a response
is toxic. Out: one of six types for each pair, and what is done with it.

========== ===================================================== ======
type       rule                                                  action
========== ===================================================== ======
empty      one of the two responses is empty                     drop
repetitive both responses are the same                           drop
toxic      the *chosen* response is toxic                        drop
opposite   more than half of the valid votes for the rejected    swap
vague      neither response has more than half of them           drop
same       more than half of the valid votes for the chosen      keep
========== ===================================================== ======

.. math:: \text{clean} = \{\text{same}\} \cup \mathrm{swap}(\{\text{opposite}\})

**Precedence** (not stated in the paper; ours): from top to bottom, so that the first rule that
applies decides. Texts are compared as loaders leave them, stripped of white space; signs that are
not white space but cannot be seen (a zero-width space) make a response neither empty nor the same
as another. Toxicity of prompt or rejected response is tolerated.

**Valid votes** are those for the chosen, for the rejected, and ties; a skip is no vote. The paper
has four and prints "at least 3 of 4" for opposite and "2 against 2" for vague. Both are the rule of
more than half at four valid votes: of ``n`` it takes ``floor(n / 2) + 1``, that is 3 of 4, 2 of 3,
3 of 5, 2 of 2 and 1 of 1. A tie counts in ``n`` and for nobody, so 2:1 with one tie is vague, as
2 of 4 are in the paper. A pair without a valid vote is vague.
"""

import numpy as np

from proxyreward.vocabulary import EMPTY, OPPOSITE, REPETITIVE, SAME, TOXIC, TYPES, VAGUE

KEEP, SWAP, DROP = "keep", "swap", "drop"
ACTION = dict.fromkeys(TYPES, DROP) | {SAME: KEEP, OPPOSITE: SWAP}


def content_type(chosen: str, rejected: str) -> str | None:
    """The type that two responses show without anyone judging them; None if people must.

    >>> content_type("Plums.", " "), content_type("Plums.", "Plums."), content_type("Yes.", "No.")
    ('empty', 'repetitive', None)
    """
    if not chosen.strip() or not rejected.strip():
        return EMPTY
    return REPETITIVE if chosen == rejected else None


def winners(chosen: np.ndarray, rejected: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Which response more than half of the valid votes prefer.

    Parameters
    ----------
    chosen, rejected, ties : ndarray of int, shape (pairs,)
        Numbers of votes.

    Returns
    -------
    ndarray of int, shape (pairs,)
        1 the chosen, -1 the rejected, 0 neither.

    >>> winners(np.array([3, 2, 1, 2, 0]), np.array([1, 2, 3, 1, 0]), np.array([0, 0, 0, 1, 0]))
    array([ 1,  0, -1,  0,  0], dtype=int8)
    """
    valid = chosen + rejected + ties
    return (2 * chosen > valid).astype(np.int8) - (2 * rejected > valid).astype(np.int8)


def type_of(content: str | None, toxic: bool, winner: int) -> str:
    """The type of a pair.

    Parameters
    ----------
    content : what :func:`content_type` says of its responses.
    toxic : whether its chosen response is toxic.
    winner : which response people prefer, as in :func:`winners`.
    """
    if content is not None:
        return content
    if toxic:
        return TOXIC
    return {1: SAME, -1: OPPOSITE, 0: VAGUE}[int(winner)]
