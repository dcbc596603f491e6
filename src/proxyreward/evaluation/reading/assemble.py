"""Tables in the common form, put together as `Scores`.

In: `Table` of each file. Out: arrays, and what there is to tell about the rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from proxyreward.data.report import DataError, short_name
from proxyreward.evaluation.reading.codes import (
    Codes,
    Places,
    codes,
    disagreement,
    first_rows,
)
from proxyreward.evaluation.reading.options import Options
from proxyreward.evaluation.reading.raters import mean, rated
from proxyreward.evaluation.reading.rewardbench import CHOSEN
from proxyreward.evaluation.reading.table import Table
from proxyreward.evaluation.result import Note
from proxyreward.evaluation.scores import RATERS, Scores

MOST = 5 * 10**8
"""Scores, models times responses: 4 GB."""
NULL = "null:"
NO_CATEGORY = "(none)"
SHOWN = 10


@dataclass
class Rows:
    """All rows of the files, as arrays of shape (rows,).

    Attributes
    ----------
    slot
        Number of the response, those of a prompt together, in the order of first appearance.
    owner
        Number of the prompt of each response, shape (responses,).
    first
        First row of each response, shape (responses,).
    """

    frame: pl.DataFrame
    prompt: Codes
    response: Codes
    model: Codes
    places: Places
    slot: np.ndarray
    owner: np.ndarray
    first: np.ndarray
    notes: list[Note] = field(default_factory=list)

    @property
    def score(self) -> np.ndarray:
        """NaN where there is none."""
        return self.frame["score"].fill_null(np.nan).to_numpy()

    def whose(self, row: int, model: bool = False) -> dict[str, str]:
        """What a row is about, for messages."""
        found = {"prompt": self.prompt.names[self.prompt.of[row]]}
        found["response"] = self.response.names[self.response.of[row]]
        return found | ({"model": self.model.names[self.model.of[row]]} if model else {})


def assembled(
    tables: Sequence[Table], golden: Table | None, options: Options
) -> tuple[Scores, list[Note]]:
    """Scores of all tables.

    Raises
    ------
    DataError
        If rows contradict each other, no score is left, or a golden model is not there.
    """
    frame, matched = _together(tables, golden)
    rows = _rows(frame, [*tables, *([golden] if golden else [])])
    rows.notes += matched
    of_golden = set(golden.frame["model"].unique().cast(pl.String)) if golden else set()
    asked = _goldens(rows, tables, options, of_golden)
    which = -1
    if "rater" in frame.columns:
        raters = codes(frame["rater"])
        which = rated(rows.model.of, raters.of, rows.model.names, asked)
    names = list(rows.model.names)
    if which < 0:
        values, by_rater = _matrix(rows, rows.model.of, len(names)), None
    else:
        column = np.where(rows.model.of == which, len(names) + raters.of, rows.model.of)
        both = _matrix(rows, column, len(names) + len(raters.names))
        values, by_rater = both[: len(names)], both[len(names) :]
        by_rater = by_rater[~np.isnan(by_rater).all(axis=1)]
        values[which] = mean(by_rater)
        asked = _renamed(rows, names, which, asked, len(by_rater))
    kept = _scored(rows, names, values, asked)
    scores = Scores(
        models=tuple(names[k] for k in kept),
        values=values if len(kept) == len(names) else values[kept],
        prompt=rows.owner,
        prompt_ids=rows.prompt.names,
        response_ids=rows.response.names[rows.response.of[rows.first]],
        position=None
        if tables[0].format in ("rewardbench", "verdicts")
        else np.arange(len(rows.owner)) - np.searchsorted(rows.owner, rows.owner),
        goldens=asked,
        category=_group(rows, "category"),
        cluster=_group(rows, "cluster"),
        length=_length(rows, check=tables[0].format != "rewardbench"),
        raters=by_rater,
        verdicts=tables[0].format == "verdicts",
    )
    return scores, rows.notes


def _together(tables: Sequence[Table], golden: Table | None) -> tuple[pl.DataFrame, list[Note]]:
    frames = [_numbered(table.frame, k) for k, table in enumerate(tables)]
    frame = pl.concat(frames, how="diagonal") if len(frames) > 1 else frames[0]
    if not frame.height:
        raise DataError(f"{tables[0].source.path}: holds no scores; write a row for each")
    if tables[0].format == "rewardbench":
        key = pl.struct("prompt_id", "response_id", "model", "score")
        frame = frame.filter((pl.col("model").cast(pl.String) != CHOSEN) | key.is_first_distinct())
    if golden is None:
        return frame, []
    return _joined(frame, golden, len(frames))


def _numbered(frame: pl.DataFrame, number: int) -> pl.DataFrame:
    return frame.with_columns(file=pl.lit(number, pl.UInt32))


def _joined(frame: pl.DataFrame, golden: Table, number: int) -> tuple[pl.DataFrame, list[Note]]:
    own = [n for n in golden.frame.columns if n not in ("category", "cluster", "length")]
    truth = _numbered(golden.frame.select(own), number)
    twice = set(truth["model"].unique()) & set(frame["model"].unique())
    if twice:
        raise DataError(
            f"{golden.source.path}: model {short_name(min(twice))!r} has scores in the other files "
            "too; rename it in one of them"
        )
    key = ["prompt_id", "response_id"]
    kept = truth.join(frame.select(key).unique(), on=key, how="semi", maintain_order="left")
    if not kept.height:
        raise DataError(
            f"{golden.source.path}: none of its responses is among those scored; here an id is "
            f"{_example(truth)}, there {_example(frame)}; write the same ids"
        )
    notes = []
    if lost := truth.height - kept.height:
        what = f"{lost} golden scores are of responses that no model has scored; they are left out"
        notes.append(Note("unmatched", lost, what))
    return pl.concat([frame, kept], how="diagonal"), notes


def _example(frame: pl.DataFrame) -> str:
    if not frame.height:
        return "not given"
    return " / ".join(
        repr(short_name(str(frame[name][0]))) for name in ("prompt_id", "response_id")
    )


def _rows(frame: pl.DataFrame, tables: Sequence[Table]) -> Rows:
    prompt, response, model = (codes(frame[n]) for n in ("prompt_id", "response_id", "model"))
    key = prompt.of * len(response.names) + response.of
    unique, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    order = np.lexsort([first, unique // len(response.names)])
    slot = np.empty(len(order), dtype=np.int64)
    slot[order] = np.arange(len(order))
    if len(model.names) * len(order) > MOST:
        raise DataError(
            f"{len(model.names)} models and {len(order)} responses are too many; is `model` the "
            "right column?"
        )
    files = tuple(str(table.source.path) for table in tables)
    places = Places(frame["file"].to_numpy(), frame["row"].to_numpy(), files)
    owner = (unique // len(response.names))[order]
    return Rows(frame, prompt, response, model, places, slot[inverse], owner, first[order])


def _matrix(rows: Rows, column: np.ndarray, columns: int) -> np.ndarray:
    """Scores, shape (columns, responses), NaN where there is none; equal rows are used once."""
    cell = column * len(rows.owner) + rows.slot
    score, every = rows.score, np.ones(len(cell), dtype=bool)
    firsts = first_rows(cell, every, columns * len(rows.owner))
    pair = disagreement(cell, score, every, firsts)
    if pair is not None:
        raise rows.places.differ("score", pair, rows.whose(pair[0], model=True))
    here = firsts >= 0
    if twice := len(cell) - int(here.sum()):
        what = f"{twice} rows say what an earlier one says; each is used once"
        rows.notes.append(Note("duplicate-rows", twice, what))
    values = np.full(columns * len(rows.owner), np.nan)
    values[here] = score[firsts[here]]
    return values.reshape(columns, -1)


def _goldens(
    rows: Rows, tables: Sequence[Table], options: Options, of_golden: set[str]
) -> tuple[str, ...]:
    names = [str(name) for name in rows.model.names]
    for name in names:
        if name.startswith(NULL):
            raise DataError(f"model {short_name(name)!r}: {NULL} begins null scorers; rename it")
    for name in options.golden:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
            raise DataError(
                f"--golden {name}: no such model; did you mean {short_name(near)}? There are "
                f"{', '.join(map(short_name, names[:20]))}{' …' * (len(names) > 20)}"
            )
    label = () if options.golden or tables[0].format != "rewardbench" else (CHOSEN,)
    asked = (*options.golden, *(n for n in names if n in of_golden), *label)
    return tuple(dict.fromkeys(asked))


def _renamed(
    rows: Rows, names: list[str], which: int, asked: tuple[str, ...], count: int
) -> tuple[str, ...]:
    """Call the mean of raters `RATERS`, which is golden."""
    old = names[which]
    if RATERS in names and old != RATERS:
        raise DataError(f"model {RATERS!r}: this is the name of the mean of raters; rename it")
    names[which] = RATERS
    what = f"{short_name(old)}: {count} raters, whose mean is the golden model `{RATERS}`"
    rows.notes.append(Note("raters", count, what))
    return tuple(dict.fromkeys(RATERS if name == old else name for name in (*asked, old)))


def _scored(rows: Rows, names: list[str], values: np.ndarray, asked: tuple[str, ...]) -> list[int]:
    """Numbers of the models that have a score at all."""
    empty = np.isnan(values).all(axis=1)
    lost = [names[k] for k in np.flatnonzero(empty)]
    if len(lost) == len(names) or set(lost) & set(asked):
        raise DataError(f"model {short_name(lost[0])!r}: has no score at all; compute its scores")
    if lost:
        what = f"without a single score, and left out: {', '.join(map(short_name, lost[:SHOWN]))}"
        rows.notes.append(Note("empty-models", len(lost), what))
    rows.notes += _gaps(rows, names, np.isnan(values).sum(axis=1) * ~empty)
    return list(np.flatnonzero(~empty))


def _gaps(rows: Rows, names: list[str], gaps: np.ndarray) -> list[Note]:
    """Rows without a score, and responses that models have not scored, shape (models,)."""
    notes = []
    if blank := rows.frame["score"].null_count():
        notes.append(Note("empty-scores", blank, f"{blank} rows hold no score"))
    if gaps.any():
        most = np.argsort(-gaps, kind="stable")[: min(SHOWN, np.count_nonzero(gaps))]
        each = ", ".join(f"{short_name(names[k])} {gaps[k]}" for k in most)
        more = " …" if np.count_nonzero(gaps) > SHOWN else ""
        what = f"of {len(rows.owner)} responses are not scored by {each}{more}; score them all"
        notes.append(Note("missing-scores", int(gaps.sum()), what))
    return notes


def _group(rows: Rows, kind: str) -> np.ndarray | None:
    """What each prompt belongs to, shape (prompts,)."""
    if kind not in rows.frame.columns:
        return None
    group = codes(rows.frame[kind])
    firsts = first_rows(rows.prompt.of, group.of >= 0, len(rows.prompt.names))
    pair = disagreement(rows.prompt.of, group.of, group.of >= 0, firsts)
    if pair is not None:
        whose = {"prompt": rows.prompt.names[rows.prompt.of[pair[0]]]}
        raise rows.places.differ(kind, pair, whose)
    lost = np.flatnonzero(firsts < 0)
    if len(lost) and kind == "cluster":
        name = short_name(rows.prompt.names[lost[0]])
        raise DataError(f"prompt {name!r}: belongs to no cluster; fill the column")
    if len(lost):
        what = f"{len(lost)} prompts have no category; they are in {NO_CATEGORY}"
        rows.notes.append(Note("no-category", len(lost), what))
    found = np.full(len(firsts), NO_CATEGORY, dtype=object)
    found[firsts >= 0] = group.names[group.of[firsts[firsts >= 0]]]
    return found


def _length(rows: Rows, check: bool) -> np.ndarray | None:
    """Length of each response, shape (responses,); one must have one length if they are checked."""
    if "length" not in rows.frame.columns:
        return None
    length = rows.frame["length"].fill_null(np.nan).to_numpy()
    known = ~np.isnan(length)
    firsts = first_rows(rows.slot, known, len(rows.owner))
    pair = disagreement(rows.slot, length, known, firsts) if check else None
    if pair is not None:
        raise rows.places.differ("length", pair, rows.whose(pair[0]))
    if not known.any():
        return None
    return np.where(firsts >= 0, length[firsts], np.nan)
