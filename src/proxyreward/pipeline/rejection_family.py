"""The policies that the parameters ask to align with reward models on several sources.

In: parameters and what the stages before have written. Out: specs of samples, scorings and
policies, one family after the other. Called by the stage `rejection`.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs, seeds
from proxyreward.files import content_hash
from proxyreward.pipeline.mix_family import items as mixes
from proxyreward.pipeline.mix_family import table
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import outputs
from proxyreward.policy import pool
from proxyreward.policy.dpo import PreferencePolicy, PreferenceSettings
from proxyreward.policy.pool import PoolItem
from proxyreward.policy.rejection import Aligned
from proxyreward.policy.sft import PolicySettings
from proxyreward.reward.mixes import TESTS, TRAINING, tokenizer_of
from proxyreward.reward.scorings import Scoring
from proxyreward.vocabulary import (
    DPO,
    DPO_MORE,
    HH,
    INITIAL,
    MORE,
    MULTITASK,
    ORACLE,
    SINGLE,
    START,
)
from proxyreward.world.mixture import prompts_of

ASKED, JUDGED = "asked.parquet", "judged.parquet"  # prompts to learn from, and to be judged on
CANDIDATES = "candidates.parquet"
TESTED, HELD_OUT = "tested.parquet", "held_out.parquet"  # test pairs: of all sources, of `HH`
POLICIES = ["policy", "scheme", "base", "seed"]


def folder(params: Params) -> Path:
    """Folder of the stage's outputs."""
    return outputs(params, "rejection")


def write_inputs(params: Params) -> None:
    """Prompts to learn from, prompts to be judged on, held-out pairs, the policies' tokenizer."""
    data, own, rejection = outputs(params, "sources"), folder(params), params.rejection
    own.mkdir(parents=True, exist_ok=True)
    shutil.copytree(outputs(params, "data") / "tokenizer", own / "tokenizer", dirs_exist_ok=True)
    training, tests = (pairs.read(data / part) for part in (TRAINING, TESTS))
    asked = prompts_of(training, HH, rejection.prompts, params.seed)
    asked.to_parquet(own / ASKED, index=False)
    judged = prompts_of(tests, HH, rejection.test_prompts, params.seed)
    judged.to_parquet(own / JUDGED, index=False)
    tested = tests.groupby("source", sort=False).head(rejection.test_pairs)
    for file, kept in ((TESTED, tested), (HELD_OUT, tested[tested["source"].isin(HH)])):
        pairs.write(kept.assign(pair_id=np.arange(len(kept))), own / file)


def write_candidates(params: Params) -> pd.DataFrame:
    """The samples of :func:`pools` in one file, prompt by prompt; returns it."""
    own = folder(params)
    asked = pd.read_parquet(own / ASKED)
    found = pool.read(own / "candidates", "candidates").merge(asked, on="prompt_id")
    found.to_parquet(own / CANDIDATES, index=False)
    return found


