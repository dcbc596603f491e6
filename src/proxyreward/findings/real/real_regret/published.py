"""The published score tables of RewardMATH, read.

In: the folder with ``scores.csv.gz``, ``rewardbench-math.csv.gz`` and ``pairwise.csv.gz``. Out:
scores with the right answer as golden model, who wrote each answer, verdicts of judges as arrays,
and an account of what was found; or an error that names file, row, field and remedy.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data.report import DataError
from proxyreward.evaluation.result import Input, Note
from proxyreward.evaluation.scores import Scores

SCORES, PAIRS, VERDICTS = "scores.csv.gz", "rewardbench-math.csv.gz", "pairwise.csv.gz"
COLUMNS = ("prompt_id", "response_id", "model", "score")
JUDGED = ("prompt_id", "rejected_id", "judge", "verdict", "chosen_position")
RIGHT = "right answer"
"""Name of the golden model: 1 for the right answer, 0 for all others."""
WRITER, CHOSEN = "human_to_GPT-4", "chosen"
"""Who wrote the right answers of RewardMATH; the right one of a pair of RewardBench."""
ANSWERS = 10
"""To each problem of RewardMATH, of which one is right."""
SAME = {
    "GRM-Llama3-8B": "grm_llama3",
    "GRM_Gemma_2B": "grm_gemma",
    "Skywork-Llama-3.1-8B": "skywork_llama3",
    "internlm2-20b": "internlm2_20b",
}
"""Names in the file of pairs of scorers that the file of scores calls otherwise."""
REMEDY = "give the file as its authors publish it"


@dataclass(frozen=True)
class Published:
    """Scores of one file, and what was read.

    Attributes
    ----------
    scores
        `RIGHT` first and golden, then the scorers in the order of the file. Every prompt has
        equally many responses, and every scorer has scored all of them.
    writer : ndarray of str, shape (rows,)
        Who wrote each response, "" where the file does not say.
    told
        What was read; its notes count what is unusual and who was left out.
    """

    scores: Scores
    writer: np.ndarray
    told: Input


@dataclass(frozen=True)
class Verdicts:
    """Which of two answers each judge prefers, the right one or a wrong one.

    Attributes
    ----------
    judges
        Names.
    chosen, first : ndarray, shape (judges, prompts, pairs)
        1 where the right answer was preferred, 0 where the wrong one was, 1/2 without a verdict;
        whether the right answer was shown first.
    missing : ndarray of int, shape (judges,)
        Pairs without a verdict.
    """

    judges: tuple[str, ...]
    chosen: np.ndarray
    first: np.ndarray
    missing: np.ndarray


def scores(folder: Path) -> Published:
    """RewardMATH: several answers to each problem, of which one is right.

    Raises
    ------
    DataError
        The file cannot be read, lacks a column or has an unknown one, a score is no number, a
        problem has not exactly one right answer, or not `ANSWERS` in all.
    """
    return _published(folder / SCORES, WRITER, ANSWERS)


def pairs(folder: Path) -> Published:
    """The mathematics pairs of RewardBench, of which one response is right; errors as `scores`."""
    return _published(folder / PAIRS, CHOSEN, 2)


def verdicts(folder: Path) -> Verdicts:
    """Verdicts on the right answer beside each wrong one; errors as `scores`.

    All judges have to have judged the same pairs.
    """
    path = folder / VERDICTS
    table = _table(path, JUDGED)
    _known(path, table, "chosen_position", ("A", "B"))
    _known(path, table, "verdict", ("A", "B", ""))
    judges = tuple(dict.fromkeys(table["judge"]))
    prompts = table["prompt_id"].nunique()
    asked = [tuple(own["prompt_id"]) for _, own in table.groupby("judge", sort=False)]
    if len(set(asked)) > 1 or len(asked[0]) % prompts:
        raise DataError(f"{path}: field judge: not all have judged the same pairs; {REMEDY}")
    shape = (len(judges), prompts, len(asked[0]) // prompts)
    ordered = pd.concat(own for _, own in table.groupby("judge", sort=False))
    verdict, place = (ordered[name].to_numpy(str) for name in ("verdict", "chosen_position"))
    chosen = np.where(verdict == "", 0.5, verdict == place).reshape(shape)
    missing = (verdict == "").reshape(shape).sum(axis=(1, 2))
    return Verdicts(judges, chosen, (place == "A").reshape(shape), missing)


def _published(path: Path, right: str, answers: int) -> Published:
    table = _table(path, COLUMNS)
    table["score"] = _numbers(path, table)
    table["model"] = table["model"].replace(SAME)
    names = table.groupby(["model", "prompt_id", "response_id"], sort=False).cumcount()
    table["place"] = names
    keys = ["prompt_id", "response_id", "place"]
    wide = table.set_index([*keys, "model"])["score"].unstack("model", sort=False)
    rows = table[keys].drop_duplicates()
    rows = rows.sort_values("prompt_id", kind="stable", key=lambda ids: pd.factorize(ids)[0])
    wide = wide.reindex(pd.MultiIndex.from_frame(rows))
    partial = wide.columns[wide.isna().any()]
    values, rows = wide.drop(columns=partial), rows.reset_index(drop=True)
    _one_right(path, rows, right, answers)
    return _assembled(path, table, rows, values, list(partial), right)


def _assembled(
    path: Path,
    table: pd.DataFrame,
    rows: pd.DataFrame,
    values: pd.DataFrame,
    partial: list[str],
    right: str,
) -> Published:
    prompt, ids = pd.factorize(rows["prompt_id"])
    answers = len(rows) // len(ids)
    golden, writer = rows["response_id"] == right, rows["response_id"].to_numpy(str)
    number = rows["place"].map(lambda place: f"#{place + 1}" if place else "")
    found = Scores(
        models=(RIGHT, *values.columns),
        values=np.vstack([golden.to_numpy(float), values.to_numpy(float).T]),
        prompt=prompt,
        prompt_ids=np.asarray(ids, dtype=str),
        response_ids=(rows["response_id"] + number).to_numpy(str),
        position=np.tile(np.arange(answers), len(ids)),
        goldens=(RIGHT,),
    )
    told = Input(
        files=(path.name,),
        format="long",
        rows=len(table),
        prompts=len(ids),
        responses=len(rows),
        per_prompt=(answers,) * 3,
        models=found.models,
        notes=_notes(rows, partial),
    )
    return Published(found, writer, told)


def _notes(rows: pd.DataFrame, partial: list[str]) -> tuple[Note, ...]:
    """What is unusual, each kind once and with 0 where there is none."""
    again, unnamed = int((rows["place"] > 0).sum()), int((rows["response_id"] == "").sum())
    return (
        Note("repeated-ids", again, "responses with the id of an earlier one; numbered"),
        Note("empty-ids", unnamed, "responses without an id; kept, their writer is unknown"),
        Note("partial-scorers", len(partial), f"left out, scores lack: {', '.join(partial)}"),
    )


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """All fields as text, so that an empty id stays one."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())}; {REMEDY}") from None
    for name in (*columns, *table.columns):
        if name not in table or name not in columns:
            wrong = "missing" if name not in table else "unknown"
            raise DataError(f"{path}: column {name!r} is {wrong}; {REMEDY}")
    if table.empty:
        raise DataError(f"{path}: holds no rows; {REMEDY}")
    return table


