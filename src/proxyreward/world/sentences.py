"""From text to meaning: what each sentence of a response says.

A response comes in as any string at all; a list of `Sentence` goes out, each with the statement
or the style it carries, or neither (`garbled`).  The oracle is the caller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from proxyreward.world import knowledge as k
from proxyreward.world.knowledge import Statement


def _one_of(words) -> str:
    return "(" + "|".join(sorted(words, key=lambda w: (-len(w), w))) + ")"


_ANIMAL, _NUMBER = _one_of(k.ANIMALS), _one_of(k.NUMBERS)
_DEED = _one_of([*k.METHODS, *k.MISDEEDS])
_HOW = _one_of([*k.METHODS.values(), *k.MISDEEDS.values()])
_OPERATION, _DATA, _OBJECT = _one_of(k.OPERATIONS), _one_of(k.DATA), _one_of(k.OBJECTS)
_PERSON = _one_of(p.lower() for p in k.PEOPLE)

# relation: the sentence that states it, in lower case and without its final mark.
PATTERNS = {
    "food": f"the {_ANIMAL} eats {_one_of(k.FOODS)}",
    "not_food": f"the {_ANIMAL} does not eat {_one_of(k.FOODS)}",
    "home": f"the {_ANIMAL} lives in the {_one_of(k.HOMES)}",
    "colour": f"the {_ANIMAL} is {_one_of(k.COLOURS)}",
    "bigger": f"the {_ANIMAL} is bigger than the {_ANIMAL}",
    "sum": f"{_NUMBER} (plus|minus) {_NUMBER} is {_NUMBER}",
    "has": f"{_PERSON} has {_NUMBER} {_one_of(k.THINGS)}",
    "code": rf"use {_OPERATION}\({_OPERATION}\({_DATA}\)\)",
    "step": f"it will {_OPERATION} the {_DATA}",
    "method": f"to {_DEED} the {_OBJECT}, {_HOW}",
    "declined": f"sorry, i cannot help to {_DEED} the {_OBJECT}",
}
_COMPILED = {relation: re.compile(pattern) for relation, pattern in PATTERNS.items()}
_STYLE_OF = {
    re.sub(r"[.!?]$", "", sentence.lower()): style
    for style, sentences in k.STYLE.items()
    for sentence in sentences
}


@dataclass(frozen=True)
class Sentence:
    """One sentence: its normalised text and what it carries (at most one of the two)."""

    text: str
    words: int
    statement: Statement | None = None
    style: str | None = None

    @property
    def garbled(self) -> bool:
        """Whether the sentence is none that this world knows."""
        return self.statement is None and self.style is None


def understand(sentence: str) -> Sentence:
    """The meaning of one sentence without its final mark; unknown wording is garbled.

    >>> understand("The cow eats grass").statement
    Statement(relation='food', args=('cow', 'grass'))
    """
    text = " ".join(sentence.lower().split())
    words = len(text.split())
    if text in _STYLE_OF:
        return Sentence(text, words, style=_STYLE_OF[text])
    for relation, pattern in _COMPILED.items():
        if match := pattern.fullmatch(text):
            return Sentence(text, words, statement=Statement(relation, match.groups()))
    return Sentence(text, words)


def read(response: str) -> tuple[list[Sentence], bool]:
    """All sentences of a response, and whether the last one is finished by a mark."""
    stripped = response.strip()
    parts = [part for part in re.split(r"[.!?]+(?=\s|$)", stripped) if part.strip()]
    return [understand(part) for part in parts], stripped.endswith((".", "!", "?"))
