"""Which answers are hard, and what may be wrong with scores or verdicts.

In: a `Study`. Out: small tables without any text of problems or answers. Called by `measure`.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from proxyreward.evaluation.sample import Sample, ratio_influence
from proxyreward.evaluation.symptoms import half_precision
from proxyreward.findings.real.real_regret.design import HALVES
from proxyreward.findings.real.real_regret.study import ENDS, JUDGE, REWARD_MODEL, Study
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.within_prompt import spearman


def fault_tables(study: Study) -> dict[str, pd.DataFrame]:
    """All tables of this module by name."""
    return {
        "writers": writer_table(study),
        "agreement": agreement_table(study),
        "resolution": resolution_table(study),
        "positions": position_table(study),
        "symptoms": symptom_table(study),
        "alarms": pd.DataFrame({"alarm": study.evaluated.alarms}),
        "counts": count_table(study),
    }


def writer_table(study: Study) -> pd.DataFrame:
    """How often wrong answers of each writer are scored above the right one, ties half.

    Rows kind (of scorers), writer, answers, estimate, low, high: mean over the scorers of a kind,
    with an interval over problems. Answers of an unknown writer are in `count_table`.
    """
    values, writers = study.answers.values, study.writers
    fooled = (np.sign(values[..., 1:] - values[..., :1]) + 1) / 2
    sample, rows = study.sample, []
    for kind in (REWARD_MODEL, JUDGE):
        own = fooled[[study.kind(name) == kind for name in study.scorers]]
        for writer in np.unique(writers[writers != ""]) if len(own) else ():
            wrote = (writers == writer).astype(float)
            share = sample.ratio((own.mean(axis=0) * wrote).sum(axis=1), wrote.sum(axis=1))
            rows.append((kind, writer, int(wrote.sum()), *share))
    return pd.DataFrame(rows, columns=["kind", "writer", "answers", *ENDS])


def agreement_table(study: Study) -> pd.DataFrame:
    """How each reward model orders the *wrong* answers to a problem, against the others.

    Rows scorer, estimate, low, high: mean over the other reward models of Spearman's correlation
    within problems. Scores that a fault has made random agree with nobody.
    """
    sample, rows = study.sample, []
    wrong = study.answers.values[study.places, :, 1:]
    for place, name in enumerate(study.reward_models):
        others = np.delete(wrong, place, axis=0)
        each = spearman(others[..., None, :], wrong[place][:, None, :])
        rows.append((name, *sample.mean(each.mean(axis=0), (-1.0, 1.0))))
    return pd.DataFrame(rows, columns=["scorer", *ENDS])


def resolution_table(study: Study) -> pd.DataFrame:
    """Rows scorer, kind, values, grid, tied, constant.

    How many distinct scores; the half-precision grid that all lie on, or ""; share of wrong answers
    with the score of the right one; problems all of whose answers have one score.
    """
    rows = []
    for name, own in zip(study.scorers, study.answers.values, strict=True):
        tied = float((own[:, 1:] == own[:, :1]).mean())
        constant = int((own == own[:, :1]).all(axis=1).sum())
        grid = half_precision(own.ravel())
        rows.append((name, study.kind(name), len(np.unique(own)), grid, tied, constant))
    columns = ["scorer", "kind", "values", "grid", "tied", "constant"]
    return pd.DataFrame(rows, columns=columns)


def position_table(study: Study) -> pd.DataFrame:
    """Rows judge, quantity, estimate, low, high: accuracy by where the right answer is shown.

    ``first`` and ``second`` are the accuracies, a missing verdict half; ``lean`` is half of their
    difference, the share of choices that the first place gains; ``missing`` counts.
    """
    verdicts, sample, rows = study.verdicts, study.sample, []
    parts = zip(verdicts.judges, verdicts.chosen, verdicts.first, verdicts.missing, strict=True)
    for judge, chosen, first, missing in parts:
        rows += [(judge, *each) for each in flat(_by_place(chosen, first, sample))]
        rows.append((judge, "missing", int(missing), np.nan, np.nan))
    return pd.DataFrame(rows, columns=["judge", "quantity", *ENDS])


def symptom_table(study: Study) -> pd.DataFrame:
    """Rows file, scorer, kind, alarming, message: what the tool says of the scores alone."""
    both = (("RewardMATH", study.evaluated), ("RewardBench", study.before))
    rows = [
        (name, one.model, one.kind, one.alarming, one.message)
        for name, found in both
        for one in found.symptoms
    ]
    return pd.DataFrame(rows, columns=["file", "scorer", "kind", "alarming", "message"])


def count_table(study: Study) -> pd.DataFrame:
    """Rows file, what, count: what was read, and everything that is unusual or was left out."""
    rows = []
    for name, told in (("RewardMATH", study.new.told), ("RewardBench", study.old.told)):
        counts = {"scores": told.rows, "problems": told.prompts, "answers": told.responses}
        counts |= {"scorers": len(told.models) - 1}
        counts |= {note.kind: note.count for note in told.notes}
        rows += [(name, what, count) for what, count in counts.items()]
    rows.append(("RewardMATH", "verdicts", study.verdicts.chosen.size))
    rows.append(("RewardMATH", "test sets", 2 * HALVES))
    return pd.DataFrame(rows, columns=["file", "what", "count"])


def flat(own: dict[str, Interval]) -> Iterator[tuple[str, float, float, float]]:
    """Rows quantity, estimate, low, high."""
    return ((name, *interval) for name, interval in own.items())


def _by_place(chosen: np.ndarray, first: np.ndarray, sample: Sample) -> dict[str, Interval]:
    """Accuracies and lean of one judge from (problems, pairs)."""
    found, influence = {}, []
    for name, place in (("first", first), ("second", ~first)):
        above, below = (chosen * place).sum(axis=1), place.sum(axis=1).astype(float)
        found[name] = sample.ratio(above, below, (0.0, 1.0))
        influence.append(np.nan_to_num(ratio_influence(above, below)))
    lean = (found["first"].estimate - found["second"].estimate) / 2
    found["lean"] = sample.interval(lean, (influence[0] - influence[1]) / 2)
    return found
