"""What PPO policies say, with planted quality and planted reward models, without training.

Texts are of the world's writers, so that the rules and people can judge them. A policy gives the
best, by the oracle, of some drafts: the more, the better the policy. A reward model of skill s
scores a text ``s z + sqrt(1 - s^2) e``: its utility, standardised, and noise of its own.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.findings.elephant.elephant_judges.reader import (
    SCORE,
    TESTED,
    Judgements,
    of_ppo,
)
from proxyreward.vocabulary import EQUAL_SIZE, LADDER, STRONG
from proxyreward.world.build import as_transcript
from proxyreward.world.oracle import utility
from proxyreward.world.prompts import draw
from proxyreward.world.tasks import CATEGORIES
from proxyreward.world.writers import WRITERS

DRAFTS = {"start": 1, "conflicting": 1, "half": 2, "large": 4, "strong": 8}
SKILLS = dict(zip(LADDER, (0.05, 0.3, 0.4, 0.7, 0.2, 0.6, 0.8, 0.95), strict=True))


def tables(
    drafts: Mapping[str, int] = DRAFTS,
    skills: Mapping[str, float] = SKILLS,
    accuracies: Mapping[str, float] | None = None,
    *,
    prompts: int = 20,
    runs: int = 2,
    pairs: int = 400,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """Tables as the stages `aligned` and `proxies` write them, those that are passed over too.

    Parameters
    ----------
    drafts
        From how many a policy takes its response, by its reward model.
    skills
        Of reward models, from -1 to 1.
    accuracies
        Of reward models on the test pairs; default: they grow with skill.
    prompts
        Of each test set; every policy gives two responses to each.
    """
    rng = np.random.default_rng(seed)
    asked = [
        (subset, place, draw(rng, CATEGORIES[place % len(CATEGORIES)]))
        for subset in TESTED
        for place in range(prompts)
    ]
    policies = {f"ppo-{rm}-{k}": rm for rm in EQUAL_SIZE for k in range(runs)}
    policies |= {"start-initial": "start", "start-second": "start", "ppo-strong-free": STRONG}
    rows = [
        (policy, subset, number, k, as_transcript(prompt.text), _said(prompt, drafts[rm], rng))
        for policy, rm in policies.items()
        for subset, number, prompt in asked
        for k in range(2)
    ]
    keys = ["policy", "subset", "prompt_id", "sample_id", "prompt", "response"]
    said = _scored(pd.DataFrame(rows, columns=keys), "response", skills, rng)
    rows = [(s, n, as_transcript(p.text), _said(p, 2, rng)) for s, n, p in asked]
    judged = pd.DataFrame(rows, columns=["subset", "prompt_id", "prompt", "chosen"])
    return {
        "said": said.sample(frac=1, random_state=seed),
        "judged": _scored(judged, "chosen", skills, rng),
        "margins": margins(accuracies or {rm: 0.5 + s / 2 for rm, s in skills.items()}, pairs),
    }


def judgements(*args, **options) -> Judgements:
    """The same as the finding reads them."""
    found = tables(*args, **options)
    return Judgements(of_ppo(found["said"]), found["judged"], found["margins"])


def margins(accuracies: Mapping[str, float], pairs: int) -> pd.DataFrame:
    """Margins that are right on a share of the pairs of each test set, and one more test set."""
    sources = np.repeat([*TESTED, "helpful-online"], pairs)
    place = np.tile((np.arange(pairs) + 0.5) / pairs, 4)
    found = {rm: np.where(place < right, 1.0, -1.0) for rm, right in accuracies.items()}
    return pd.DataFrame({"pair_id": range(len(sources)), "source": sources} | found)


def _said(prompt, drafts: int, rng: np.random.Generator) -> str:
    writers = [WRITERS[str(name)] for name in rng.choice([*WRITERS], drafts)]
    found = [writer.write(prompt, rng) for writer in writers]
    return found[int(utility([prompt.text] * drafts, found).argmax())]


def _scored(frame, column, skills, rng) -> pd.DataFrame:
    worth = utility(frame["prompt"].map(last_request).tolist(), frame[column].tolist())
    standard = (worth - worth.mean()) / worth.std()
    scores = {
        f"{SCORE}{rm}": s * standard + np.sqrt(1 - s**2) * rng.normal(size=len(frame))
        for rm, s in skills.items()
    }
    return frame.assign(oracle=worth, **scores)