def _numbers(path: Path, table: pd.DataFrame) -> pd.Series:
    found = pd.to_numeric(table["score"], errors="coerce").astype(float)
    _refuse(path, table, "score", ~np.isfinite(found), "is no finite number")
    return found


def _known(path: Path, table: pd.DataFrame, name: str, values: tuple[str, ...]) -> None:
    said = f"is none of {', '.join(map(repr, values))}"
    _refuse(path, table, name, ~table[name].isin(values), said)


def _refuse(path: Path, table: pd.DataFrame, name: str, wrong: pd.Series, said: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        value = table[name].iloc[row]
        raise DataError(f"{path}: row {row + 2}, field {name}: {value!r} {said}; {REMEDY}")


def _one_right(path: Path, rows: pd.DataFrame, right: str, answers: int) -> None:
    """Refuse prompts without exactly one right response, or with another number of responses."""
    prompts = rows.groupby("prompt_id", sort=False)["response_id"]
    found, sizes = prompts.agg(lambda ids: (ids == right).sum()), prompts.size()
    for wrong, told in (
        (found[found != 1], f"responses are {right!r}, and one must be"),
        (sizes[sizes != answers], f"responses, and there must be {answers}"),
    ):
        if len(wrong):
            place = f"prompt {wrong.index[0]!r}, field response_id"
            raise DataError(f"{path}: {place}: {wrong.iloc[0]} {told}; {REMEDY}")
