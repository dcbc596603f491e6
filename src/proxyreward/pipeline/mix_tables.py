"""From trained reward models on several sources to the tables that the findings read.

In: the folders of the family. Out: frames. Called by the stage `mixes`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data.folds import conversation_groups
from proxyreward.findings.more.confidence import OVER_CONFIDENT, over_confidence
from proxyreward.reward.mixes import SCORES
from proxyreward.reward.more import STEPS
from proxyreward.vocabulary import RAW, SINGLE


def margins(tests: pd.DataFrame, scores: dict[str, pd.DataFrame], column: str) -> pd.DataFrame:
    """Margins of every test pair by reward model, float32; `column` is ``margin`` or ``tuned``.

    `group` numbers the conversations, see :func:`proxyreward.data.folds.conversation_groups`.
    """
    found = _wide(tests, {name: frame[column] for name, frame in scores.items()})
    found.insert(1, "group", conversation_groups(tests["prompt"]))
    return found


def labels(tests: pd.DataFrame, conflicts: Sequence[float]) -> pd.DataFrame:
    """Chance of the label of every test pair: ``pair_id, source, chance`` and ``chance at <d>``.

    1 where nobody knows it: the label as it was drawn. A column for each degree d of conflict.
    """
    found = tests[["pair_id", "source"]].reset_index(drop=True)
    found["chance"] = [meta.get("chance", 1.0) for meta in tests["meta"]]
    for at in conflicts:
        found[chance_at(at)] = [meta["chance_at"][f"{at:g}"] for meta in tests["meta"]]
    return found


def chance_at(conflict: float) -> str:
    """Column of the chances at a degree of conflict."""
    return "chance" if conflict == 1 else f"chance at {conflict:g}"


def rewards(tests: pd.DataFrame, scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Rewards of both responses of every test pair, two rows a pair, side 0 the chosen one."""
    sides = [
        _wide(tests, {name: frame[column] for name, frame in scores.items()}).assign(side=side)
        for side, column in enumerate(("chosen", "rejected"))
    ]
    both = pd.concat(sides).sort_values(["pair_id", "side"], ignore_index=True)
    both.insert(1, "side", both.pop("side"))
    return both


def _wide(tests: pd.DataFrame, columns: dict[str, pd.Series]) -> pd.DataFrame:
    keys = tests[["pair_id", "source"]].reset_index(drop=True)
    found = {
        name: column.loc[keys["pair_id"]].to_numpy(np.float32) for name, column in columns.items()
    }
    return pd.concat([keys, pd.DataFrame(found)], axis=1)


def read_scores(names: Sequence[str], folders: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """Scores by reward model, indexed by pair; folders of one name hold its folds."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, folder in zip(names, folders, strict=True):
        frame = pd.read_parquet(folder / SCORES).set_index("pair_id")
        frame["margin"] = frame["chosen"] - frame["rejected"]
        parts.setdefault(name, []).append(frame)
    return {name: pd.concat(frames) for name, frames in parts.items()}


def steps(names: Sequence[str], folders: Sequence[Path]) -> pd.DataFrame:
    """Steps of every training, folds one after the other."""
    found = [
        pd.read_csv(folder / STEPS).assign(rm=name)
        for name, folder in zip(names, folders, strict=True)
        if (folder / STEPS).exists()
    ]
    both = pd.concat(found, ignore_index=True)
    both.insert(0, "rm", both.pop("rm"))
    return both


def controls(rms: pd.DataFrame, margins: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """What the shared positive control reads, of the most confident base: ``name, value``."""
    factor = min(over_confidence(rms, margins, labels).values())
    return pd.DataFrame({"name": [OVER_CONFIDENT.lower()], "value": [factor]})


def shown(rms: pd.DataFrame, main: str) -> list[str]:
    """Reward models whose single rewards are drawn: untrained and one-source, largest base."""
    own = rms[(rms["base"] == main) & (rms["seed"] == 0)]
    kept = own["scheme"].str.startswith(SINGLE) | (own["scheme"] == RAW)
    return own.loc[kept, "rm"].tolist()
