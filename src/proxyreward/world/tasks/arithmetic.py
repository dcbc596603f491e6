"""Math: sums and differences of digits in words, plain or as a story."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from proxyreward.world import knowledge as k
from proxyreward.world.tasks.base import (
    CORRECT,
    FALSE,
    OFF_TOPIC,
    SUPPORT,
    WRONG,
    Task,
    other,
    pick,
)


@dataclass(frozen=True)
class Arithmetic(Task):
    """Math: a sum or a difference of two digits in words."""

    left: str
    operation: str
    right: str
    category = "Math"

    @classmethod
    def every(cls):
        triples = product(k.DIGITS, ("plus", "minus"), k.DIGITS)
        return (cls(*t) for t in triples if k.add(*t))

    def questions(self):
        sum_ = f"{self.left} {self.operation} {self.right}"
        return (
            f"What is {sum_}?",
            f"How much is {sum_}?",
            f"Please work out {sum_}.",
            f"My homework says: {sum_}.",
        )

    def _result(self) -> str:
        return k.add(self.left, self.operation, self.right)

    def _say(self, result: str) -> str:
        return f"{self.left.capitalize()} {self.operation} {self.right} is {result}."

    def answer(self):
        return self._say(self._result())

    def mistake(self, rng):
        value = k.NUMBERS.index(self._result())
        near = [v for v in range(value - 2, value + 3) if v != value and 0 <= v < len(k.NUMBERS)]
        return self._say(k.NUMBERS[pick(rng, near)])

    def remarks(self):
        back = {"plus": "minus", "minus": "plus"}[self.operation]
        return (f"{self._result().capitalize()} {back} {self.right} is {self.left}.",)

    def judge(self, statement):
        if statement.relation != "sum":
            return OFF_TOPIC
        asked = statement.args[:3] == (self.left, self.operation, self.right)
        if asked:
            return CORRECT if k.is_true(statement) else WRONG
        related = {self.left, self.right} & set(statement.args)
        if not related:
            return OFF_TOPIC
        return SUPPORT if k.is_true(statement) else FALSE


@dataclass(frozen=True)
class Story(Task):
    """Math: a sum of two digits told as a story."""

    person: str
    left: str
    right: str
    thing: str
    category = "Math"

    @classmethod
    def every(cls):
        digits = k.DIGITS[2:]
        return (cls(*t) for t in product(k.PEOPLE, digits, digits, k.THINGS))

    def questions(self):
        return (
            f"{self.person} has {self.left} {self.thing} and gets {self.right} more. How many now?",
            f"How many {self.thing} has {self.person} with {self.left} and {self.right} more?",
        )

    def answer(self):
        total = k.add(self.left, "plus", self.right)
        return f"{self.person} has {total} {self.thing}."

    def mistake(self, rng):
        total = k.add(self.left, "plus", self.right)
        return f"{self.person} has {other(rng, k.NUMBERS[3:], total)} {self.thing}."

    def remarks(self):
        total = k.add(self.left, "plus", self.right)
        return (f"{self.left.capitalize()} plus {self.right} is {total}.",)

    def judge(self, statement):
        if statement.relation == "has":
            person, number, thing = statement.args
            if (person, thing) != (self.person.lower(), self.thing):
                return OFF_TOPIC
            right = number == k.add(self.left, "plus", self.right)
            return CORRECT if right else WRONG
        effect = Arithmetic(self.left, "plus", self.right).judge(statement)
        return {CORRECT: SUPPORT, WRONG: FALSE}.get(effect, effect)
