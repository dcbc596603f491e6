"""Code: programs of two steps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

from proxyreward.world import knowledge as k
from proxyreward.world.tasks.base import CORRECT, FALSE, OFF_TOPIC, SUPPORT, WRONG, Task, other


@dataclass(frozen=True)
class Program(Task):
    """Code: one function applied after another."""

    first: str
    second: str
    data: str
    category = "Code"

    @classmethod
    def every(cls):
        chains = product(permutations(k.OPERATIONS, 2), k.DATA)
        return (cls(first, second, data) for (first, second), data in chains)

    def questions(self):
        return (
            f"Write code to {self.first} the {self.data} and then {self.second} them.",
            f"How can I {self.first} the {self.data} first and {self.second} them later?",
            f"I need code: {self.second} the {self.data} after you {self.first} them.",
        )

    def answer(self):
        return f"Use {self.second}({self.first}({self.data}))."

    def mistake(self, rng):
        if rng.random() < 0.5:
            return f"Use {self.first}({self.second}({self.data}))."
        return f"Use {self.second}({self.first}({other(rng, k.DATA, self.data)}))."

    def remarks(self):
        return tuple(f"It will {op} the {self.data}." for op in (self.first, self.second))

    def judge(self, statement):
        if statement.relation == "code":
            right = statement.args == (self.second, self.first, self.data)
            return CORRECT if right else WRONG
        if statement.relation == "step":
            operation, data = statement.args
            right = operation in (self.first, self.second) and data == self.data
            return SUPPORT if right else FALSE
        return OFF_TOPIC
