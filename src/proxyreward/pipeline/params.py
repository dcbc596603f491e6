"""Typed parameters of the pipeline: what `params.yaml` may say.

In: `params.yaml` (read by every stage through `load`) and `params/` (Hydra-composed by `compose`).
Out: one frozen `Params`, or a `ConfigError` naming file, key, nearest known key and remedy.
Defaults live in `params/config.yaml` and `params/scale/` only, never here.
"""

import dataclasses
import re
from pathlib import Path
from typing import Any, Literal

import yaml

from proxyreward.pipeline.typed import ConfigError, RuleBroken, build, knob, leaves, unknown

CONFIG_DIR = "params"
HEADER = "# Composed from params/ by `proxyreward params`; stages read this file.\n"

_POSITIVE = (lambda value: value > 0, "must be greater than 0")
_NOT_NEGATIVE = (lambda value: value >= 0, "must be 0 or more")
_AT_LEAST_TWO = (lambda value: value >= 2, "must be 2 or more")
_SHARE = (lambda value: 0 <= value < 1, "must lie in [0, 1)")
_FLIPS = (
    lambda rates: (
        bool(rates) and all(0 <= rate < 0.5 for rate in rates) and list(rates) == sorted(set(rates))
    ),
    "must be a rising list of rates in [0, 0.5)",
)
_UNIT = (lambda value: 0 <= value <= 1, "must lie in [0, 1]")
_RISING = (
    lambda values: all(v > 0 for v in values) and list(values) == sorted(set(values)),
    "must be a rising list of numbers greater than 0",
)


def _is_shape(text: str) -> bool:
    found = re.fullmatch(r"(\d+)x(\d+)x(\d+)", text)
    width, layers, heads = map(int, found.groups()) if found else (0, 0, 0)
    return bool(width and layers and heads) and width % (2 * heads) == 0


def is_size(base: str) -> bool:
    """Whether a base is a size to build from scratch, rather than a pretrained model's name."""
    return re.fullmatch(r"\d+x\d+x\d+", base) is not None


def _is_base(text: str) -> bool:
    return bool(text.strip()) and (_is_shape(text) or not is_size(text))


_SHAPE = (
    _is_shape,
    "must be width x layers x heads, such as 64x2x4, with a width that is a multiple of 2 x heads",
)
_SHAPES = (
    lambda texts: all(map(_is_shape, texts)) and len(set(texts)) == len(texts),
    f"must list different shapes; each {_SHAPE[1]}",
)
_BASES = (
    lambda names: bool(names) and len(set(names)) == len(names) and all(map(_is_base, names)),
    "must list different bases, the smallest first; each the name of a pretrained model, or "
    "width x layers x heads such as 64x2x4, with a width that is a multiple of 2 x heads",
)
_FOLDS = (lambda folds: folds == 0 or folds >= 2, "must be 0 (no folds) or 2 or more")
_NAME = (
    lambda name: re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) is not None,
    "must be lower-case letters, digits and dashes (it names a folder)",
)


@dataclasses.dataclass(frozen=True)
class Data:
    source: Literal["world", "local", "hub"] = knob("where preference pairs come from")
    name: str | None = knob("folder (local) or data-set name (hub)")
    subset: str | None = knob("subset of the data set, such as harmless-base")
    split: str = knob("split to read, such as train or test")
    max_records: int | None = knob("keep at most so many records; null keeps all", _POSITIVE)


