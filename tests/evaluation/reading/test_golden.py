"""What is taken for the truth: a model, a file, several raters; and what prompts belong to."""

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.evaluation.reading.written import as_csv, rows, table, told, write

from proxyreward.data.report import DataError
from proxyreward.evaluation import reading
from proxyreward.evaluation.scores import RATERS

RATED = ("prompt_id", "response_id", "model", "score", "rater")
RECORDS = [("p", "a", "rm", 1.0), ("p", "b", "rm", 2.0), ("q", "a", "rm", 3.0)]


@pytest.fixture
def files(tmp_path):
    """Function that writes a file of scores and one of golden scores."""

    def written(golden, records=RECORDS, columns=("prompt_id", "response_id", "score")):
        scores = write(tmp_path, "scores.csv", rows(records))
        (tmp_path / "truth.csv").write_bytes(as_csv(rows(golden, columns)))
        return scores, tmp_path / "truth.csv"

    return written


def counts(found):
    return {note.kind: note.count for note in found.notes}


def test_a_golden_file_is_joined_by_ids(files):
    scores, golden = files([("q", "a", 9), ("p", "b", 8), ("p", "z", 7), ("r", "a", 6)])
    read, found = table(scores, golden_file=golden)
    assert read.models == ("rm", "truth") and read.goldens == ("truth",)
    np.testing.assert_array_equal(read.of("truth"), [math.nan, 8, 9])
    assert counts(found) == {"unmatched": 2, "missing-scores": 1, "one-response": 1}
    assert found.files == (str(scores), str(golden)) and found.rows == 7


def test_a_golden_file_may_name_models_and_raters(files):
    columns = ("prompt_id", "response_id", "score", "model", "rater")
    given = [
        ("p", "a", 1, "people", "x"),
        ("p", "a", 2, "people", "y"),
        ("q", "a", 4, "people", "x"),
    ]
    scores, golden = files(given, columns=columns)
    read, _ = table(scores, golden_file=golden)
    assert read.goldens == (RATERS,)
    np.testing.assert_array_equal(read.of(RATERS), [1.5, math.nan, 4])


def test_a_golden_file_without_a_common_id_shows_examples(files):
    scores, golden = files([("P", "A", 1)])
    with pytest.raises(DataError) as caught:
        table(scores, golden_file=golden)
    assert "here an id is 'P' / 'A', there 'p' / 'a'" in str(caught.value)


def test_a_golden_file_with_a_model_of_the_scores(files):
    scores, golden = files(
        [("p", "a", 1, "rm")], columns=("prompt_id", "response_id", "score", "model")
    )
    with pytest.raises(DataError, match="'rm' has scores in the other files too; rename"):
        table(scores, golden_file=golden)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("pq"), st.sampled_from("abc"), st.sampled_from(["x", "y", "z"])),
        st.floats(-10, 10) | st.none(),
        min_size=2,
    )
)
def test_raters_and_their_mean(given):
    """Against a loop over responses."""
    assume(len({key[2] for key in given}) > 1)
    assume(any(value is not None for value in given.values()))
    records = [(*key[:2], "people", value, key[2]) for key, value in given.items()]
    records += [(*pair, "rm", 0.0, "") for pair in sorted({key[:2] for key in given})]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "scores.csv", rows(records, RATED))
        scores, _ = table(path, "people")
    assert scores.goldens == (RATERS,) and set(scores.models) == {RATERS, "rm"}
    for row, (prompt, response) in enumerate(zip(scores.prompt, scores.response_ids)):
        pair = (scores.prompt_ids[prompt], response)
        mine = [v for key, v in given.items() if key[:2] == pair and v is not None]
        expected = sum(mine) / len(mine) if mine else math.nan
        assert scores.of(RATERS)[row] == pytest.approx(expected, nan_ok=True, abs=1e-12)
        known = scores.raters[:, row]
        assert sorted(known[~np.isnan(known)]) == sorted(mine)


def test_one_rater_is_a_model_like_any_other(tmp_path):
    path = write(
        tmp_path, "scores.csv", rows([("p", "a", "m", 1, "x"), ("p", "b", "m", 2, "x")], RATED)
    )
    scores, _ = table(path)
    assert scores.models == ("m",) and scores.raters is None and scores.goldens == ()


@pytest.mark.parametrize(
    "records, part",
    [
        ([("p", "a", m, 1, r) for m in "mn" for r in "xy"], "models 'm' and 'n': have several"),
        ([("p", "a", "m", 1, r) for r in ("x", "y", "")], "some rows name a rater and some none"),
        (
            [("p", "a", "m", 1, r) for r in "xy"] + [("p", "a", RATERS, 1, "")],
            "this is the name of the mean of raters",
        ),
        ([("p", "a", "m", k, "x") for k in (1, 2)] + [("p", "b", "m", 1, "y")], "differs from"),
    ],
)
def test_raters_that_cannot_be_used(tmp_path, records, part):
    path = write(tmp_path, "scores.csv", rows(records, RATED))
    with pytest.raises(DataError) as caught:
        table(path)
    assert part in str(caught.value)


def test_groups_of_prompts_by_usual_or_other_columns(tmp_path):
    columns = ("prompt_id", "response_id", "score", "category", "cluster", "topic")
    records = [
        ("p", "a", 1, "u", "k", "s"),
        ("p", "b", 2, "", "k", "s"),
        ("q", "a", 3, "", "l", "t"),
    ]
    path = write(tmp_path, "scores.csv", rows(records, columns))
    scores, found = table(path)
    assert list(scores.category) == ["u", "(none)"] and list(scores.cluster) == ["k", "l"]
    assert counts(found) == {"unknown-columns": 1, "no-category": 1, "one-response": 1}
    scores, _ = table(path, category="topic", cluster="topic")
    assert list(scores.category) == list(scores.cluster) == ["s", "t"]


def test_length_is_given_or_counted(tmp_path):
    columns = ("prompt_id", "response_id", "score", "response")
    records = [("p", "a", 1, "four"), ("p", "b", 2, "ünï"), ("q", "a", 3, "")]
    scores, _ = table(write(tmp_path, "scores.csv", rows(records, columns)))
    np.testing.assert_array_equal(scores.length, [4, 3, math.nan])
    given = [record[:3] + (length,) for record, length in zip(records, (7, 8.5, None))]
    columns = (*columns[:3], "length")
    scores, _ = table(write(tmp_path, "scores.csv", rows(given, columns)))
    np.testing.assert_array_equal(scores.length, [7, 8.5, math.nan])


def test_a_model_without_any_score_is_left_out_unless_golden(tmp_path):
    records = [*RECORDS, ("p", "a", "empty", None)]
    path = write(tmp_path, "scores.csv", rows(records))
    scores, found = table(path)
    assert scores.models == ("rm",) and counts(found)["empty-models"] == 1
    assert told(scores)["p"]["a"] == {"rm": 1.0}
    with pytest.raises(DataError, match="'empty': has no score at all"):
        table(path, "empty")


def test_prompts_that_are_cut_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST", 3)
    columns = ("prompt_id", "response_id", "score")
    given = [(prompt, k, k) for prompt, most in (("p", 3), ("q", 4), ("r", 9)) for k in range(most)]
    _, found = table(write(tmp_path, "scores.csv", rows(given, columns)))
    assert counts(found) == {"cut-prompts": 2}
    assert "2 prompts have more than 3 responses" in found.notes[0].message
