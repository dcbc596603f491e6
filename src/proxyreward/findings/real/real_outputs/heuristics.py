"""Cheap scorers of responses, which know nothing of what is good: each a habit of judges.

In: prompts and responses. Out: a number for each response.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_WORD = re.compile(r"\w+")


def _length(prompt: str, text: str) -> float:
    return len(text)


def _items(prompt: str, text: str) -> float:
    return len(_ITEM.findall(text))


def _lines(prompt: str, text: str) -> float:
    return sum(bool(line.strip()) for line in text.splitlines())


def _variety(prompt: str, text: str) -> float:
    words = _words(text)
    return len(set(words)) / max(len(words), 1)


def _word_length(prompt: str, text: str) -> float:
    words = _words(text)
    return sum(map(len, words)) / max(len(words), 1)


def _echo(prompt: str, text: str) -> float:
    asked = set(_words(prompt))
    return len(asked & set(_words(text))) / max(len(asked), 1)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


HEURISTICS: dict[str, tuple[Callable[[str, str], float], str]] = {
    "length": (_length, "characters: judges prefer longer answers"),
    "list items": (_items, "lines that open with a bullet or number: structure looks thorough"),
    "lines": (_lines, "lines that are not blank: structure without markup"),
    "variety of words": (_variety, "different words as a share of all: repetition looks poor"),
    "length of words": (_word_length, "characters of a word, on average: learned words impress"),
    "echo": (_echo, "share of the prompt's words that come back: looks on topic"),
}
"""By name: the scorer, and what it counts and why a judge might like it."""


def scores(prompts: Sequence[str], texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Scores (rows,) by each of `HEURISTICS`; an empty response has 0 by all."""
    both = list(zip(prompts, texts, strict=True))
    return {
        name: np.array([scorer(prompt, text) for prompt, text in both], float)
        for name, (scorer, _) in HEURISTICS.items()
    }
