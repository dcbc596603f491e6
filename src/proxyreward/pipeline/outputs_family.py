"""Scorers of published responses that learn from pairs: what they read, and which there are.

In: parameters, responses that a golden judge has judged. Out: a folder with pairs, responses and a
tokenizer; specs of scorers; their scores. Called by the stage `real_outputs`.

A scorer that learns from the golden judge is cross-fitted: pairs of a fold of prompts are left out,
and it scores the responses to these.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import folds, pairs, seeds
from proxyreward.data.load import load_pairs
from proxyreward.data.report import DataError
from proxyreward.findings.core.wordcounts import SIDES
from proxyreward.findings.real.real_outputs.outputs import Outputs, win_rate
from proxyreward.findings.real.real_outputs.scorer import (
    EVERYTHING,
    RESPONSES,
    SCORES,
    TOKENIZER,
    Scorer,
    pair_files,
)
from proxyreward.models.build import Shape
from proxyreward.models.tokenizer import UNCUT, encode, make_tokenizer
from proxyreward.pipeline import reward_families
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.schema import of_source
from proxyreward.pipeline.stage import naming
from proxyreward.pipeline.stage import outputs as outputs_folder
from proxyreward.pipeline.world_data import texts

JUDGE = "judge"
"""Source of the pairs that the golden judge labels."""
PAIRS = 8
"""Of them to a prompt."""


def folder(params: Params) -> Path:
    """Where everything of the stage lies that no reader needs."""
    return outputs_folder(params, "real_outputs")


def prepare(params: Params, found: Outputs) -> pd.DataFrame:
    """Write responses, pairs of every source with their folds, and a tokenizer of all pairs.

    Returns
    -------
    Frame ``source, read, left_out, pairs, cut``: records, those left out as their conversation
    opens as one of the prompts, pairs to learn from, and the share of the texts longer than what a
    reward model reads; a last row has the responses themselves.
    """
    data = folder(params) / "data"
    data.mkdir(parents=True, exist_ok=True)
    fold = folds.assign(found.prompts, params.mixes.folds, params.seed)
    frame = pd.DataFrame({"fold": fold[found.prompt], "text": found.texts})
    frame.insert(1, "prompt", np.array(found.prompts, dtype=object)[found.prompt])
    frame.to_parquet(data / RESPONSES, index=False)
    sources = _sources(params, found, fold)
    for source, (known, _, number) in sources.items():
        files = pair_files(data, source)
        pairs.write(known, files[0])
        np.save(files[1], number)
    every = pd.concat([known for known, _, _ in sources.values()])
    read = texts(every, "chosen", "rejected")
    with naming("model.base"):
        tokenizer = make_tokenizer(params.model.base, read, params.tokenizer.vocab_size)
    tokenizer.save_pretrained(data / TOKENIZER)
    longest = params.model.max_length
    rows = [
        (source, count, count - len(known), len(known), _cut(tokenizer, known, longest))
        for source, (known, count, _) in sources.items()
    ]
    cut = _share_cut(tokenizer, frame["prompt"], frame["text"], longest)
    rows.append(("responses", len(frame), 0, len(frame), cut))
    return pd.DataFrame(rows, columns=["source", "read", "left_out", "pairs", "cut"])


def _sources(
    params: Params, found: Outputs, fold: np.ndarray
) -> dict[str, tuple[pd.DataFrame, int, np.ndarray]]:
    """Pairs of each source, how many were read, and the fold of prompts of each pair."""
    own = golden_pairs(found, PAIRS, params.seed)
    sources = {JUDGE: (own, len(own), fold[[meta["prompt"] for meta in own["meta"]]])}
    for origin in params.mixes.origins:
        asked = origin.place, origin.name, origin.subset, origin.split
        with naming(of_source(origin.source)):
            read, report = load_pairs(*asked, params.data.max_records, origin.format, origin.source)
        print(report, file=sys.stderr)
        kept = _others(read, found.prompts)
        sources[origin.source] = kept, len(read), np.full(len(kept), EVERYTHING)
    return sources


def golden_pairs(found: Outputs, count: int, seed: int) -> pd.DataFrame:
    """So many pairs of responses to each prompt, at random, as the golden judge prefers them.

    Two responses with one verdict or one text are no pair, and constant models have no part; a
    prompt with fewer pairs gives all that it has. ``meta`` holds the number of the prompt.
    """
    golden, rng = win_rate(found.preference[0]), seeds.generator("golden pairs", seed)
    drawn = []
    for number, prompt in enumerate(found.prompts):
        rows = np.flatnonzero((found.prompt == number) & ~found.constant)
        one, other = np.triu_indices(len(rows), 1)
        for place in rng.permutation(len(one))[: 4 * count]:
            drawn.append((number, prompt, rows[one[place]], rows[other[place]]))
    return _first(found, golden, drawn, count)


def _first(found: Outputs, golden: np.ndarray, drawn: list[tuple], count: int) -> pd.DataFrame:
    """The first `count` of each prompt that differ in golden score and text."""
    kept: dict[int, list[pairs.Pair]] = {}
    for number, prompt, one, other in drawn:
        own = kept.setdefault(number, [])
        better, worse = (one, other) if golden[one] > golden[other] else (other, one)
        sides = found.texts[better], found.texts[worse]
        if len(own) < count and golden[one] != golden[other] and sides[0] != sides[1]:
            own.append(pairs.Pair(prompt, *sides, JUDGE, {"prompt": number}))
    return pairs.to_frame(pair for own in kept.values() for pair in own)


def _others(read: pd.DataFrame, prompts: Sequence[str]) -> pd.DataFrame:
    """The pairs whose conversation opens as none of the prompts."""
    groups = folds.conversation_groups([*prompts, *read["prompt"]])
    kept = read[~np.isin(groups[len(prompts) :], groups[: len(prompts)])]
    return kept.assign(pair_id=np.arange(len(kept))).reset_index(drop=True)


def _cut(tokenizer, known: pd.DataFrame, longest: int) -> float:
    both = (_share_cut(tokenizer, known["prompt"], known[s], longest) for s in SIDES)
    return float(np.mean(list(both)))


def _share_cut(tokenizer, prompts: Sequence[str], responses: Sequence[str], longest: int) -> float:
    rows = encode(tokenizer, prompts, responses, UNCUT)
    return float(np.mean([len(row) > longest for row in rows]))


def scorers(params: Params) -> list[tuple[str, Scorer]]:
    """Every scorer by the name of the proxy that it is a part of, the longest to train first."""
    every = range(params.mixes.folds)
    found = [
        (f"RM judge, {100 * rate:g} % flipped", _scorer(params, JUDGE, fold, rate))
        for rate in params.reward.flip_rates
        for fold in every
    ]
    found += [(f"RM {one.source}", _scorer(params, one.source)) for one in params.mixes.origins]
    for source in (JUDGE, *(one.source for one in params.mixes.origins)):
        for fold in every:
            found.append((f"words {source}", _scorer(params, source, fold, words=True)))
    return found


def _scorer(
    params: Params, source: str, fold: int | None = None, rate: float = 0.0, words: bool = False
) -> Scorer:
    model = params.model
    shape = Shape(model.hidden_size, model.layers, model.heads, model.max_length)
    parts = ["words" if words else "rm", source, *([] if words else [f"{rate:.2f}"])]
    return Scorer(
        name="-".join([*parts, *([] if fold is None else [f"fold-{fold}"])]),
        data=str(folder(params) / "data"),
        source=source,
        flip_rate=rate,
        flip_seed=params.seed,
        fold=fold,
        shape=None if words else shape,
        settings=reward_families.settings(params),
        # Flip rates share initial weights and batches; folds do not.
        seed=seeds.number(f"scorer {source} {fold}", params.seed),
    )


def gathered(found: Sequence[tuple[str, Scorer]], places: Sequence[Path]) -> dict[str, np.ndarray]:
    """Scores of every response by each proxy, (rows,), folds put together.

    Raises
    ------
    DataError
        If a proxy has no finite score for a response.
    """
    proxies: dict[str, np.ndarray] = {}
    for (name, _), place in zip(found, places, strict=True):
        part = np.load(place / SCORES).astype(float)
        proxies[name] = np.where(np.isnan(part), proxies.get(name, np.nan), part)
    for name, values in proxies.items():
        if not np.isfinite(values).all():
            raise DataError(
                f"{name}: {np.count_nonzero(~np.isfinite(values))} responses have no finite score; "
                "train again with a lower reward.learning_rate"
            )
    return proxies
