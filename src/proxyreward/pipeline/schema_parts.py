"""The parts of the parameters: a typed, frozen dataclass for each, with its ranges.

In: values of the right type.  Out: instances, or `RuleBroken` where two values of a part do not go
together.  Defaults live in `params/config.yaml` and `params/scale/` only, never here.
"""

import dataclasses
from typing import Literal

from proxyreward.pipeline.rules import (
    AMOUNT,
    AMOUNT_OR_NONE,
    AT_LEAST_TWO,
    BASE,
    BASES,
    CONFLICTS,
    COUNT,
    COUNT_OR_NONE,
    FEW,
    FEW_OR_NONE,
    FLIPS,
    FOLDS,
    NAME,
    ORIGINS,
    PENALTIES,
    RATE,
    SHAPE,
    SHAPES,
    SHARE,
    TEXT,
    UNIT,
    VOCABULARY,
    WIDTH,
    WORKERS,
    above_zero,
    within,
)
from proxyreward.pipeline.typed import RuleBroken, knob


@dataclasses.dataclass(frozen=True)
class Data:
    source: Literal["world", "local", "hub"] = knob("where preference pairs come from")
    name: str | None = knob("folder (local) or data-set name (hub)", TEXT)
    subset: str | None = knob("subset of the data set, such as harmless-base", TEXT)
    split: Literal["train", "test"] = knob("split to read")
    max_records: int | None = knob("keep at most so many records; null keeps all", within(1, 10**9))


@dataclasses.dataclass(frozen=True)
class World:
    demonstrations: int = knob("prompt-response pairs the initial policy learns from", COUNT)
    pairs: int = knob("preference pairs before the training set is made from them", COUNT)
    pairs_apart: int = knob(
        "pairs drawn apart from these, for the family of reward models that learns from no other",
        COUNT,
    )
    max_words: int = knob("longest pair of the training set, in words", COUNT)
    validation_share: float = knob("share of the pairs that is held out", SHARE)
    bench_prompts: int = knob("labelled test pairs, each with a prompt of its own", COUNT)
    test_prompts: int = knob("first prompts of these: the accuracy prompts", COUNT)
    pool_prompts: int = knob("first prompts of these: where policies are optimised", COUNT)
    responses_per_source: int = knob(
        "responses of each writer and of the policy to an accuracy prompt", AT_LEAST_TWO
    )

    def __post_init__(self) -> None:
        if not self.pool_prompts <= self.test_prompts <= self.bench_prompts:
            raise RuleBroken(
                "test_prompts",
                f"must lie between pool_prompts ({self.pool_prompts}) and "
                f"bench_prompts ({self.bench_prompts})",
            )


@dataclasses.dataclass(frozen=True)
class Tokenizer:
    vocab_size: int = knob("tokens in the vocabulary, special tokens included", VOCABULARY)


@dataclasses.dataclass(frozen=True)
class Model:
    base: str = knob("'scratch', or the name or folder of a pretrained model", BASE)
    hidden_size: int = knob("width of the residual stream", WIDTH)
    layers: int = knob("transformer blocks", FEW)
    heads: int = knob("attention heads", FEW)
    max_length: int = knob("longest prompt and response together, in tokens", COUNT)
    precision: Literal["fp32", "bf16-mixed"] = knob(
        "of training: fp32, or bf16-mixed, which computes in bfloat16 under autocast and needs a "
        "GPU for it; weights and scores are fp32 in both"
    )

    def __post_init__(self) -> None:
        if self.hidden_size % (2 * self.heads):
            # Rotary embeddings rotate halves of a head, so a head's width must be even.
            raise RuleBroken("hidden_size", f"must be a multiple of 2 x heads ({2 * self.heads})")


@dataclasses.dataclass(frozen=True)
class Policy:
    epochs: int = knob("passes over the demonstrations", FEW)
    learning_rate: float = knob("peak learning rate", RATE)
    batch_size: int = knob("demonstrations per step", COUNT)
    second: str = knob("another policy to optimise, as width x layers x heads", SHAPE)


