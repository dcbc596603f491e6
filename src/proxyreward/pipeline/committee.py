"""A committee that judges real pairs again, and reward models on what is made of its votes.

In: parameters, files of pairs. Out: a folder for each source, specs of judges, margins, and the
labels of training sets. Called by the stage `real_cleaning`.

A pair is judged by judges that have not seen it. Where a reward model trained on a cleaned set is
tested on a fold, the judges that cleaned the set have not seen that fold either: labels of tests
would come back through their votes. So there are judges without one fold, and without each two.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import folds, pairs, pandalm, seeds
from proxyreward.data.collect import collect
from proxyreward.data.load import load_pairs
from proxyreward.data.pairs import Pair
from proxyreward.data.report import DataError, LoadReport
from proxyreward.files import write_whole
from proxyreward.findings.real.real_cleaning.judge import FOLDS, MARGINS, PAIRS, TOKENIZER, Judge
from proxyreward.findings.real.real_cleaning.measure import SETS, WORDS, labels
from proxyreward.models.build import Shape
from proxyreward.models.tokenizer import make_tokenizer
from proxyreward.people import toxicity
from proxyreward.pipeline import reward_families
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.schema import of_source
from proxyreward.pipeline.schema_parts import Origin
from proxyreward.pipeline.stage import naming, outputs
from proxyreward.pipeline.world_data import texts

PEOPLE = "pandalm"
"""The format whose records hold the votes of people."""
Loaded = dict[str, tuple[pd.DataFrame, LoadReport]]


def folder(params: Params) -> Path:
    """Where everything of the stage lies that no reader needs."""
    return outputs(params, "real_cleaning")


def load(params: Params) -> tuple[Loaded, Loaded]:
    """Pairs and reports by source: labelled ones, and ones that people have judged.

    Raises
    ------
    DataError
        If a file cannot be read, or there is no source of one of the two kinds.
    """
    labelled: Loaded = {}
    judged: Loaded = {}
    for origin in params.mixes.origins:
        kind = judged if origin.format == PEOPLE else labelled
        with naming(of_source(origin.source)):
            kind[origin.source] = _pairs(origin, params.data.max_records)
    if not (labelled and judged):
        raise DataError(
            f"mixes.origins: {len(judged)} of {len(params.mixes.origins)} sources have format "
            f"{PEOPLE!r}; name one of it, and one of another format"
        )
    return labelled, judged


def _pairs(origin: Origin, most: int | None) -> tuple[pd.DataFrame, LoadReport]:
    place = origin.place, origin.name, origin.subset, origin.split
    if origin.format != PEOPLE:
        return load_pairs(*place, most, origin.format, origin.source)
    found, report = collect(pandalm.opened(*place)._replace(find=pandalm.as_shown), most)
    return pairs.to_frame(found), report


def write_sources(params: Params, labelled: Loaded) -> None:
    """Write pairs, folds and a tokenizer of each source."""
    for source, (frame, _) in labelled.items():
        place = folder(params) / "data" / source
        place.mkdir(parents=True, exist_ok=True)
        pairs.write(frame, place / PAIRS)
        np.save(place / FOLDS, folds.assign(frame["prompt"], params.mixes.folds, params.seed))
        read = texts(frame, "chosen", "rejected")
        with naming("model.base"):
            tokenizer = make_tokenizer(params.model.base, read, params.tokenizer.vocab_size)
        tokenizer.save_pretrained(place / TOKENIZER)


def write_reports(loaded: Loaded, place: Path) -> None:
    """Say what each loader kept and rejected on stderr and in ``reports.json``."""
    for _, report in loaded.values():
        print(report, file=sys.stderr)
    told = {source: report.to_dict() for source, (_, report) in loaded.items()}
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    write_whole(place / "reports.json", text)


def toxic(frame: pd.DataFrame) -> np.ndarray:
    """Which responses hold offensive words, see `people.toxicity`: bool (pairs, 2), the chosen
    first.

    Raises
    ------
    DataError
        If the classifier is not installed.
    """
    columns = ("prompt", "chosen", "rejected", "source")
    found = [Pair(*texts) for texts in frame[list(columns)].itertuples(index=False)]
    return toxicity.classifier()([str(i) for i in frame["pair_id"]], found)


def judges(params: Params, source: str) -> list[tuple[str, Judge]]:
    """Members of the committee without each fold and each two folds, by name of the member."""
    every = range(params.mixes.folds)
    return [
        (member, _judge(params, source, member, out))
        for out in [*((k,) for k in every), *combinations(every, 2)]
        for member in [WORDS, *params.committee.shapes]
    ]


def learners(params: Params, source: str) -> list[tuple[str, Judge]]:
    """The largest member and the one on word counts, on each training set without each fold; by
    member and set."""
    return [
        (f"{member} {name}", _judge(params, source, member, (fold,), name))
        for fold in range(params.mixes.folds)
        for name in SETS
        for member in (WORDS, params.committee.shapes[-1])
    ]


def _judge(params: Params, source: str, member: str, out: tuple[int, ...], name: str = "") -> Judge:
    without = "-".join(map(str, out))
    parts = [source, member.replace(" ", "-"), *([name] if name else []), f"without-{without}"]
    return Judge(
        name="-".join(parts),
        data=str(folder(params) / "data" / source),
        out=out,
        labels=str(_set(params, source, name, out[0])) if name else None,
        shape=None if member == WORDS else Shape.parse(member, params.model.max_length),
        settings=reward_families.settings(params),
        # Training sets share initial weights; members and folds do not.
        seed=seeds.number(f"judge {source} {member} {without}", params.seed),
    )


def margins(
    found: Iterable[tuple[str, Judge]], folders: Sequence[Path]
) -> dict[tuple, pd.DataFrame]:
    """Margins by the folds that were left out, as frames with a column for each name."""
    parts: dict[tuple, dict[str, pd.Series]] = {}
    for (name, item), place in zip(found, folders, strict=True):
        frame = pd.read_parquet(place / MARGINS).set_index("pair_id")
        parts.setdefault(item.out, {})[name] = frame["margin"]
    return {out: pd.DataFrame(columns) for out, columns in parts.items()}


def once(params: Params, by_out: dict[tuple, pd.DataFrame]) -> pd.DataFrame:
    """Margins of every pair, each by the judges without its fold alone."""
    return pd.concat([by_out[(k,)] for k in range(params.mixes.folds)]).sort_index()


def fold(params: Params, source: str) -> np.ndarray:
    """Fold of each pair of a source."""
    return np.load(folder(params) / "data" / source / FOLDS)


def write_sets(params: Params, source: str, toxic: np.ndarray, by_out: dict[tuple, pd.DataFrame]):
    """Write the labels of each training set for each fold that is left out."""
    frame = pairs.read(folder(params) / "data" / source / PAIRS)
    number = fold(params, source)
    for out in range(params.mixes.folds):
        # Of each other fold the margins of judges that have seen neither it nor the one left out.
        seen = [
            by_out[min(k, out), max(k, out)].loc[np.flatnonzero(number == k)]
            for k in range(params.mixes.folds)
            if k != out
        ]
        of_fold = pd.concat(seen).reindex(np.arange(len(frame)))
        rule = params.committee.tie, out, params.seed
        for name, own in labels(frame, of_fold, number, toxic, *rule).items():
            file = _set(params, source, name, out)
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, own)


def _set(params: Params, source: str, name: str, out: int) -> Path:
    return folder(params) / "sets" / source / f"{name}-without-{out}.npy"
