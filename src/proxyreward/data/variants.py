"""Training sets made of the same records: as labelled, cleaned, and what lies between.

In: records with ``type`` and votes, as :mod:`proxyreward.world.dirty` has them. Out: frames in the
schema of `data.pairs`, by name (paper *elephant*, and controls of ours).
"""

import numpy as np
import pandas as pd

from proxyreward.data.cleaning import ACTION, DROP, SWAP
from proxyreward.data.pairs import COLUMNS
from proxyreward.data.seeds import generator
from proxyreward.vocabulary import (
    CLEANED,
    EMPTY,
    FEWER,
    FOUR_JUDGES,
    INVERTED,
    ONE_JUDGE,
    OPPOSITE,
    REMOVED,
    REPETITIVE,
    SAME,
    TOXIC,
    UNCLEANED,
    USELESS,
    VAGUE,
    WITH_TOXIC,
    WITH_USELESS,
)


def as_pairs(records: pd.DataFrame, swap: np.ndarray | None = None) -> pd.DataFrame:
    """Records in the schema of `data.pairs`, numbered anew; labels are turned where `swap`."""
    found = records.copy()
    if swap is not None:
        found.loc[swap, ["chosen", "rejected"]] = records.loc[swap, ["rejected", "chosen"]].values
    found = found.assign(pair_id=np.arange(len(found)), meta=[{} for _ in range(len(found))])
    return found[list(COLUMNS)].reset_index(drop=True)


def cleaned(records: pd.DataFrame) -> pd.DataFrame:
    """What the rule keeps of records, with the labels that it corrects."""
    kept = records[records["type"].map(ACTION) != DROP]
    return as_pairs(kept, (kept["type"].map(ACTION) == SWAP).to_numpy())


def training_sets(records: pd.DataFrame, votes: list[str], seed: int) -> dict[str, pd.DataFrame]:
    """Training sets of the same records, by name.

    ``original``: as labelled. ``clean``: the paper's. ``fewer``: as many of the original, at
    random. ``removed``: what is opposite is dropped, not turned. ``inverted``: the pairs of clean
    with the labels of the original. ``useless``: vague, empty and repetitive ones alone;
    ``with-useless`` and ``with-toxic``: clean, and these, or the toxic ones, as labelled.
    ``one-judge`` and ``four-judges`` cost as many votes: the first vote on every record decides
    its label; or all votes on the first of them, as many as that pays for. Records that are empty,
    repetitive or toxic ask for no vote and are in neither.

    Parameters
    ----------
    votes
        Names of the columns that hold them.
    seed
        Of the draw of ``fewer``.
    """
    kind = records["type"]
    kept, useless = kind.isin([SAME, OPPOSITE]), kind.isin([VAGUE, EMPTY, REPETITIVE])
    clean, toxic = cleaned(records), kind == TOXIC
    drawn = generator("fewer records", seed).permutation(len(records))[: len(clean)]
    judged = records[~kind.isin([EMPTY, REPETITIVE, TOXIC])]
    few = judged.head(len(judged) // len(votes))

    def beside(rows: pd.Series) -> pd.DataFrame:
        both = pd.concat([clean, as_pairs(records[rows])], ignore_index=True)
        return both.assign(pair_id=np.arange(len(both)))

    return {
        UNCLEANED: as_pairs(records),
        CLEANED: clean,
        FEWER: as_pairs(records.iloc[np.sort(drawn)]),
        REMOVED: as_pairs(records[kind == SAME]),
        INVERTED: as_pairs(records[kept]),
        USELESS: as_pairs(records[useless]),
        WITH_USELESS: beside(useless),
        WITH_TOXIC: beside(toxic),
        ONE_JUDGE: as_pairs(judged, ~judged[votes[0]].to_numpy(bool)),
        FOUR_JUDGES: cleaned(few),
    }