@dataclasses.dataclass(frozen=True)
class Reward:
    flip_rates: tuple[float, ...] = knob("shares of flipped labels, a reward model each", FLIPS)
    folds: int = knob("cross-validation folds; 0 trains on all pairs", FOLDS)
    epochs: int = knob("passes over the pairs", FEW)
    learning_rate: float = knob("peak learning rate", RATE)
    batch_size: int = knob("pairs per step", COUNT)
    warmup_ratio: float = knob("share of the steps that warm up", SHARE)
    l2: float = knob("coefficient of r_w^2 + r_l^2 in the loss", AMOUNT_OR_NONE)
    architectures: tuple[str, ...] = knob(
        "a family of reward models of other sizes, each width x layers x heads", SHAPES
    )
    apart_flip_rates: tuple[float, ...] = knob(
        "in the world, shares of flipped labels of a family that learns from pairs of its own",
        FLIPS,
    )
    apart_shape: str = knob("its width x layers x heads", SHAPE)
    parts: int = knob(
        "a family of reward models on the first 1, 2, … of so many parts of the pairs; 0 for none",
        FEW_OR_NONE,
    )


@dataclasses.dataclass(frozen=True)
class Origin:
    source: str = knob("name of the preference source", NAME)
    format: Literal["dsp", "hh", "oasst", "pandalm", "squality", "summarize", "webgpt"] = knob(
        "published format"
    )
    place: Literal["local", "hub"] = knob("where it is")
    name: str = knob("file or folder (local) or data-set name (hub)", TEXT)
    subset: str | None = knob("subset of the data set; null where it has none", TEXT)
    split: Literal["train", "test"] = knob("split to read")


@dataclasses.dataclass(frozen=True)
class Mixes:
    origins: tuple[Origin, ...] = knob(
        "real sources in the order of adding; [] takes the world's", ORIGINS
    )
    bases: tuple[str, ...] = knob("sizes or pretrained models, the smallest first", BASES)
    seeds: int = knob("reward models of each kind, differing in their seed", FEW)
    folds: int = knob("cross-validation folds; 0 tests on pairs of their own", FOLDS)
    resampled: int = knob("training pairs of each source after resampling", COUNT)
    pairs_per_source: int = knob("pairs of each source in a batch", COUNT)
    epochs: int = knob("passes over the resampled pairs", FEW)
    learning_rate: float = knob("peak learning rate", RATE)
    warmup_ratio: float = knob("share of the steps that warm up", SHARE)
    side: bool = knob("train the controls beside the schemes: fewer sources, other orders, …")
    orders: int = knob(
        "orders of adding sources beside the paper's, each turned round by one place more",
        FEW_OR_NONE,
    )
    test_pairs: int = knob("test pairs of each source of the world", AT_LEAST_TWO)
    quality: float = knob("of the world's annotators, in logits per unit of utility", AMOUNT)
    conflicts: tuple[float, ...] = knob(
        "degrees below 1 to which the world's sources differ; MultiTask and MORE are trained at "
        "each, on the smallest base",
        CONFLICTS,
    )

    def __post_init__(self) -> None:
        if self.resampled % self.pairs_per_source:
            raise RuleBroken(
                "resampled", f"must be a multiple of pairs_per_source ({self.pairs_per_source})"
            )
        names = [origin.source for origin in self.origins]
        if len(set(names)) < len(names) or len(names) == 1:
            raise RuleBroken("origins", "must list two sources or more, each with its own name")
        if self.orders > max(len(self.origins) or 5, 3) - 3:
            raise RuleBroken("orders", "must be less than the number of sources after the second")
        if bool(self.origins) != bool(self.folds):
            raise RuleBroken(
                "folds", "must be 2 or more for real sources, and 0 for those of the world"
            )
        if self.origins and self.conflicts:
            raise RuleBroken("conflicts", "must be [] for real sources, which differ as they do")


