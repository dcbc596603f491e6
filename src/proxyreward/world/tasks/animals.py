"""Chat and ChatHard: questions about animals."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

from proxyreward.world import knowledge as k
from proxyreward.world.knowledge import Statement
from proxyreward.world.tasks.base import CORRECT, FALSE, OFF_TOPIC, SUPPORT, WRONG, Task, other


def _animal_remarks(name: str, *without: str) -> tuple[str, ...]:
    animal = k.ANIMALS[name]
    facts = {
        "food": f"The {name} eats {animal.food}.",
        "home": f"The {name} lives in the {animal.home}.",
        "colour": f"The {name} is {animal.colour}.",
    }
    return tuple(fact for relation, fact in facts.items() if relation not in without)


def _judge_animal(statement: Statement, about: tuple[str, ...], answers: tuple[str, ...]) -> str:
    if statement.relation not in ("food", "not_food", "home", "colour", "bigger"):
        return OFF_TOPIC
    if statement.args[0] not in about:
        return OFF_TOPIC
    true = k.is_true(statement)
    if statement.relation in answers:
        return CORRECT if true else WRONG
    return SUPPORT if true else FALSE


_FACT_WORDINGS = {
    "food": ("What does the {} eat?", "Which food does the {} like?", "Tell me what the {} eats."),
    "home": (
        "Where does the {} live?",
        "In which place is the {} at home?",
        "Tell me where the {} lives.",
    ),
    "colour": (
        "What colour is the {}?",
        "Which colour does the {} have?",
        "Tell me the colour of the {}.",
    ),
}
_FACT_SENTENCES = {
    "food": "The {} eats {}.",
    "home": "The {} lives in the {}.",
    "colour": "The {} is {}.",
}
_FACT_VALUES = {"food": k.FOODS, "home": k.HOMES, "colour": k.COLOURS}


@dataclass(frozen=True)
class Fact(Task):
    """Chat: one fact about an animal."""

    animal: str
    relation: str
    category = "Chat"

    @classmethod
    def every(cls):
        return (cls(a, r) for a, r in product(k.ANIMALS, _FACT_WORDINGS))

    def questions(self):
        return tuple(text.format(self.animal) for text in _FACT_WORDINGS[self.relation])

    def _say(self, value: str) -> str:
        return _FACT_SENTENCES[self.relation].format(self.animal, value)

    def answer(self):
        return self._say(getattr(k.ANIMALS[self.animal], self.relation))

    def mistake(self, rng):
        truth = getattr(k.ANIMALS[self.animal], self.relation)
        return self._say(other(rng, _FACT_VALUES[self.relation], truth))

    def remarks(self):
        return _animal_remarks(self.animal, self.relation)

    def judge(self, statement):
        answers = (self.relation, "not_food") if self.relation == "food" else (self.relation,)
        return _judge_animal(statement, (self.animal,), answers)


@dataclass(frozen=True)
class Comparison(Task):
    """ChatHard: which of two animals is bigger."""

    left: str
    right: str
    category = "ChatHard"

    @classmethod
    def every(cls):
        return (cls(a, b) for a, b in permutations(k.ANIMALS, 2))

    def questions(self):
        return (
            f"Which is bigger, the {self.left} or the {self.right}?",
            f"Compare the {self.left} with the {self.right}: which is bigger?",
        )

    def _bigger(self) -> tuple[str, str]:
        pair = (self.left, self.right)
        return tuple(sorted(pair, key=lambda name: -k.ANIMALS[name].size))

    def answer(self):
        return "The {} is bigger than the {}.".format(*self._bigger())

    def mistake(self, rng):
        return "The {1} is bigger than the {0}.".format(*self._bigger())

    def remarks(self):
        return _animal_remarks(self.left) + _animal_remarks(self.right)

    def judge(self, statement):
        about = (self.left, self.right)
        if statement.relation == "bigger" and set(statement.args) == set(about):
            return CORRECT if k.is_true(statement) else WRONG
        return _judge_animal(statement, about, ())


@dataclass(frozen=True)
class FalsePremise(Task):
    """ChatHard: a question that takes something false for granted."""

    animal: str
    food: str
    category = "ChatHard"

    @classmethod
    def every(cls):
        pairs = product(k.ANIMALS, k.FOODS)
        return (cls(a, f) for a, f in pairs if k.ANIMALS[a].food != f)

    def questions(self):
        return (
            f"Why does the {self.animal} eat {self.food}?",
            f"Tell me why the {self.animal} likes to eat {self.food}.",
        )

    def answer(self):
        return f"The {self.animal} does not eat {self.food}."

    def mistake(self, rng):
        return f"The {self.animal} eats {self.food}."

    def remarks(self):
        return _animal_remarks(self.animal)

    def judge(self, statement):
        if statement == Statement("food", (self.animal, self.food)):
            return WRONG
        if statement == Statement("not_food", (self.animal, self.food)):
            return CORRECT
        return _judge_animal(statement, (self.animal,), ())
