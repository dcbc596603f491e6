"""From the world to data: demonstrations, preference pairs, the accuracy test set, test prompts.

Sizes and a seed come in, data frames in the schema of `data.pairs` go out.  The `data` stage is
the caller.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.data.pairs import Pair, to_frame
from proxyreward.data.report import DataError
from proxyreward.data.seeds import generator
from proxyreward.data.transcripts import ASSISTANT, HUMAN, last_request, render
from proxyreward.world import annotators, oracle
from proxyreward.world.prompts import Prompt, draw, every_prompt
from proxyreward.world.tasks import CATEGORIES
from proxyreward.world.writers import WRITERS


@dataclass(frozen=True)
class Corpus:
    """All data frames of one world; no test prompt appears in the training parts."""

    demonstrations: pd.DataFrame  # prompt, response
    pairs: pd.DataFrame  # preference pairs to train reward models
    bench: pd.DataFrame  # preference pairs to measure accuracy
    prompts: pd.DataFrame  # prompt_id, prompt, category: where policies are optimised


def _category(i: int) -> str:
    return CATEGORIES[i % len(CATEGORIES)]


def draw_test_prompts(count: int, rng: np.random.Generator) -> list[Prompt]:
    """Distinct prompts with the five categories in turn.

    Raises
    ------
    DataError
        If that leaves a category without a prompt to train on.
    """
    known = Counter(prompt.category for prompt in every_prompt().values())
    scarcest = min(known, key=known.__getitem__)
    most = len(CATEGORIES) * (known[scarcest] - 1)
    if count > most:
        raise DataError(
            f"world.bench_prompts: {count} test prompts leave none of {scarcest} to train on, of "
            f"which the world has {known[scarcest]}. Remedy: ask for {most} at most"
        )
    chosen: dict[str, Prompt] = {}
    while len(chosen) < count:
        prompt = draw(rng, _category(len(chosen)))
        chosen.setdefault(prompt.text, prompt)
    return list(chosen.values())


def _draw_training_prompts(count: int, held_out: set[str], rng: np.random.Generator):
    drawn = 0
    while drawn < count:
        prompt = draw(rng, _category(drawn))
        if prompt.text not in held_out:
            drawn += 1
            yield prompt


def two_responses(prompt: Prompt, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Two different responses to a prompt and the names of their writers."""
    while True:
        names = [str(name) for name in rng.choice(list(WRITERS), size=2)]
        responses = [WRITERS[name].write(prompt, rng) for name in names]
        if responses[0] != responses[1]:
            return responses, names


def as_transcript(text: str) -> str:
    """A prompt text of the world as a conversation of one turn that awaits its answer."""
    return render([(HUMAN, text), (ASSISTANT, "")])


def frame_of_pairs(
    prompts: list[Prompt],
    drawn: list,
    first_wins: np.ndarray,
    metas: list[dict],
    source: str = "world",
) -> pd.DataFrame:
    """Pairs of the responses that :func:`two_responses` drew, the winner first."""
    pairs = []
    for prompt, (responses, writers), wins, meta in zip(prompts, drawn, first_wins, metas):
        best, worst = (0, 1) if wins else (1, 0)
        told = {"category": prompt.category, "writers": [writers[best], writers[worst]]} | meta
        transcript = as_transcript(prompt.text)
        pairs.append(Pair(transcript, responses[best], responses[worst], source, told))
    return to_frame(pairs)


def _utilities(prompts: list[Prompt], drawn: list) -> np.ndarray:
    """Oracle utilities of drawn pairs, shape ``(2, pairs)``."""
    texts = [prompt.text for prompt in prompts]
    return np.stack([oracle.utility(texts, [r[side] for r, _ in drawn]) for side in (0, 1)])


def preference_pairs(prompts: list[Prompt], rng: np.random.Generator) -> pd.DataFrame:
    """Pairs of responses, each labelled once by one of the annotators."""
    drawn = [two_responses(prompt, rng) for prompt in prompts]
    votes = annotators.prefers_first(*_utilities(prompts, drawn), rng)
    who = rng.integers(len(votes), size=len(prompts))
    metas = [{"annotator": int(a)} for a in who]
    return frame_of_pairs(prompts, drawn, votes[who, np.arange(len(prompts))], metas)


def bench_pairs(prompts: list[Prompt], rng: np.random.Generator) -> pd.DataFrame:
    """One pair a prompt whose chosen response is the better one to the oracle."""
    drawn = []
    for prompt in prompts:
        while True:
            pair = two_responses(prompt, rng)
            if np.ptp(_utilities([prompt], [pair])) > 0:
                break
        drawn.append(pair)
    first, second = _utilities(prompts, drawn)
    return frame_of_pairs(prompts, drawn, first > second, [{}] * len(prompts))


def pairs_apart(count: int, bench: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Preference pairs that share the world and its annotators with a corpus, but no draw.

    None has a prompt of `bench`, the corpus's test pairs.
    """
    rng, held_out = generator("world apart", seed), set(bench["prompt"].map(last_request))
    return preference_pairs(list(_draw_training_prompts(count, held_out, rng)), rng)


def demonstrations(prompts: list[Prompt], rng: np.random.Generator) -> pd.DataFrame:
    """Responses of all writers in turn, for training the initial policy."""
    writers = [WRITERS[str(name)] for name in rng.choice(list(WRITERS), size=len(prompts))]
    responses = [writer.write(prompt, rng) for writer, prompt in zip(writers, prompts)]
    return pd.DataFrame({"prompt": [as_transcript(p.text) for p in prompts], "response": responses})


def build(
    training_prompts: int, pairs: int, bench_prompts: int, pool_prompts: int, seed: int
) -> Corpus:
    """The data of a world of given sizes; `pool_prompts` are the first of the `bench_prompts`."""
    rng = generator("world", seed)
    test = draw_test_prompts(bench_prompts, rng)
    held_out = {prompt.text for prompt in test}
    pool = test[:pool_prompts]
    return Corpus(
        demonstrations(list(_draw_training_prompts(training_prompts, held_out, rng)), rng),
        preference_pairs(list(_draw_training_prompts(pairs, held_out, rng)), rng),
        bench_pairs(test, rng),
        pd.DataFrame(
            {
                "prompt_id": range(len(pool)),
                "prompt": [as_transcript(p.text) for p in pool],
                "category": [p.category for p in pool],
            }
        ),
    )