@dataclasses.dataclass(frozen=True)
class Rejection:
    prompts: int = knob("training prompts of helpful and of harmless, each", COUNT)
    samples: int = knob("responses to each, of which the best is learnt", AT_LEAST_TWO)
    temperature: float = knob("sampling temperature, also of what is judged", AMOUNT)
    rounds: int = knob("times that responses are drawn and the best are learnt", FEW)
    epochs: float = knob("passes over the best responses of all rounds so far", above_zero(1000))
    learning_rate: float = knob("peak learning rate of the fine-tuning", RATE)
    batch_size: int = knob("responses per step", COUNT)
    test_prompts: int = knob("judged prompts of helpful and of harmless, each", COUNT)
    test_samples: int = knob("judged responses to each", COUNT)
    test_pairs: int = knob("test pairs of each source whose likelihood is measured", COUNT)
    dpo_pairs: int = knob("pairs of each source for DPO", COUNT)
    dpo_beta: float = knob("beta of DPO", AMOUNT)
    dpo_learning_rate: float = knob("peak learning rate of DPO", RATE)


@dataclasses.dataclass(frozen=True)
class Samples:
    per_prompt: int = knob(
        "responses drawn for each prompt: the largest n of best-of-n", AT_LEAST_TWO
    )
    temperature: float = knob("sampling temperature", AMOUNT)
    max_new_tokens: int = knob("longest response, in tokens", COUNT)
    side_per_prompt: int = knob(
        "as per_prompt, for the second policy and the other families of reward models",
        AT_LEAST_TWO,
    )
    prompts_per_item: int = knob("prompts sampled as one resumable item", COUNT)

    def __post_init__(self) -> None:
        if self.side_per_prompt > self.per_prompt:
            raise RuleBroken("side_per_prompt", f"must not exceed per_prompt ({self.per_prompt})")


@dataclasses.dataclass(frozen=True)
class PPO:
    steps: int = knob("rollouts, each followed by an update", COUNT)
    prompts_per_step: int = knob("prompts of a rollout", COUNT)
    samples_per_prompt: int = knob("responses to each of them", COUNT)
    epochs: int = knob("passes over a rollout", FEW)
    minibatches: int = knob("parts into which a pass cuts the rollout", COUNT)
    actor_learning_rate: float = knob("of the policy", RATE)
    critic_learning_rate: float = knob("of the critic", RATE)
    warmup_steps: int = knob("steps over which both rise from 0", COUNT_OR_NONE)
    gamma: float = knob("discount", UNIT)
    lam: float = knob("decay of generalised advantage estimation", UNIT)
    clip: float = knob("clip range of the probability ratios", AMOUNT)
    value_clip: float = knob("clip range of the values", AMOUNT)
    missing_eos_penalty: float = knob("taken from a response that did not end", AMOUNT_OR_NONE)
    max_grad_norm: float = knob("gradients longer than this are shortened", AMOUNT)
    lowest_entropy: float = knob("in nats a token; a policy below it has collapsed", AMOUNT_OR_NONE)
    kl_coef: float = knob("KL coefficient of the main runs", AMOUNT_OR_NONE)
    kl_budget: float | None = knob(
        "a main run ends where its policy is so many nats from the start; null for no such end",
        AMOUNT,
    )
    runs: int = knob("main runs on each reward model, with seeds of their own", FEW)
    penalties: tuple[float, ...] = knob(
        "other KL coefficients, a run on each reward model", PENALTIES
    )
    side_rms: int = knob("reward models of the runs on one category", COUNT_OR_NONE)
    category_prompts_per_step: int = knob("prompts of a rollout on one category", COUNT)
    points: int = knob(
        "times that a main run, or one without a penalty, is evaluated on its way", COUNT_OR_NONE
    )
    point_samples: int = knob("responses to each prompt at these", COUNT)
    final_samples: int = knob("responses to each prompt at the end", COUNT)

    def __post_init__(self) -> None:
        for key in ("prompts_per_step", "category_prompts_per_step"):
            if getattr(self, key) * self.samples_per_prompt < self.minibatches:
                raise RuleBroken(key, f"leaves a minibatch of {self.minibatches} without a row")
        if self.kl_coef in self.penalties:
            raise RuleBroken("penalties", "must not hold kl_coef, which the main runs have")
        if 0 not in (self.kl_coef, *self.penalties):
            raise RuleBroken("penalties", "must hold 0, what comes of no penalty, or kl_coef be 0")


