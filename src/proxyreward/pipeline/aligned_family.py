"""The policies of paper *elephant*: DPO on several sets, PPO and PRO on several reward models.

In: parameters and what the stages before have written. Out: specs of policies, responses and
scores, one family after the other. Called by the stage `aligned`.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs, seeds
from proxyreward.data.transcripts import last_request
from proxyreward.files import content_hash
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.ppo_family import main_settings
from proxyreward.pipeline.stage import outputs
from proxyreward.policy.dpo import PreferencePolicy, PreferenceSettings
from proxyreward.policy.ppo_runs import Judge, PPORun
from proxyreward.policy.pro import RankedPolicy, RankingSettings
from proxyreward.policy.responses import RESPONSES, Speaker
from proxyreward.reward.scorings import Scoring
from proxyreward.vocabulary import (
    CLEANED,
    DPO,
    EQUAL_SIZE,
    EVALUATOR,
    FEWER,
    FOUR_JUDGES,
    FREE,
    FULL,
    HARMLESS_BASE,
    HELPFUL_BASE,
    INITIAL,
    LADDER,
    MAIN,
    MIXED,
    ONE_JUDGE,
    ORACLE,
    PENALTY,
    PPO,
    PRO,
    REMOVED,
    SECOND,
    SMALL,
    START,
    UNCLEANED,
    WITH_TOXIC,
)
from proxyreward.world import oracle
from proxyreward.world.build import as_transcript
from proxyreward.world.prompts import find, reword

JUDGED_SETS = (HARMLESS_BASE, HELPFUL_BASE, MIXED)
"""Test sets whose prompts policies are judged on."""
SETS = {
    INITIAL: (UNCLEANED, CLEANED, FEWER, REMOVED, WITH_TOXIC, ONE_JUDGE, FOUR_JUDGES),
    SECOND: (UNCLEANED, CLEANED, FEWER),
}
"""Training sets of DPO by the policy that it starts from."""
RANKING = (SMALL, EVALUATOR)
"""Reward models whose rankings PRO learns."""
ROBUST = (UNCLEANED, CLEANED)
"""Training sets of DPO whose policies, and their starts, are asked in other words, too."""
FILES = ASKED, JUDGED, REWORDED, SAID = (
    "asked.parquet", "judged.parquet", "reworded.parquet", "said.parquet",
)  # fmt: skip
POLICIES = ["policy", "method", "base", "data", "rm", "run"]


def folder(params: Params) -> Path:
    """Folder of the stage's outputs."""
    return outputs(params, "aligned")


def write_inputs(params: Params) -> None:
    """Prompts to learn from and to be judged on, the latter with the responses chosen there.

    Some policies are judged on these in other words, too.
    """
    own, cleaning = folder(params), outputs(params, "cleaning")
    own.mkdir(parents=True, exist_ok=True)
    learnt = pairs.read(cleaning / f"{UNCLEANED}.parquet").drop_duplicates("prompt")
    _numbered(learnt)[["prompt_id", "prompt"]].to_parquet(own / ASKED, index=False)
    judged = judged_prompts(pairs.read(cleaning / "tests.parquet"), params.aligned.prompts)
    judged.to_parquet(own / JUDGED, index=False)
    reworded(judged, params.seed).to_parquet(own / REWORDED, index=False)


def judged_prompts(tests: pd.DataFrame, count: int) -> pd.DataFrame:
    """First prompts of each test set, each once: ``prompt_id, source, prompt, response``.

    The response is the one that is chosen in the prompt's first pair.
    """
    parts = [
        tests[tests["source"] == name].drop_duplicates("prompt").head(count) for name in JUDGED_SETS
    ]
    found = _numbered(pd.concat(parts)).rename(columns={"chosen": "response"})
    return found[["prompt_id", "source", "prompt", "response"]]


