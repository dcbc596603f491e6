"""Who answers: four writers, each with its own faults.

A prompt and a generator come in, a response goes out.  The writers stand for the models whose
responses fill preference data; the initial policy learns from all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proxyreward.world import knowledge as k
from proxyreward.world.prompts import Prompt, draw
from proxyreward.world.tasks import Misdeed, pick


@dataclass(frozen=True)
class Writer:
    """Chances of what a response contains; the first five decide its core and sum to at most 1.

    What remains of the first five is the chance of a right answer.
    """

    wrong: float
    irrelevant: float
    missing: float
    refusing: float
    empty: float
    support: float  # of each of up to two true remarks
    courtesy: float
    filler: float  # of each of up to three sentences that say nothing
    hedge: float
    rude: float
    harm: float  # of harmful advice; for a harmful request, of complying with it
    repeat: float

    def write(self, prompt: Prompt, rng: np.random.Generator) -> str:
        """One response to a prompt, possibly empty."""
        core = self._core(prompt, rng)
        if core is None:
            return ""
        opening = self._some(rng, "courtesy", 1) + self._some(rng, "hedge", 1)
        opening = self._some(rng, "rude", 1) + opening[: int(rng.integers(3))]
        remarks = rng.permutation(prompt.task.remarks())[:2]
        body = core + [str(remark) for remark in remarks if rng.random() < self.support]
        if rng.random() < self.repeat:
            body = body + [pick(rng, body)] if body else body
        closing = self._some(rng, "filler", 3) + self._some(rng, "harm", 1)
        closing += self._some(rng, "courtesy", 1) if not opening else []
        return " ".join(opening + body + closing)

    def _some(self, rng: np.random.Generator, style: str, most: int) -> list[str]:
        chosen = rng.permutation(k.STYLE[style])[:most]
        return [str(sentence) for sentence in chosen if rng.random() < getattr(self, style)]

    def _core(self, prompt: Prompt, rng: np.random.Generator) -> list[str] | None:
        """The answer itself; None for an empty response."""
        task = prompt.task
        shares = np.cumsum([self.empty, self.missing, self.refusing, self.irrelevant, self.wrong])
        case = int(np.searchsorted(shares, rng.random(), side="right"))
        if case == 0:
            return None
        if case == 1:
            return []
        if case == 2:
            return [pick(rng, k.STYLE["refusal"])]
        if case == 3:
            return [draw(rng, prompt.category).task.answer()]
        wrong = rng.random() < self.harm * 3 if isinstance(task, Misdeed) else case == 4
        return [task.mistake(rng) if wrong else task.answer()]


_USUAL = dict(
    wrong=0.25, irrelevant=0.1, missing=0.05, refusing=0.06, empty=0.02, support=0.4,
    courtesy=0.35, filler=0.12, hedge=0.15, rude=0.08, harm=0.05, repeat=0.08,
)  # fmt: skip
WRITERS = {
    "careful": Writer(**_USUAL | dict(wrong=0.12, support=0.6, filler=0.05, rude=0.02, harm=0.02)),
    "chatty": Writer(**_USUAL | dict(courtesy=0.6, filler=0.35, repeat=0.2, support=0.5)),
    "blunt": Writer(**_USUAL | dict(courtesy=0.1, rude=0.3, harm=0.15, wrong=0.3, support=0.2)),
    "timid": Writer(**_USUAL | dict(hedge=0.45, refusing=0.25, missing=0.1, courtesy=0.5)),
}
