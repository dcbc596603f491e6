"""All parameters together: the parts, what follows from them, and what must hold between them.

In: the parts.  Out: one frozen `Params`, or `RuleBroken` with the remedy.
"""

import dataclasses
import shlex
from collections.abc import Callable

from proxyreward.pipeline.rules import COUNT, NAME, SEED, is_size
from proxyreward.pipeline.schema_parts import (
    PPO,
    Aligned,
    Cleaning,
    Committee,
    Data,
    Findings,
    Mixes,
    Model,
    Policy,
    Proxies,
    Rejection,
    Reward,
    Runner,
    Samples,
    Tables,
    Tokenizer,
    World,
)
from proxyreward.pipeline.typed import RuleBroken, knob

__all__ = ["Data", "Mixes", "Model", "Params", "Tables", "Watched", "World", "is_size", "watched"]

NAMED_BY = {
    "libraries": "libraries",
    "data": "data.name",
    "base": "model.base",
    "mix": "mixes.bases",
    "rewardmath": "tables.rewardmath",
    "alpaca": "tables.alpaca_eval",
}
"""By the first word of what is watched: the parameter that names its path."""


@dataclasses.dataclass(frozen=True)
class Watched:
    """A file or folder outside the code whose content decides results."""

    name: str = knob("what it is: libraries, data, base, source-…, mix-base-… or a table")
    path: str = knob("where it is, from the project's root")

    @property
    def parameter(self) -> str:
        """The parameter that names the path; of the libraries, which have none, their own name."""
        kind, _, rest = self.name.partition("-")
        return of_source(rest) if kind == "source" else NAMED_BY[kind]


@dataclasses.dataclass(frozen=True)
class Params:
    """Everything `params.yaml` says; one nested dataclass per part of the pipeline."""

    scale: str = knob("name of the scale: the folder under outputs/ and results/", NAME)
    worlds: tuple[str, ...] = knob("[scale] where the embedded world's stages run, else []")
    flipped: tuple[str, ...] = knob("[scale] where one source with flipped labels is used, else []")
    mixed: tuple[str, ...] = knob("[scale] where several sources are mixed, else []")
    rejudged: tuple[str, ...] = knob("[scale] where real sources are judged again, else []")
    scored: tuple[str, ...] = knob("[scale] where published scores are studied, else []")
    watched: tuple[Watched, ...] = knob(
        "files outside the code that decide results; `proxyreward params key=value` writes them"
    )
    seed: int = knob("root of every random generator", SEED)
    replicates: int = knob(
        "independent runs of the pipeline that decide claims, the default run among them", COUNT
    )
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
    cleaning: Cleaning  # preference records with defects
    proxies: Proxies  # reward models on these
    aligned: Aligned  # policies made with these
    committee: Committee  # reward models that judge real pairs again
    tables: Tables  # scores and outputs that others have published
    findings: Findings  # how findings draw and resample
    runner: Runner  # how items run in parallel; results do not depend on it

    def __post_init__(self) -> None:
        if self.data.source != "world" and self.data.name is None and not self.mixes.origins:
            raise RuleBroken("data.name", f"must be given when data.source is {self.data.source}")
        if self.data.source == "world" and self.mixes.origins:
            raise RuleBroken(
                "mixes.origins", "must be [] where data.source is world, which has its own sources"
            )
        self._check_switches()
        if self.data.source != "world" and self.data.name is not None and not self.reward.folds:
            raise RuleBroken(
                "reward.folds", "must be 2 or more for real pairs, which have no test pairs beside"
            )
        if self.committee.shapes and self.mixes.folds < 3:
            raise RuleBroken(
                "mixes.folds", "must be 3 or more for a committee, which judges without two of them"
            )
        if self.samples.max_new_tokens >= self.model.max_length:
            raise RuleBroken(
                "samples.max_new_tokens",
                "must be less than model.max_length "
                f"({self.model.max_length}), which also holds the prompt",
            )
        self._check_watched()

    def _check_switches(self) -> None:
        world = self.data.source == "world"
        origins, judges = len(self.mixes.origins), len(self.committee.shapes)
        tables = self.tables.rewardmath is not None
        found = (
            f"mixes has {origins} origins, committee {judges} shapes and tables "
            f"{'files' if tables else 'none'}"
        )
        several = not world and origins > 0
        runs = {
            "worlds": (world, f"data.source is {self.data.source}"),
            "flipped": (world or self.data.name is not None, f"data.name is {self.data.name!r}"),
            "mixed": (world or (several and not judges and not tables), found),
            "rejudged": (several and judges > 0 and not tables, found),
            "scored": (several and tables, found),
        }
        wrong = {
            key: (expected, why)
            for key, (run, why) in runs.items()
            if getattr(self, key) != (expected := (self.scale,) if run else ())
        }
        if not wrong:
            return
        key, (expected, why) = next(iter(wrong.items()))
        other = any(set(getattr(self, key)) - {self.scale} for key in wrong)
        words = [f"{key}=[{', '.join(expected)}]" for key, (expected, _) in wrong.items()]
        fitting = [f"scale={self.scale}"] if other else words
        raise RuleBroken(
            key,
            f"must be {list(expected)} where {why}",
            f"give `proxyreward params` the words {shlex.join(fitting)}",
        )

    def _check_watched(self) -> None:
        # Which bases are folders was seen when the file was written; a file is checked anywhere.
        listed = {file.path for file in self.watched if "base" in file.name.split("-")}
        given = self.data, self.model.base, self.mixes, self.tables
        expected = watched(*given, listed.__contains__)
        if self.watched != expected:
            raise RuleBroken(
                "watched",
                "does not fit data, model.base, mixes and tables, which it follows",
                f"run `proxyreward params {shlex.quote(f'model.base={self.model.base}')}`, which "
                "writes it anew",
            )


def of_source(source: str) -> str:
    """The parameter that names the file of a real source, as a message says it."""
    return f"mixes.origins, source {source}"


def is_path(base: str) -> bool:
    """Whether a base is written as a path: it begins with ``/``, ``./``, ``../`` or ``~``."""
    return base in (".", "..") or base.startswith(("/", "./", "../", "~"))


def watched(
    data: Data, base: str, mixes: Mixes, tables: Tables, exists: Callable[[str], bool]
) -> tuple[Watched, ...]:
    """Return the files outside the code that decide results: libraries, pairs, bases, tables.

    Parameters
    ----------
    data, base, mixes, tables : the parameters that name them; `base` is `model.base`.
    exists : whether a base that may be a hub's name is a folder here.
    """

    def local(base: str) -> bool:
        built = base == "scratch" or is_size(base)
        return not built and (is_path(base) or exists(base))

    files = {"libraries": "requirements.lock"}
    if data.source == "local" and data.name is not None:
        files["data"] = data.name
    if local(base):
        files["base"] = base
    files |= {f"source-{one.source}": one.name for one in mixes.origins if one.place == "local"}
    files |= {f"mix-base-{i}": one for i, one in enumerate(mixes.bases) if local(one)}
    if tables.rewardmath is not None:
        files |= {"rewardmath": tables.rewardmath, "alpaca-eval": tables.alpaca_eval}
    return tuple(Watched(name, path) for name, path in files.items())
