"""What the findings on accuracy and regret read: test-set scores and the regret of every policy.

In: the tables that the `evidence` stage writes to ``results/<scale>/evidence/``. Out: arrays over
reward models in one order. They are small enough for Git, so that a notebook can draw another test
set, or take another n, without any model. Called by findings 1 to 5, the appendix and notebooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import read_table, require_numbers
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.testset import TestSet
from proxyreward.vocabulary import ALL, BEST_OF_N, INITIAL, JOINT, MAIN, ORIGINAL

REGRET = [
    "family", "policy", "optimiser", "n", "setting", "kl_coef", "training", "category", "golden",
    "proxy", "golden_reward", "ndr", "golden_gain",
]  # fmt: skip
CURVES = ["optimiser", "golden", "proxy", "step", "kl_bits", "golden_reward", "proxy_reward"]
RUNS = [
    "run", "rm", "setting", "number", "kl_coef", "training", "status", "message", "step",
    "proxy_gain", "kl_nats", "entropy",
]  # fmt: skip
REPEATS = ["number", "golden", "proxy", "golden_reward", "ndr"]
# Policies from the initial one, in the main setting, on all prompts.
PLAIN = {"policy": INITIAL, "setting": MAIN, "training": JOINT, "category": ALL}
_TABLES = {"prompts": "parquet", "bench": "parquet", "tests": "parquet"}
_TEXT = {  # columns of names; the others hold numbers
    "rms": ["family", "rm", "label"],
    "prompts": ["variant", "category", "prompt"],
    "bench": ["category"],
    "tests": ["variant", "source"],
    "own": ["golden", "proxy"],
    "regret": [
        "family", "policy", "optimiser", "setting", "training", "category", "golden", "proxy",
    ],
    "curves": ["optimiser", "golden", "proxy"],
    "runs": ["run", "rm", "setting", "training", "status", "message"],
    "repeats": ["golden", "proxy"],
}  # fmt: skip
_COLUMNS = {"regret": REGRET, "curves": CURVES, "runs": RUNS, "repeats": REPEATS}
_NUMBERS = {
    "rms": ["flip_rate"],
    "prompts": ["prompt_id"],
    "bench": ["pair_id", "side"],
    "tests": ["prompt_id", "sample_id"],
    "own": ["accuracy"],
    **{
        name: [column for column in columns if column not in _TEXT[name]]
        for name, columns in _COLUMNS.items()
    },
}


@dataclass(frozen=True)
class Evidence:
    """The tables of ``results/<scale>/evidence/``.

    Attributes
    ----------
    rms
        ``family, rm, label, flip_rate``: the reward models of each family (`main`, the label-flip
        family; `architectures`; `parts`; `apart`, which learnt from pairs of its own) in order. A
        model can belong to several families.
    prompts
        ``variant, prompt_id, category, prompt``: the accuracy prompts, as they are (`original`)
        and reworded (`paraphrase`) or replaced (`rewrite`), `prompt_id` tying the three together.
    bench
        ``pair_id, category, side`` and one column of scores for each reward model: two rows a
        pair, the test pairs whose responses come from mixed writers. The first pairs belong to
        the accuracy prompts in their order.
    tests
        ``variant, prompt_id, source, sample_id`` and one column of scores for each main reward
        model: several responses of each source to every accuracy prompt.
    own
        ``golden, proxy, accuracy``: that of :func:`proxyreward.metrics.agreement.pool_accuracy` on
        the initial policy's samples for the downstream prompts; judges are the reward models of
        `main` and `apart`, and the oracle.
    regret
        The columns of ``REGRET``: what each policy is worth to each golden RM, in sd of
        the initial policy, its own included. `n` is 0 for PPO, whose `setting` is `main`, where
        rewards are means over the runs on a reward model, or `penalty`: one run at each `kl_coef`,
        the first main one among them. Best-of-n has the setting `main` alone. `training` is
        `joint`, or the category on whose prompts alone a PPO policy was trained; `category` is
        `all`, or the category of the downstream prompts. Families judge themselves; in the rows of
        the family `across` the judges of `own` are golden and proxy to one another.
    curves
        The columns of ``CURVES``: the main family and setting on the way; `step` is n for
        best-of-n (whose KL is a bound), the PPO step otherwise, at which a run that has ended
        before counts with its end. Of PPO the first run on each reward model.
    runs
        The columns of ``RUNS``: the end of every PPO run. `number` counts the runs of a setting on
        a reward model, `status` is `finished`, `kl-budget` or `diverged`, `proxy_gain` in sd of
        the initial policy, `entropy` in nats per token.
    repeats
        The columns of ``REPEATS``: `regret` of PPO in the main setting for each run alone.
    """

    rms: pd.DataFrame
    prompts: pd.DataFrame
    bench: pd.DataFrame
    tests: pd.DataFrame
    own: pd.DataFrame
    regret: pd.DataFrame
    curves: pd.DataFrame
    runs: pd.DataFrame
    repeats: pd.DataFrame

    @classmethod
    def read(cls, folder: Path) -> Evidence:
        """Read what :meth:`write` wrote.

        Raises
        ------
        FileNotFoundError
            A table is missing; names it.
        ValueError
            A table is damaged, has no rows, or lacks a column or a reward model; names both.
        """
        names = [field.name for field in fields(cls)]
        paths = {name: Path(folder) / f"{name}.{_TABLES.get(name, 'csv')}" for name in names}
        found = cls(**{n: read_table(path, _TEXT[n], _NUMBERS[n]) for n, path in paths.items()})
        require_numbers(paths["bench"], found.bench, found.rms["rm"].tolist())
        require_numbers(paths["tests"], found.tests, found.names())
        return found

    def names(self, family: str = MAIN) -> list[str]:
        """Reward models of a family in order."""
        return self._family(family)["rm"].tolist()

    def flips(self) -> np.ndarray:
        """Flip rates of the main family, shape ``(rms,)``."""
        return self._family(MAIN)["flip_rate"].to_numpy(dtype=float)

    def pairs(self, family: str = MAIN) -> np.ndarray:
        """Scores of the test pairs, shape ``(rms, pairs, 2)``."""
        if len(self.bench) % 2:
            raise ValueError("bench: a test pair lacks a side; run the stage `evidence` again")
        scores = self.bench[self.names(family)].to_numpy(dtype=float)
        return scores.reshape(-1, 2, scores.shape[1]).transpose(2, 0, 1)

    def testset(self, variant: str = ORIGINAL) -> TestSet:
        """The main family's scores of all responses to the prompts of a variant."""
        rows = self.tests[self.tests["variant"] == variant]
        if rows.empty:
            known = self.tests["variant"].unique().tolist()
            raise KeyError(f"no test set {variant!r}; choose one of {known}")
        prompts = rows["prompt_id"].nunique()
        if (rows.groupby("prompt_id").size() != len(rows) // prompts).any():
            raise ValueError(
                f"tests: not every prompt of {variant!r} has as many responses; "
                "run the stage `evidence` again"
            )
        first = rows[rows["prompt_id"] == rows["prompt_id"].iloc[0]]
        scores = rows[self.names()].to_numpy(dtype=float).T
        asked = self.prompts[self.prompts["variant"] == variant]
        return TestSet.of(
            scores.reshape(len(scores), prompts, -1),
            categories=asked["category"].to_numpy(),
            sources=first["source"].to_numpy(),
        )

    def own_accuracy(self) -> np.ndarray:
        """Accuracy of the main family on the policy's own samples, shape ``(goldens, proxies)``."""
        return square(self.own, "accuracy", self.names())

    def ndr(
        self, optimiser: str, *, n: int = 0, policy: str = INITIAL, category: str = ALL
    ) -> np.ndarray:
        """NDR of every main policy under every golden RM, shape ``(goldens, proxies)``.

        Parameters
        ----------
        n
            Of best-of-n; 0 takes the largest. Without meaning for PPO.

        Raises
        ------
        KeyError
            If there are no such policies.
        ValueError
            If that n was not computed.
        """
        chosen = PLAIN | {"policy": policy, "category": category}
        return self.square(self.policies(optimiser, n=n, family=MAIN, **chosen), "ndr")

    def policies(self, optimiser: str, *, n: int = 0, **choice: object) -> pd.DataFrame:
        """Rows of ``regret`` that fit; arguments as in :meth:`ndr`, each one optional."""
        rows = self.regret[self.regret["optimiser"] == optimiser]
        for column, value in choice.items():
            rows = rows[rows[column] == value]
        if rows.empty:
            raise KeyError(f"no policies of {optimiser} with {choice}")
        return at_n(rows, n) if optimiser == BEST_OF_N else rows

    def couples(self, family: str = MAIN) -> pd.DataFrame:
        """Accuracy and NDR of every golden-proxy pair of a family under each optimiser and n.

        optimiser, n (0 for PPO), golden, proxy (golden != proxy), flip_golden, flip_proxy,
        accuracy, ndr, golden_gain.
        """
        names = self.names(family)
        accuracy = pd.DataFrame(accuracy_matrix(self.pairs(family)), names, names).stack()
        flip = self._family(family).set_index("rm")["flip_rate"]
        chosen = {"family": family, **PLAIN}
        rows = self.regret[(self.regret[[*chosen]] == pd.Series(chosen)).all(axis=1)]
        rows = rows.query("golden != proxy").reset_index(drop=True)
        return rows[["optimiser", "n", "golden", "proxy"]].assign(
            flip_golden=rows["golden"].map(flip),
            flip_proxy=rows["proxy"].map(flip),
            accuracy=accuracy.loc[list(zip(rows["golden"], rows["proxy"], strict=True))].to_numpy(),
            ndr=rows["ndr"],
            golden_gain=rows["golden_gain"],
        )

    def square(self, rows: pd.DataFrame, column: str) -> np.ndarray:
        """As the function :func:`square`, in the order of the main family."""
        return square(rows, column, [name for name in self.names() if name in set(rows["golden"])])

    def _family(self, family: str) -> pd.DataFrame:
        rows = self.rms[self.rms["family"] == family]
        if rows.empty:
            known = self.rms["family"].unique().tolist()
            raise KeyError(f"no family {family!r} of reward models; choose one of {known}")
        return rows


def at_n(table: pd.DataFrame, n: int = 0) -> pd.DataFrame:
    """Rows of one n of best-of-n; 0 stands for the largest.

    Raises
    ------
    ValueError
        If that n was not computed; lists those that were.
    """
    known = sorted(table["n"].unique().tolist())
    chosen = n or known[-1]
    if chosen not in known:
        raise ValueError(f"n={n} was not computed; choose one of {known}, or 0 for the largest")
    return table[table["n"] == chosen].reset_index(drop=True)


def under(table: pd.DataFrame, optimiser: str, n: int = 0) -> pd.DataFrame:
    """Rows of one optimiser; of best-of-n at one n, where 0 stands for the largest."""
    rows = table[table["optimiser"] == optimiser]
    return at_n(rows, n) if optimiser == BEST_OF_N else rows.reset_index(drop=True)


def square(pairs: pd.DataFrame, column: str, names: Sequence[str] | None = None) -> np.ndarray:
    """A column of golden-proxy pairs as `(goldens, proxies)`; NaN where there is no such pair.

    They are in the order of `names`, by default in that of the pairs.
    """
    names = pairs["golden"].unique() if names is None else names
    wide = pairs.pivot(index="golden", columns="proxy", values=column)
    return wide.reindex(index=names, columns=names).to_numpy(dtype=float)


def write(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write the tables of :class:`Evidence`: scores and texts as parquet, the rest as CSV."""
    for name, table in tables.items():
        if _TABLES.get(name) == "parquet":
            table.apply(rounded).to_parquet(
                folder / f"{name}.parquet", index=False, compression="zstd"
            )
        else:
            table.to_csv(
                folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n"
            )


def rounded(scores: pd.Series) -> pd.Series:
    """Scores as multiples of a power of two, 1/1000 of their sd at most; other columns as they are.

    Two scores of a model that differ by less tie now, some in ten thousand pairs, and a table of
    scores takes half the place.
    """
    if not pd.api.types.is_float_dtype(scores):
        return scores
    sd = scores.std(ddof=0)
    step = 2.0 ** np.floor(np.log2(sd / 1000)) if sd > 0 else 1.0
    return ((scores / step).round() * step).astype(np.float32)