@dataclasses.dataclass(frozen=True)
class World:
    demonstrations: int = knob("prompt-response pairs the initial policy learns from", _POSITIVE)
    pairs: int = knob("preference pairs before the training set is made from them", _POSITIVE)
    max_words: int = knob("longest pair of the training set, in words", _POSITIVE)
    validation_share: float = knob("share of the pairs that is held out", _SHARE)
    bench_prompts: int = knob("labelled test pairs, each with a prompt of its own", _POSITIVE)
    test_prompts: int = knob("first prompts of these: the accuracy prompts", _POSITIVE)
    pool_prompts: int = knob("first prompts of these: where policies are optimised", _POSITIVE)
    responses_per_source: int = knob(
        "responses of each writer and of the policy to an accuracy prompt", _AT_LEAST_TWO
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
    vocab_size: int = knob("tokens in the vocabulary, special tokens included", _POSITIVE)


@dataclasses.dataclass(frozen=True)
class Model:
    base: str = knob("'scratch', or the name of a pretrained model")
    hidden_size: int = knob("width of the residual stream", _POSITIVE)
    layers: int = knob("transformer blocks", _POSITIVE)
    heads: int = knob("attention heads", _POSITIVE)
    max_length: int = knob("longest prompt and response together, in tokens", _POSITIVE)
    precision: Literal["fp32", "bf16-mixed"] = knob(
        "of training: fp32, or bf16-mixed, which computes in bfloat16 under autocast where a GPU "
        "supports it; weights and scores are fp32 in both"
    )

    def __post_init__(self) -> None:
        if self.hidden_size % (2 * self.heads):
            # Rotary embeddings rotate halves of a head, so a head's width must be even.
            raise RuleBroken("hidden_size", f"must be a multiple of 2 x heads ({2 * self.heads})")


@dataclasses.dataclass(frozen=True)
class Policy:
    epochs: int = knob("passes over the demonstrations", _POSITIVE)
    learning_rate: float = knob("peak learning rate", _POSITIVE)
    batch_size: int = knob("demonstrations per step", _POSITIVE)
    second: str = knob("another policy to optimise, as width x layers x heads", _SHAPE)


@dataclasses.dataclass(frozen=True)
class Reward:
    flip_rates: tuple[float, ...] = knob(
        "share of flipped labels, one reward model for each", _FLIPS
    )
    folds: int = knob("cross-validation folds; 0 trains on all pairs", _FOLDS)
    epochs: int = knob("passes over the pairs", _POSITIVE)
    learning_rate: float = knob("peak learning rate", _POSITIVE)
    batch_size: int = knob("pairs per step", _POSITIVE)
    warmup_ratio: float = knob("share of the steps that warm up", _SHARE)
    l2: float = knob("coefficient of r_w^2 + r_l^2 in the loss", _NOT_NEGATIVE)
    architectures: tuple[str, ...] = knob(
        "a family of reward models of other sizes, each width x layers x heads", _SHAPES
    )
    parts: int = knob(
        "a family of reward models on the first 1, 2, … of so many parts of the pairs; 0 for none",
        _NOT_NEGATIVE,
    )


@dataclasses.dataclass(frozen=True)
class Origin:
    source: str = knob("name of the preference source", _NAME)
    format: str = knob("published format, such as hh, oasst, webgpt or summarize")
    place: Literal["local", "hub"] = knob("where it is")
    name: str = knob("file or folder (local) or data-set name (hub)")
    subset: str | None = knob("subset of the data set; null where it has none")
    split: str = knob("split to read, such as train or test")


@dataclasses.dataclass(frozen=True)
class Mixes:
    origins: tuple[Origin, ...] = knob("real sources in the order of adding; [] takes the world's")
    bases: tuple[str, ...] = knob("sizes or pretrained models, the smallest first", _BASES)
    seeds: int = knob("reward models of each kind, differing in their seed", _POSITIVE)
    folds: int = knob("cross-validation folds; 0 tests on pairs of their own", _FOLDS)
    resampled: int = knob("training pairs of each source after resampling", _POSITIVE)
    pairs_per_source: int = knob("pairs of each source in a batch", _POSITIVE)
    learning_rate: float = knob("peak learning rate", _POSITIVE)
    warmup_ratio: float = knob("share of the steps that warm up", _SHARE)
    side: bool = knob("train the controls beside the schemes: fewer sources, other orders, …")
    orders: int = knob(
        "orders of adding sources beside the paper's, each turned round by one place more",
        _NOT_NEGATIVE,
    )
    test_pairs: int = knob("test pairs of each source of the world", _AT_LEAST_TWO)
    quality: float = knob("of the world's annotators, in logits per unit of utility", _POSITIVE)

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


@dataclasses.dataclass(frozen=True)
class Rejection:
    prompts: int = knob("training prompts of helpful and of harmless, each", _POSITIVE)
    samples: int = knob("responses to each, of which the best is learnt", _AT_LEAST_TWO)
    epochs: float = knob("passes over the best responses", _POSITIVE)
    learning_rate: float = knob("peak learning rate of the fine-tuning", _POSITIVE)
    batch_size: int = knob("responses per step", _POSITIVE)
    test_prompts: int = knob("judged prompts of helpful and of harmless, each", _POSITIVE)
    dpo_pairs: int = knob("pairs of each source for DPO", _POSITIVE)
    dpo_beta: float = knob("beta of DPO", _POSITIVE)
    dpo_learning_rate: float = knob("peak learning rate of DPO", _POSITIVE)


@dataclasses.dataclass(frozen=True)
class Samples:
    per_prompt: int = knob(
        "responses drawn for each prompt: the largest n of best-of-n", _AT_LEAST_TWO
    )
    temperature: float = knob("sampling temperature", _POSITIVE)
    max_new_tokens: int = knob("longest response, in tokens", _POSITIVE)
    side_per_prompt: int = knob(
        "as per_prompt, for the second policy and the other families of reward models",
        _AT_LEAST_TWO,
    )
    prompts_per_item: int = knob("prompts sampled as one resumable item", _POSITIVE)

    def __post_init__(self) -> None:
        if self.side_per_prompt > self.per_prompt:
            raise RuleBroken("side_per_prompt", f"must not exceed per_prompt ({self.per_prompt})")


@dataclasses.dataclass(frozen=True)
class PPO:
    steps: int = knob("rollouts, each followed by an update", _POSITIVE)
    prompts_per_step: int = knob("prompts of a rollout", _POSITIVE)
    samples_per_prompt: int = knob("responses to each of them", _POSITIVE)
    epochs: int = knob("passes over a rollout", _POSITIVE)
    minibatches: int = knob("parts into which a pass cuts the rollout", _POSITIVE)
    actor_learning_rate: float = knob("of the policy", _POSITIVE)
    critic_learning_rate: float = knob("of the critic", _POSITIVE)
    warmup_steps: int = knob("steps over which both rise from 0", _NOT_NEGATIVE)
    gamma: float = knob("discount", _UNIT)
    lam: float = knob("decay of generalised advantage estimation", _UNIT)
    clip: float = knob("clip range of the probability ratios", _POSITIVE)
    value_clip: float = knob("clip range of the values", _POSITIVE)
    missing_eos_penalty: float = knob("taken from a response that did not end", _NOT_NEGATIVE)
    max_grad_norm: float = knob("gradients longer than this are shortened", _POSITIVE)
    lowest_entropy: float = knob("a policy below it, in nats a token, has collapsed", _NOT_NEGATIVE)
    penalties: tuple[float, ...] = knob("KL coefficients beside 0, on some reward models", _RISING)
    side_rms: int = knob(
        "reward models of the runs with a penalty and of the runs on one category", _NOT_NEGATIVE
    )
    category_prompts_per_step: int = knob("prompts of a rollout on one category", _POSITIVE)
    points: int = knob("times that a main run is evaluated before its end", _NOT_NEGATIVE)
    point_samples: int = knob("responses to each prompt at these", _POSITIVE)
    final_samples: int = knob("responses to each prompt at the end of a main run", _POSITIVE)
    side_final_samples: int = knob("the same for the other runs", _POSITIVE)

    def __post_init__(self) -> None:
        for key in ("prompts_per_step", "category_prompts_per_step"):
            if getattr(self, key) * self.samples_per_prompt < self.minibatches:
                raise RuleBroken(key, f"leaves a minibatch of {self.minibatches} without a row")


@dataclasses.dataclass(frozen=True)
class Findings:
    resamples: int = knob("bootstrap resamples of the golden reward models", _POSITIVE)
    draws: int = knob("repeated draws of a test set", _AT_LEAST_TWO)
    rank_bins: int = knob("bins of the golden order", _AT_LEAST_TWO)
    annotation_quality: float = knob(
        "Bradley-Terry annotation: chance of the better response per sd of golden reward, as a "
        "logit",
        _POSITIVE,
    )


@dataclasses.dataclass(frozen=True)
class Runner:
    backend: str = knob("joblib backend of the family runner, such as loky or dask")
    workers: int | None = knob("parallel workers; null takes one per core", _POSITIVE)


@dataclasses.dataclass(frozen=True)
class Params:
    """Everything `params.yaml` says; one nested dataclass per part of the pipeline."""

    scale: str = knob("name of the scale: the folder under outputs/ and results/", _NAME)
    worlds: tuple[str, ...] = knob("[scale] where the embedded world's stages run, else []")
    flipped: tuple[str, ...] = knob("[scale] where one source with flipped labels is used, else []")
    mixed: tuple[str, ...] = knob("[scale] where several sources are mixed, else []")
    seed: int = knob("root of every random generator", _NOT_NEGATIVE)
    data: Data  # preference data
    world: World  # sizes of the embedded world
    tokenizer: Tokenizer  # tokenizer
    model: Model  # size of every model
    policy: Policy  # initial policy
    reward: Reward  # family of reward models
    mixes: Mixes  # reward models on several sources
    rejection: Rejection  # policies aligned with these
    samples: Samples  # pool of responses
    ppo: PPO  # policies optimised by PPO
    findings: Findings  # how findings draw and resample
    runner: Runner  # how items run in parallel; results do not depend on it

    def __post_init__(self) -> None:
        world = self.data.source == "world"
        if not world and self.data.name is None and not self.mixes.origins:
            raise RuleBroken("data.name", f"must be given when data.source is {self.data.source}")
        for key, runs, why in (
            ("worlds", world, f"data.source is {self.data.source}"),
            ("flipped", world or self.data.name is not None, f"data.name is {self.data.name}"),
            ("mixed", world or bool(self.mixes.origins), f"mixes.origins is {self.mixes.origins}"),
        ):
            expected = (self.scale,) if runs else ()
            if getattr(self, key) != expected:
                raise RuleBroken(key, f"must be {list(expected)} where {why}")
        if self.samples.max_new_tokens >= self.model.max_length:
            raise RuleBroken(
                "samples.max_new_tokens",
                "must be less than model.max_length "
                f"({self.model.max_length}), which also holds the prompt",
            )


def load(path: str | Path = "params.yaml") -> Params:
    """Read and check `params.yaml`.

    Raises
    ------
    ConfigError
        If the file is missing, is no YAML, or holds a key that is unknown, missing or wrong.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file. Remedy: run `proxyreward params scale=tiny` "
            "in the project's root"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{path}: not readable as YAML ({error}). Remedy: mend the line it names"
        ) from None
    return build(Params, values, str(path))


def compose(overrides: list[str], config_dir: str | Path = CONFIG_DIR) -> dict[str, Any]:
    """Compose `params/` with Hydra as ``dvc exp run -S`` does, and check the outcome.

    Parameters
    ----------
    overrides : words ``key=value``; ``scale=<name>`` picks ``params/scale/<name>.yaml``.
    config_dir : folder that holds ``config.yaml``.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf

    folder = Path(config_dir).resolve()
    _check_words(overrides, folder)
    try:
        with initialize_config_dir(str(folder), version_base=None):
            composed = hydra_compose(config_name="config", overrides=overrides)
    except HydraException as error:
        raise ConfigError(
            f"{config_dir}: {' '.join(str(error).split())}. Remedy: mend the word or file it names"
        ) from None
    values = OmegaConf.to_container(composed, resolve=True)
    build(Params, values, f"{config_dir}/ with {' '.join(overrides) or 'no overrides'}")
    return values


def is_composed(path: str | Path = "params.yaml", config_dir: str | Path = CONFIG_DIR) -> bool:
    """Whether `path` says what its scale says, with no value of its own; False if unreadable."""
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return values == compose([f"scale={values['scale']}"], config_dir)
    except (OSError, yaml.YAMLError, TypeError, KeyError, ConfigError):
        return False


def write(values: dict[str, Any], path: str | Path = "params.yaml") -> None:
    """Write composed `values` to `path`: fixed key order, one header line."""
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=False)
    Path(path).write_text(HEADER + text, encoding="utf-8")


