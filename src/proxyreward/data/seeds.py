"""Random generators named by what they are for.

In: the name of a draw and a seed. Out: a NumPy generator. Called wherever
something is drawn, so that no two kinds of draw share a stream.
"""

import hashlib

import numpy as np


def generator(name: str, seed: int) -> np.random.Generator:
    """Generator for the draw called ``name`` under ``seed``.

    Different names give independent streams; the same name and seed give the same stream on
    every machine (Python's own ``hash`` would not).
    """
    digest = hashlib.sha256(f"{name}:{seed}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def number(name: str, seed: int) -> int:
    """A seed below 2**31 for the draw called ``name``, for libraries that want a number.

    >>> number("a", 0) != number("b", 0)
    True
    """
    return int(generator(name, seed).integers(2**31))
