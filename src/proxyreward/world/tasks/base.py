"""What every task offers, and what a statement can do to it.

Nothing comes in; the abstract `Task`, the categories and the effects go out.  The modules beside
this one hold the kinds of task.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from proxyreward.world.knowledge import Statement

CATEGORIES = ("Chat", "ChatHard", "Code", "Math", "Safety")

# How people begin; every request may be made in each of these ways.
OPENINGS = ("", "Hello! ", "Hi there. ", "A quick request: ", "One more thing: ")

# What a statement does to the task it is said about.
CORRECT, WRONG, SUPPORT, FALSE, OFF_TOPIC, HARMFUL = (
    "correct",
    "wrong",
    "support",
    "false",
    "off_topic",
    "harmful",
)


def pick(rng: np.random.Generator, options):
    """One element of a sequence, drawn uniformly."""
    return options[int(rng.integers(len(options)))]


def other(rng: np.random.Generator, options, truth: str) -> str:
    """One of the options that is not ``truth``."""
    return pick(rng, [option for option in options if option != truth])


@dataclass(frozen=True)
class Task(ABC):
    """A request without its wording; the subclasses are the kinds of request."""

    @classmethod
    @abstractmethod
    def every(cls) -> Iterator[Task]:
        """All tasks of this kind, in a fixed order."""

    @abstractmethod
    def questions(self) -> tuple[str, ...]:
        """The request in different words, all of the same meaning."""

    def wordings(self) -> tuple[str, ...]:
        """The ways to ask (the paraphrase operator picks among them): questions with openings."""
        return tuple(opening + q for opening in OPENINGS for q in self.questions())

    @abstractmethod
    def answer(self) -> str:
        """The right answer, one sentence."""

    @abstractmethod
    def mistake(self, rng: np.random.Generator) -> str:
        """A wrong answer, one sentence that states something false about the request."""

    @abstractmethod
    def remarks(self) -> tuple[str, ...]:
        """True remarks that support the answer."""

    @abstractmethod
    def judge(self, statement: Statement) -> str:
        """What a statement does for this request: one of the six effects above."""