def pools(params: Params) -> list[PoolItem]:
    """The start policy's candidates for the prompts to learn from, in two parts.

    The parts have seeds of their own, as they are put together and never compared.
    """
    total = len(pd.read_parquet(folder(params) / ASKED))
    half = -(-total // 2)
    return [
        PoolItem(
            name=f"candidates-{first:05d}",
            data=str(folder(params)),
            asked=ASKED,
            policy=str(outputs(params, "policy") / INITIAL),
            first=first,
            prompts=min(half, total - first),
            per_prompt=params.rejection.samples,
            temperature=params.rejection.temperature,
            max_new_tokens=params.samples.max_new_tokens,
            max_length=params.model.max_length,
            seed=seeds.number(f"candidates {first}", params.seed),
        )
        for first in range(0, total, half)
    ]


def scorings(params: Params) -> list[Scoring]:
    """Every reward model's scores of the candidates."""
    models = outputs(params, "mixes")
    return [
        Scoring(
            name=item.name,
            tokenizer=tokenizer_of(item),
            model=str(models / item.name),
            model_hash=content_hash(models / item.name),
            responses=(str(folder(params) / CANDIDATES),),
            max_length=params.model.max_length,
        )
        for item, _ in mixes(params)
    ]


def judges(params: Params) -> dict[str, str]:
    """The reward model that judges the prompts of a source: the largest one trained on it alone."""
    rms = table(params)
    own = rms[rms["base"] == params.mixes.bases[-1]].drop_duplicates("scheme").set_index("scheme")
    return {source: own.loc[f"{SINGLE}-{source}", "rm"] for source in HH}


def aligned(params: Params) -> pd.DataFrame:
    """The reward models that policies are aligned to: MultiTask and MORE of the largest base.

    One base, as the time goes into repeats: a second base tells less than a second replicate.
    """
    rms = table(params)
    return rms[rms["scheme"].isin([MULTITASK, MORE]) & (rms["base"] == params.mixes.bases[-1])]


def policies(params: Params) -> list[tuple[Aligned, dict]]:
    """The start policy, and one aligned to the oracle and to each reward model of `aligned`.

    All share one seed, as they are compared with each other and with the start policy; which of the
    repeats one is, its reward model says. Every reward model judges all of them.
    """
    rejection, models, rms = params.rejection, outputs(params, "mixes"), aligned(params)
    start = Aligned(
        name=START,
        data=str(folder(params)),
        policy=str(outputs(params, "policy") / INITIAL),
        rm=None,
        rm_hash=None,
        candidates=str(folder(params) / CANDIDATES),
        samples=rejection.samples,
        rounds=rejection.rounds,
        prompts=str(folder(params) / JUDGED),
        test_samples=rejection.test_samples,
        held_out=str(folder(params) / HELD_OUT),
        judges=tuple(str(models / name) for name in (*rms["rm"], *judges(params).values())),
        settings=PolicySettings(
            rejection.epochs,
            rejection.learning_rate,
            rejection.batch_size,
            params.model.precision,
        ),
        temperature=params.rejection.temperature,
        max_new_tokens=params.samples.max_new_tokens,
        max_length=params.model.max_length,
        seed=seeds.number("rejection", params.seed),
    )
    found = [
        (start, dict(zip(POLICIES, (START, START, "", 0)))),
        (replace(start, name=ORACLE, rm=ORACLE), dict(zip(POLICIES, (ORACLE, ORACLE, "", 0)))),
    ]
    for row in rms.itertuples():
        rm = models / row.rm
        item = replace(start, name=row.rm, rm=str(rm), rm_hash=content_hash(rm))
        found.append((item, dict(zip(POLICIES, (row.rm, row.scheme, row.base, row.seed)))))
    return found


def preferences(params: Params) -> list[tuple[PreferencePolicy, dict]]:
    """The start policy trained by DPO on all sources, plain and with the weights of MORE."""
    rejection, data = params.rejection, outputs(params, "sources")
    found = []
    for seed in range(params.mixes.seeds):
        for scheme, weighting in ((DPO, "plain"), (DPO_MORE, "min-norm")):
            name = f"{scheme}-seed{seed}"
            item = PreferencePolicy(
                name=name,
                data=str(folder(params)),
                policy=str(outputs(params, "policy") / INITIAL),
                pairs=str(data / TRAINING),
                tests=str(folder(params) / TESTED),
                prompts=str(folder(params) / JUDGED),
                test_samples=rejection.test_samples,
                settings=PreferenceSettings(
                    weighting=weighting,
                    beta=rejection.dpo_beta,
                    resampled=rejection.dpo_pairs,
                    pairs_per_source=params.mixes.pairs_per_source,
                    learning_rate=rejection.dpo_learning_rate,
                    precision=params.model.precision,
                ),
                temperature=params.rejection.temperature,
                max_new_tokens=params.samples.max_new_tokens,
                max_length=params.model.max_length,
                # Both schemes see the same pairs in the same order.
                seed=seeds.number(f"dpo {seed}", params.seed),
            )
            found.append((item, dict(zip(POLICIES, (name, scheme, "", seed)))))
    return found
