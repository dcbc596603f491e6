"""Pairwise verdicts become scores by the model of Bradley and Terry."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, root_scalar
from tests.evaluation.reading.written import WRITERS, rows, table, told, write

from proxyreward.data.report import DataError
from proxyreward.evaluation.reading.verdicts import PENALTY, strengths

COLUMNS = ("prompt_id", "response_a", "response_b", "winner", "judge")


def scored(folder, verdicts, name="verdicts.csv"):
    """Scores by response of one prompt and judge."""
    path = folder / name
    path.write_bytes(WRITERS["scores.csv"](rows(verdicts, COLUMNS)))
    scores, _ = table(path)
    return {r: next(iter(by.values())) for r, by in told(scores)["p"].items()}


def loss(s, wins):
    """Penalised negative log likelihood, written out."""
    return PENALTY * (s**2).sum() + (wins * np.logaddexp(0, s[None, :] - s[:, None])).sum()


@pytest.mark.parametrize("wins", [1, 2, 7])
def test_a_response_that_never_loses_stays_finite(wins):
    """Of two responses: wins / (1 + exp(2 s)) = 2 PENALTY s, and the other has -s."""
    found = strengths(np.array([[0.0, wins], [0.0, 0.0]]))
    expected = root_scalar(lambda s: wins / (1 + np.exp(2 * s)) - 2 * PENALTY * s, bracket=[0, 50])
    np.testing.assert_allclose(found, [expected.root, -expected.root], atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_strengths_maximise_the_penalised_likelihood(k, seed):
    wins = np.random.default_rng(seed).integers(0, 5, (k, k)) / 2
    np.fill_diagonal(wins, 0)
    wins[0, 1] += 1
    best = minimize(loss, np.zeros(k), args=(wins,), method="BFGS", options={"gtol": 1e-10})
    np.testing.assert_allclose(strengths(wins), best.x, atol=2e-5)


def test_winners_are_letters_in_any_case_ids_or_ties(tmp_path):
    one = scored(tmp_path, [("p", "x", "y", "a", "j"), ("p", "z", "y", "b", "j")])
    other = scored(tmp_path, [("p", "x", "y", "x", "j"), ("p", "z", "y", " B ", "j")])
    assert one == other
    assert one["x"] > one["y"] > one["z"]
    tied = scored(tmp_path, [("p", "x", "y", "Tie", "j")])
    assert tied == {"x": 0.0, "y": 0.0}


def test_winners_in_the_words_of_chatbot_arena(tmp_path):
    letters = scored(tmp_path, [("p", "x", "y", "a", "j"), ("p", "z", "y", "b", "j")])
    words = [("p", "x", "y", "model_a", "j"), ("p", "z", "y", "model_b", "j")]
    assert scored(tmp_path, words) == letters
    assert scored(tmp_path, [("p", "x", "y", "tie (bothbad)", "j")]) == {"x": 0.0, "y": 0.0}


def test_a_tie_is_half_a_win_to_both_and_orders_are_two_verdicts(tmp_path):
    swapped = scored(tmp_path, [("p", "x", "y", "x", "j"), ("p", "y", "x", "y", "j")])
    assert swapped == {"x": 0.0, "y": 0.0}
    twice = scored(tmp_path, [("p", "x", "y", "x", "j")] * 2)
    once = scored(tmp_path, [("p", "x", "y", "x", "j")])
    assert twice["x"] > once["x"]


def test_responses_with_the_same_verdicts_tie_exactly(tmp_path):
    found = scored(tmp_path, [("p", "right", str(k), "a", "j") for k in range(9)])
    assert len({found[str(k)] for k in range(9)}) == 1
    assert list(found) == ["right", *map(str, range(9))]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("pq"),
            st.permutations("uvwx").map(lambda order: order[:2]),
            st.sampled_from(["a", "b", "tie"]),
            st.sampled_from("jk"),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_every_prompt_and_judge_is_fitted_alone(drawn):
    """Against a loop over prompts and judges with a matrix of wins each."""
    verdicts = [(prompt, *pair, winner, judge) for prompt, pair, winner, judge in drawn]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "scores.jsonl", rows(verdicts, COLUMNS))
        scores, found = table(path)
    assert found.rows == len(verdicts)
    read = told(scores)
    for prompt, judge in {(one[0], one[4]) for one in verdicts}:
        mine = [one for one in verdicts if (one[0], one[4]) == (prompt, judge)]
        names = list(dict.fromkeys(name for one in mine for name in one[1:3]))
        wins = np.zeros((len(names),) * 2)
        for _, a, b, winner, _ in mine:
            share = {"a": 1, "b": 0, "tie": 0.5}[winner]
            wins[names.index(a), names.index(b)] += share
            wins[names.index(b), names.index(a)] += 1 - share
        expected = strengths(wins)
        for name, strength in zip(names, expected):
            assert read[prompt][name][judge] == pytest.approx(strength, abs=2e-6)


def test_without_a_judge_the_file_is_the_judge(tmp_path):
    path = tmp_path / "opus.csv"
    path.write_text("prompt_id,response_a,response_b,winner\np,x,y,a\np,x,z,\n")
    scores, found = table(path)
    assert scores.models == ("opus",) and scores.verdicts
    assert list(scores.response_ids) == ["x", "y"]
    assert [(note.kind, note.count) for note in found.notes] == [("missing-verdicts", 1)]


@pytest.mark.parametrize(
    "row, part",
    [
        ("p,x,y,neither", "row 2, field 'winner': is none of a, b, tie"),
        ("p,x,y,z", "row 2, field 'winner': is none of a, b, tie"),
        ("p,b,a,a", "row 2, field 'winner': is the id of one response and the word for the other"),
        ("p,model_b,y,model_b", "row 2, field 'winner': is the id of one response and the word"),
        ("p,x,x,a", "row 2, field 'response_b': is compared with itself"),
        ("p,x,,a", "row 2, field 'response_b': is empty"),
        ("p,x,y,", "holds no scores"),
    ],
)
def test_verdicts_that_cannot_be_used(tmp_path, row, part):
    path = tmp_path / "verdicts.csv"
    path.write_text(f"prompt_id,response_a,response_b,winner\n{row}\n")
    with pytest.raises(DataError) as caught:
        table(path)
    assert part in str(caught.value)


def test_letters_that_are_ids_of_their_own_response_are_clear(tmp_path):
    found = scored(tmp_path, [("p", "a", "b", "a", "j")])
    assert found["a"] > found["b"]
