"""What a prompt asks: eight kinds of task in five categories, and what answers each of them.

`knowledge` comes in; `Task` objects go out.  A task knows its wordings, a right answer, wrong
answers, and further true remarks.  `prompts` lists all of them, `writers` answer them, `oracle`
judges answers by :meth:`Task.judge`.
"""

from __future__ import annotations

from proxyreward.world.tasks.animals import Comparison, Fact, FalsePremise
from proxyreward.world.tasks.arithmetic import Arithmetic, Story
from proxyreward.world.tasks.base import (
    CATEGORIES,
    CORRECT,
    FALSE,
    HARMFUL,
    OFF_TOPIC,
    SUPPORT,
    WRONG,
    Task,
    pick,
)
from proxyreward.world.tasks.household import Deed, Misdeed
from proxyreward.world.tasks.program import Program

__all__ = [
    "CATEGORIES",
    "CORRECT",
    "FALSE",
    "HARMFUL",
    "KINDS",
    "OFF_TOPIC",
    "SUPPORT",
    "WRONG",
    "Arithmetic",
    "Comparison",
    "Deed",
    "Fact",
    "FalsePremise",
    "Misdeed",
    "Program",
    "Story",
    "Task",
    "pick",
]

KINDS: tuple[type[Task], ...] = (
    Fact,
    Comparison,
    FalsePremise,
    Program,
    Arithmetic,
    Story,
    Deed,
    Misdeed,
)
