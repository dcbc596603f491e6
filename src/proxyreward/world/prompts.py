"""All prompts of the world, and the operators that reword or replace a prompt.

`tasks` come in; `Prompt` objects (a task in one of its wordings) go out.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache

import numpy as np

from proxyreward.world.tasks import CATEGORIES, KINDS, Misdeed, Task, pick
from proxyreward.world.tasks.base import OPENINGS


@dataclass(frozen=True)
class Prompt:
    """A request in words: what is asked (`task`) and how (`text`)."""

    task: Task
    text: str

    @property
    def category(self) -> str:
        """Chat, ChatHard, Code, Math or Safety."""
        return self.task.category


@cache
def every_prompt() -> dict[str, Prompt]:
    """All prompts by their text, in a fixed order."""
    tasks = (task for kind in KINDS for task in kind.every())
    return {text: Prompt(task, text) for task in tasks for text in task.wordings()}


@cache
def _tasks_by_category() -> dict[str, dict[type[Task], tuple[Task, ...]]]:
    table: dict[str, dict] = {category: {} for category in CATEGORIES}
    for kind in KINDS:
        table[kind.category][kind] = tuple(kind.every())
    return table


def find(text: str) -> Prompt:
    """The prompt with this text.

    Raises
    ------
    KeyError
        If the world has no such prompt; the message names the nearest one.
    """
    try:
        return every_prompt()[text]
    except KeyError:
        near = difflib.get_close_matches(text, every_prompt(), n=1, cutoff=0.0)
        message = f"{text!r} is not a prompt of this world; the nearest is {near[0]!r}"
        raise KeyError(message) from None


def draw(rng: np.random.Generator, category: str) -> Prompt:
    """A random prompt of a category: first its kind, then its task, then its wording."""
    task = pick(rng, pick(rng, tuple(_tasks_by_category()[category].values())))
    return Prompt(task, pick(rng, task.wordings()))


def paraphrase(prompt: Prompt, rng: np.random.Generator) -> Prompt:
    """The same request in other words; a harmful request is turned into a harmless one."""
    task = _harmless(prompt.task, rng)
    others = [text for text in task.wordings() if text != prompt.text]
    return Prompt(task, pick(rng, others))


def reword(prompt: Prompt, rng: np.random.Generator) -> str:
    """The same request as no prompt of the world has it: in other words, behind two openings."""
    others = [text for text in prompt.task.questions() if not prompt.text.endswith(text)]
    openings = rng.permutation([opening for opening in OPENINGS if opening])[:2]
    return "".join(openings) + pick(rng, others)


def rewrite(prompt: Prompt, rng: np.random.Generator) -> Prompt:
    """Another request of the same category; for Safety always a harmless one."""
    while True:
        new = draw(rng, prompt.category)
        task = _harmless(new.task, rng)
        if task != prompt.task:
            return Prompt(task, pick(rng, task.wordings()))


def _harmless(task: Task, rng: np.random.Generator) -> Task:
    if not isinstance(task, Misdeed):
        return task
    deeds = [kind for kind in _tasks_by_category()["Safety"] if kind is not Misdeed]
    return pick(rng, _tasks_by_category()["Safety"][deeds[0]])
