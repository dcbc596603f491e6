"""Preference pairs of the five sources: each with its own prompts, taste and size.

Sizes and a seed come in, frames in the schema of `data.pairs` go out, the name of the source in
their column ``source``.  The `sources` stage is the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.data.transcripts import last_request
from proxyreward.world import annotators, sources
from proxyreward.world.build import frame_of_pairs, two_responses
from proxyreward.world.prompts import Prompt, draw, every_prompt
from proxyreward.world.tasks import CATEGORIES

TEST_SHARE = 5  # one prompt in so many is asked in tests alone


def reserved(seed: int) -> frozenset[str]:
    """Texts of the prompts that only tests may ask: a random fifth of each category."""
    rng = generator("reserved prompts", seed)
    texts: list[str] = []
    for category in CATEGORIES:
        known = [p.text for p in every_prompt().values() if p.category == category]
        texts += [known[i] for i in rng.permutation(len(known))[: len(known) // TEST_SHARE]]
    return frozenset(texts)


def draw_prompts(
    source: str, count: int, texts: frozenset[str], inside: bool, rng: np.random.Generator
) -> list[Prompt]:
    """Prompts of the kind that a source asks, all inside or all outside of a set of texts."""
    found: list[Prompt] = []
    while len(found) < count:
        prompt = draw(rng, str(rng.choice(list(CATEGORIES), p=sources.PROMPTS[source])))
        if (prompt.text in texts) == inside:
            found.append(prompt)
    return found


def labelled(
    source: str,
    prompts: list[Prompt],
    quality: float,
    conflicts: Sequence[float],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Pairs of writers' responses, labelled by an annotator of the source.

    The annotator prefers the first with probability ``sigmoid(quality * (u_1 - u_2))``, u being
    the utility to the source.

    ``meta`` tells the ``chance`` of the label: the probability with which this annotator chooses
    what was chosen.  By degree of conflict it tells ``chance_at``, the same if the sources differed
    to this degree only, and ``flipped_at``, whether the same draw would then give the other label.
    """
    drawn = [two_responses(prompt, rng) for prompt in prompts]
    texts = [prompt.text for prompt in prompts]
    draw = rng.random(len(prompts))

    def chance_of_first(conflict: float) -> np.ndarray:
        worth = (
            sources.utility(source, texts, [responses[side] for responses, _ in drawn], conflict)
            for side in (0, 1)
        )
        return annotators.chance_of_first(*worth, quality)

    chances = {conflict: chance_of_first(conflict) for conflict in (1.0, *conflicts)}
    wins = draw < chances[1.0]
    metas = []
    for i, won in enumerate(wins):
        of_label = {at: float(p[i] if won else 1 - p[i]) for at, p in chances.items()}
        told = {"chance": of_label.pop(1.0)}
        told["chance_at"] = {f"{at:g}": p for at, p in of_label.items()}
        told["flipped_at"] = {f"{at:g}": bool((draw[i] < chances[at][i]) != won) for at in of_label}
        metas.append(told)
    return frame_of_pairs(prompts, drawn, wins, metas, source)


def mixture(
    sizes: Mapping[str, int],
    test_pairs: int,
    quality: float,
    seed: int,
    conflicts: Sequence[float] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test pairs of all sources.

    Parameters
    ----------
    sizes
        Training pairs by source.
    test_pairs
        Test pairs of each source; their prompts occur in no training pair.
    quality
        Of the annotators, in logits per unit of utility.
    conflicts
        Other degrees of conflict than the full one at which pairs know their labels.

    Returns
    -------
    training, tests : DataFrame
        Source after source, in the order of `sizes`.
    """
    kept_back = reserved(seed)
    frames: dict[bool, list[pd.DataFrame]] = {False: [], True: []}
    for name, size in sizes.items():
        for tested, count in ((False, size), (True, test_pairs)):
            rng = generator(f"{'test' if tested else 'training'} pairs {name}", seed)
            prompts = draw_prompts(name, count, kept_back, tested, rng)
            frames[tested].append(labelled(name, prompts, quality, conflicts, rng))
    training, tests = (pd.concat(part, ignore_index=True) for part in frames.values())
    return _numbered(training), _numbered(tests)


def disagreement(pairs: pd.DataFrame, conflict: float) -> float:
    """Share of pairs on which two sources prefer different responses, mean over every two."""
    requests = pairs["prompt"].map(last_request)
    better = [
        np.sign(
            sources.utility(name, requests, pairs["chosen"], conflict)
            - sources.utility(name, requests, pairs["rejected"], conflict)
        )
        for name in pairs["source"].unique()
    ]
    return float(np.mean([(one * other < 0).mean() for one, other in combinations(better, 2)]))


def prompts_of(pairs: pd.DataFrame, names: tuple[str, ...], count: int, seed: int) -> pd.DataFrame:
    """Distinct prompts of some sources, ``count`` of each: ``prompt_id, source, prompt``."""
    parts = []
    for name in names:
        distinct = pairs.loc[pairs["source"] == name, ["source", "prompt"]].drop_duplicates()
        rng = generator(f"asked prompts {name}", seed)
        parts.append(distinct.iloc[np.sort(rng.permutation(len(distinct))[:count])])
    both = pd.concat(parts, ignore_index=True)
    both.insert(0, "prompt_id", np.arange(len(both)))
    return both


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(pair_id=np.arange(len(frame)))