@dataclasses.dataclass(frozen=True)
class Cleaning:
    records: int = knob("records of the training set, before it is cleaned", COUNT)
    test_records: int = knob("records of each of the five test sets", COUNT)
    cost_records: int = knob("records of harmless-base, labelled by harmlessness alone", COUNT)
    further_records: int = knob(
        "records that are cleaned, too, for the reward model that evaluates", COUNT
    )
    quality: float = knob("of who labelled first, in logits per unit of utility", AMOUNT)
    conflict: float = knob(
        "degree to which the first label follows its subset's taste and not the oracle's", UNIT
    )


@dataclasses.dataclass(frozen=True)
class Proxies:
    small: str = knob("width x layers x heads of the small reward model and the poor one", SHAPE)
    middle: str = knob("of the middle one", SHAPE)
    evaluator: str = knob("of the one that evaluates; all others are of the model's size", SHAPE)
    probes: int = knob("pairs of each kind that show a pitfall", AT_LEAST_TWO)


@dataclasses.dataclass(frozen=True)
class Aligned:
    prompts: int = knob("judged prompts of each of three test sets", COUNT)
    samples: int = knob("judged responses to each", COUNT)
    dpo_share: float = knob(
        "share of each training set that DPO sees, all of it once", above_zero(1)
    )
    dpo_beta: float = knob("beta of DPO", AMOUNT)
    dpo_learning_rate: float = knob("peak learning rate of DPO", RATE)
    dpo_batch_size: int = knob("pairs per step of DPO", COUNT)
    ppo_runs: int = knob("main runs of PPO on each of four reward models", FEW)
    pro_rankings: int = knob("training pairs that a reward model ranks for PRO", COUNT)
    pro_epochs: int = knob("passes of PRO over them", FEW)
    pro_learning_rate: float = knob("peak learning rate of PRO", RATE)
    pro_batch_size: int = knob("rankings per step of PRO", COUNT)
    pro_sft_weight: float = knob(
        "of the best response's own loss, in the form that its own paper gives PRO", AMOUNT
    )


@dataclasses.dataclass(frozen=True)
class Committee:
    shapes: tuple[str, ...] = knob(
        "reward models, each width x layers x heads, that judge real pairs again beside a linear "
        "model on word counts; [] judges none",
        SHAPES,
    )
    tie: float = knob(
        "a margin smaller than so many sd of its reward model is a tie", AMOUNT_OR_NONE
    )


@dataclasses.dataclass(frozen=True)
class Tables:
    rewardmath: str | None = knob(
        "folder of RewardMATH's scores: scores.csv.gz and rewardbench-math.csv.gz; null for none",
        TEXT,
    )
    alpaca_eval: str | None = knob(
        "folder of AlpacaEval's outputs: responses.jsonl.xz and judges.npz; null for none", TEXT
    )

    def __post_init__(self) -> None:
        if (self.rewardmath is None) != (self.alpaca_eval is None):
            raise RuleBroken("alpaca_eval", "must be given if rewardmath is, and null if it is not")


@dataclasses.dataclass(frozen=True)
class Findings:
    draws: int = knob("repeated draws of a test set", AT_LEAST_TWO)
    rank_bins: int = knob("bins of the golden order", AT_LEAST_TWO)
    annotation_quality: float = knob(
        "Bradley-Terry annotation: chance of the better response per sd of golden reward, as a "
        "logit",
        AMOUNT,
    )


@dataclasses.dataclass(frozen=True)
class Runner:
    backend: Literal["loky", "dask"] = knob("loky: processes of this machine; dask: a cluster")
    workers: int | None = knob(
        "parallel workers; null takes one per GPU or core, or the whole cluster", WORKERS
    )