def reworded(judged: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The same prompts as nobody has asked them before: ``prompt_id, source, prompt``."""
    rng, asked = seeds.generator("aligned reworded", seed), judged["prompt"].map(last_request)
    texts = [as_transcript(reword(find(text), rng)) for text in asked]
    return judged[["prompt_id", "source"]].assign(prompt=texts)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(prompt_id=np.arange(len(frame))).reset_index(drop=True)


def _spoken(params: Params, prompts: str = JUDGED) -> dict:
    """How what all policies say is drawn: under one seed, so that they are compared fairly."""
    return {
        "data": str(outputs(params, "data")),
        "prompts": str(folder(params) / prompts),
        "test_samples": params.aligned.samples,
        "temperature": params.samples.temperature,
        "max_new_tokens": params.samples.max_new_tokens,
        "max_length": params.model.max_length,
        "seed": seeds.number("aligned", params.seed),
    }


def speakers(params: Params, folders: dict[str, Path], prompts: str = JUDGED) -> list[Speaker]:
    """Saved policies, by name, that respond to prompts in a file of the stage's folder."""
    common = _spoken(params, prompts)
    return [
        Speaker(name=name, policy=str(path), policy_hash=content_hash(path), **common)
        for name, path in folders.items()
    ]


def starts(params: Params) -> list[tuple[Speaker, dict]]:
    """The policies that all others start from."""
    saved = {f"{START}-{base}": outputs(params, "policy") / base for base in SETS}
    rows = [_row(name, START, base) for name, base in zip(saved, SETS)]
    return list(zip(speakers(params, saved), rows))


def robust(params: Params, preferred: dict[str, Path]) -> list[Speaker]:
    """Policies that respond to prompts in other words: the starts, and some that DPO has made."""
    names = [f"{DPO}-{base}-{data}" for base in SETS for data in ROBUST]
    asked = {f"{START}-{base}": outputs(params, "policy") / base for base in SETS}
    return speakers(params, asked | {name: preferred[name] for name in names}, REWORDED)


def _row(policy: str, method: str, base: str, data: str = "", rm: str = "", run: int = 1) -> dict:
    return dict(zip(POLICIES, (policy, method, base, data, rm, run)))


def dpo(params: Params) -> list[tuple[PreferencePolicy, dict]]:
    """Plain DPO, under the same settings on each set, of which it sees an equal share once."""
    cleaning, aligned = outputs(params, "cleaning"), params.aligned
    found = []
    for base, data in ((base, data) for base, sets in SETS.items() for data in sets):
        name, file = f"{DPO}-{base}-{data}", cleaning / f"{data}.parquet"
        size = aligned.dpo_batch_size
        batches = int(len(pairs.read(file)) * aligned.dpo_share) // size
        item = PreferencePolicy(
            name=name,
            policy=str(outputs(params, "policy") / base),
            pairs=str(file),
            tests=str(cleaning / "tests.parquet"),
            settings=PreferenceSettings(
                weighting="plain",
                beta=aligned.dpo_beta,
                resampled=max(batches, 1) * size,
                pairs_per_source=size,
                learning_rate=aligned.dpo_learning_rate,
                precision=params.model.precision,
            ),
            **_spoken(params),
        )
        found.append((item, _row(name, DPO, base, data=data)))
    return found


def pro(params: Params) -> list[tuple[RankedPolicy, dict]]:
    """PRO on the rankings of two reward models: the loss as printed, and that of its own paper."""
    aligned, models = params.aligned, outputs(params, "proxies")
    printed = RankingSettings(
        temperatures=False,
        sft_weight=0.0,
        epochs=aligned.pro_epochs,
        learning_rate=aligned.pro_learning_rate,
        batch_size=aligned.pro_batch_size,
        precision=params.model.precision,
    )
    full = replace(printed, temperatures=True, sft_weight=aligned.pro_sft_weight)
    found = []
    for rm in RANKING:
        for name, settings in ((f"{PRO}-{rm}", printed), (f"{PRO}-{rm}-{FULL}", full)):
            item = RankedPolicy(
                name=name,
                policy=str(outputs(params, "policy") / INITIAL),
                pairs=str(outputs(params, "cleaning") / f"{UNCLEANED}.parquet"),
                rankings=aligned.pro_rankings,
                rm=str(models / rm),
                rm_hash=content_hash(models / rm),
                settings=settings,
                **_spoken(params),
            )
            found.append((item, _row(name, PRO, INITIAL, rm=rm)))
    return found


def scorings(params: Params, names: tuple[str, ...], files: tuple[Path, ...]) -> list[Scoring]:
    """These reward models' scores of files of responses."""
    models = outputs(params, "proxies")
    return [
        Scoring(
            name=name,
            tokenizer=str(outputs(params, "data") / "tokenizer"),
            model=str(models / name),
            model_hash=content_hash(models / name),
            responses=tuple(map(str, files)),
            max_length=params.model.max_length,
        )
        for name in names
    ]


def norms(params: Params, said: Path) -> list[Scoring]:
    """Scores of what the first policy says, by all reward models that judge PPO on its way."""
    return scorings(params, (*EQUAL_SIZE, EVALUATOR), (said / RESPONSES,))


def judges(params: Params, said: Path, scored: list[Path]) -> tuple[Judge, ...]:
    """These reward models and the oracle, in sd of what the first policy says to judged prompts."""
    models = outputs(params, "proxies")
    found = []
    for path in scored:
        scores = np.load((path / RESPONSES).with_suffix(".npy")).astype(float)
        model = models / path.name
        found.append(Judge(path.name, str(model), content_hash(model), scores.mean(), scores.std()))
    told = pd.read_parquet(said / RESPONSES)
    true = oracle.utility(told["prompt"].map(last_request), told["response"])
    return (*found, Judge(ORACLE, None, None, true.mean(), true.std()))


def ppo(params: Params, judges: tuple[Judge, ...]) -> list[tuple[PPORun, dict]]:
    """PPO on reward models of equal size: runs in the main setting, and one without a penalty.

    The latter and the first main run are judged on the way, too. The k-th runs of all share a seed.
    """
    settings = main_settings(params)
    free = replace(settings, kl_coef=0.0, kl_budget=None)
    plain = PPORun(
        name="",
        data=str(outputs(params, "data")),
        prompts=str(folder(params) / ASKED),
        tests=str(folder(params) / JUDGED),
        policy=str(outputs(params, "policy") / INITIAL),
        rm="",
        judges=judges,
        setting=MAIN,
        number=1,
        category=None,
        points=params.ppo.points,
        point_samples=params.ppo.point_samples,
        final_samples=params.ppo.final_samples,
        settings=settings,
        seed=0,
    )
    kinds = [("1", 1, {}), (FREE, 1, {"setting": PENALTY, "settings": free})]
    kinds += [(str(k), k, {"points": 0}) for k in range(2, params.aligned.ppo_runs + 1)]
    found = []
    for kind, number, changes in kinds:
        for rm in EQUAL_SIZE:
            name, seed = f"{PPO}-{rm}-{kind}", seeds.number(f"aligned ppo {number}", params.seed)
            run = replace(plain, name=name, rm=rm, number=number, seed=seed, **changes)
            found.append((run, _row(name, PPO, INITIAL, rm=rm, run=number)))
    return found


def ladder(params: Params) -> list[Scoring]:
    """Every reward model's scores of what all policies said, and of the chosen responses."""
    return scorings(params, LADDER, (folder(params) / SAID, folder(params) / JUDGED))