def known_keys() -> list[str]:
    """Return every dotted key that `params.yaml` may hold, in order."""
    return [
        f"{field.name}.{inner.name}" if dataclasses.is_dataclass(field.type) else field.name
        for field in dataclasses.fields(Params)
        for inner in (
            dataclasses.fields(field.type) if dataclasses.is_dataclass(field.type) else [field]
        )
    ]


def origins(
    path: str | Path = "params.yaml", config_dir: str | Path = CONFIG_DIR
) -> list[tuple[str, Any, str]]:
    """Return ``(key, value, file it comes from)`` for every value of `path`."""
    params = load(path)
    scale_file = Path(config_dir) / "scale" / f"{params.scale}.yaml"
    own = yaml.safe_load(scale_file.read_text(encoding="utf-8")) if scale_file.exists() else {}
    composed = dict(leaves(build(Params, compose([f"scale={params.scale}"], config_dir), "params")))
    rows = []
    for key, value in leaves(params):
        part, _, name = key.partition(".")
        from_scale = name in own.get(part, {}) if name else part in own
        home = scale_file if from_scale else Path(config_dir) / "config.yaml"
        rows.append((key, value, str(home if composed[key] == value else path)))
    return rows


def _check_words(overrides: list[str], folder: Path) -> None:
    """Refuse what Hydra's grammar would take but a stage could not: unknown keys, additions."""
    scales = sorted(file.stem for file in (folder / "scale").glob("*.yaml"))
    for word in overrides:
        key, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(
                f"command line: {word!r} is not of the form key=value. "
                "Remedy: write it as, say, scale=tiny"
            )
        if key not in known_keys():
            raise unknown("command line", key, known_keys())
        if key == "scale" and value not in scales:
            raise ConfigError(
                f"command line: no scale {value!r} in {folder.name}/scale/. "
                f"Remedy: choose one of {', '.join(scales)}"
            )
