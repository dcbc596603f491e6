"""From the outputs of earlier stages to the inputs of the tables of evidence.

In: parameters and ``outputs/<scale>/``. Out: arrays and frames with reward models in one order.
Called by the `evidence` stage.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.data.transcripts import last_request
from proxyreward.findings.core import wordcounts
from proxyreward.findings.rethinking.regret import Optimised, Pool, standardised
from proxyreward.findings.rethinking.truth import measure as truth
from proxyreward.metrics.agreement import pool_accuracy
from proxyreward.models.build import load_reward_model
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.pipeline.finished import read_items
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.reward_families import families, label, members
from proxyreward.pipeline.stage import outputs
from proxyreward.policy.ppo_runs import Finished, PPORun, read
from proxyreward.reward.score import distinct_rows, score_asked
from proxyreward.reward.scorings import PAIRS
from proxyreward.vocabulary import ACROSS, APART, INITIAL, MAIN, ORACLE, SECOND
from proxyreward.world import oracle


def rms_table(params: Params) -> pd.DataFrame:
    """Reward models of every family: columns ``family, rm, label, flip_rate``."""
    rows = [
        (family, member.name, label(family, member), member.flip_rate)
        for family, listed in families(params).items()
        for member in listed
    ]
    return pd.DataFrame(rows, columns=["family", "rm", "label", "flip_rate"])


def bench_scores(params: Params, bench: pd.DataFrame) -> pd.DataFrame:
    """Scores of the labelled test pairs by every reward model, two rows a pair."""
    keys = {
        "pair_id": np.repeat(bench["pair_id"].to_numpy(), 2),
        "category": np.repeat([meta["category"] for meta in bench["meta"]], 2),
        "side": np.tile([0, 1], len(bench)),
    }
    scores = {}
    for member in members(params):
        frame = pd.read_parquet(outputs(params, "evaluation") / member.name / PAIRS)
        sides = frame.set_index("pair_id").loc[bench["pair_id"], ["chosen", "rejected"]]
        scores[member.name] = sides.to_numpy(dtype=np.float32).ravel()
    return pd.DataFrame(keys | scores)


def test_scores(params: Params) -> pd.DataFrame:
    """Scores of all answers to the accuracy prompts by the main family, texts left out."""
    folder = outputs(params, "scores")
    answers = pd.read_parquet(folder / "tests.parquet")
    keys = answers[["variant", "prompt_id", "source", "sample_id"]]
    names = _names(params, MAIN)
    return keys.assign(**{name: np.load(folder / name / "tests.npy") for name in names})


def main_pool(params: Params) -> Pool:
    """The main family's standardised scores of the initial policy's pool."""
    return _pool(params, MAIN, INITIAL)


def every_pool(params: Params) -> list[Pool]:
    """The main family's pools of both policies, then the other families' of the initial one."""
    others = [family for family in families(params) if family != MAIN]
    return [
        main_pool(params),
        _pool(params, MAIN, SECOND),
        *(_pool(params, family, INITIAL) for family in others),
    ]


def judged_pool(params: Params) -> Pool:
    """The pool of :func:`main_pool`, behind it the family trained apart, and the oracle last."""
    pool = _pool(params, MAIN, INITIAL, *_names(params, APART), ORACLE)
    return dataclasses.replace(pool, family=ACROSS)


def own_accuracy(pool: Pool, samples: int) -> pd.DataFrame:
    """The table `own` of `Evidence` from the first samples of each prompt, all pairs of them."""
    found = pool_accuracy(pool.scores[:, :, :samples])
    golden, proxy = (np.asarray(pool.names)[place.ravel()] for place in np.indices(found.shape))
    return pd.DataFrame({"golden": golden, "proxy": proxy, "accuracy": found.ravel()})


def true_worth(
    params: Params, judged: Pool, ns: Sequence[int], runs: Sequence[Optimised]
) -> dict[str, pd.DataFrame]:
    """The tables of `truth` from the pool of :func:`judged_pool`, n of best-of-n and PPO runs."""
    apart = len(_names(params, APART))
    return {
        "worth": truth.worth(judged, ns, runs, apart, _told_apart(params)),
        "errors": truth.errors(judged),
        "texts": _told_texts(params),
    }


def _told_apart(params: Params) -> dict[str, float]:
    """What the family trained apart thinks of the policies of PPO, by the run's name.

    Mean reward, in sd of the initial policy, of the text that each run on all prompts keeps for
    each of them, mean over the family.
    """
    runs = [run for run in _runs(params) if run.run.category is None]
    prompts = pd.read_parquet(outputs(params, "data") / "prompts.parquet")["prompt"].tolist()
    tokenizer = load_tokenizer(outputs(params, "data") / "tokenizer")
    said = [text for run in runs for text in run.texts]
    asked = distinct_rows(tokenizer, prompts * len(runs), said, params.model.max_length)
    rewards = []
    for name in _names(params, APART):
        pool = _plane(params, name, MAIN, INITIAL).astype(float)
        scores = score_asked(load_reward_model(outputs(params, "reward_models") / name), asked)
        rewards.append((scores.reshape(len(runs), -1).mean(axis=1) - pool.mean()) / pool.std())
    means = np.mean(rewards, axis=0).tolist()
    return dict(zip([run.run.name for run in runs], means, strict=True))


def against_word_counts(params: Params, bench: pd.DataFrame) -> dict[str, float]:
    """Accuracy by the oracle's labels.

    Of the reward model with the fewest flipped labels and of a linear model on word counts, which
    learnt from the same training pairs, and their difference.
    """
    first = families(params)[MAIN][0]
    frame = pd.read_parquet(outputs(params, "evaluation") / first.name / PAIRS)
    training = pairs.read(Path(first.pairs))
    clean = (frame["chosen"] > frame["rejected"]).mean()
    counts = (wordcounts.margins(training, bench) > 0).mean()
    rows = {"reward model": clean, "word counts": counts}
    return rows | {"reward model minus word counts": clean - counts}


def _told_texts(params: Params) -> pd.DataFrame:
    """What policies say before and after, see :func:`truth.examples`, and its oracle utility."""
    folder = outputs(params, "scores")
    prompts = pd.read_parquet(outputs(params, "data") / "prompts.parquet")
    said = pd.read_parquet(folder / f"{INITIAL}.parquet")["response"].to_numpy()
    proxy = families(params)[MAIN][0].name
    told = truth.examples(
        prompts["prompt"].map(last_request).tolist(),
        said.reshape(len(prompts), -1),
        _plane(params, proxy, MAIN, INITIAL),
        {
            (done.run.setting, done.run.settings.kl_coef): done.texts
            for done in _runs(params)
            if (done.run.rm, done.run.number, done.run.category) == (proxy, 1, None)
        },
    )
    return told.assign(utility=oracle.utility(told["prompt"], told["response"]))


def _pool(params: Params, family: str, policy: str, *beside: str) -> Pool:
    names = [*_names(params, family), *beside]
    planes = [_plane(params, name, family, policy) for name in names]
    # The model that all families share has scored more samples than the others.
    fewest = min(plane.shape[1] for plane in planes)
    pool = np.stack([plane[:, :fewest] for plane in planes])
    return Pool(standardised(pool, names), names, family, policy)


def _plane(params: Params, name: str, family: str, policy: str) -> np.ndarray:
    """A model's scores of a pool, shape ``(prompts, samples)``."""
    folder = outputs(params, "scores") / name
    side = folder / "side.npy"
    path = side if family != MAIN and side.exists() else folder / f"{policy}.npy"
    return np.load(path).reshape(params.world.pool_prompts, -1)


def finished_runs(params: Params) -> list[Optimised]:
    """Every PPO run with its evaluations, the oracle among the judges."""
    return [_optimised(done) for done in _runs(params)]


def _runs(params: Params) -> list[Finished]:
    items = read_items(outputs(params, "ppo"), PPORun)
    return read(items.values(), items)


def _names(params: Params, family: str) -> list[str]:
    return [member.name for member in families(params)[family]]


def _optimised(done: Finished) -> Optimised:
    """A run at its planned evaluations; one that has ended before counts with its end."""
    run, ends, due = done.run, done.points["step"].to_numpy(), done.run.due()
    at = np.searchsorted(ends, due, side="right") - 1
    return Optimised(
        name=run.name,
        rm=run.rm,
        judges=[judge.name for judge in run.judges],
        setting=run.setting,
        number=run.number,
        kl_coef=run.settings.kl_coef,
        category=run.category,
        status=done.status,
        message=done.message,
        end=int(ends[-1]),
        steps=due,
        kl_nats=done.points["kl_nats"].to_numpy()[at],
        entropy=float(done.points["entropy"].iloc[-1]),
        values=done.values[at].astype(float),
    )
