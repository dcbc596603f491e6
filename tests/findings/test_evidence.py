import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.evidence import Evidence, at_n, write


def test_written_evidence_reads_back(evidence, tmp_path):
    write(vars(evidence), tmp_path)
    again = Evidence.read(tmp_path)
    assert again.names("parts") == ["part-1", "part-2", "flip-0.00"]
    np.testing.assert_array_equal(again.pairs(), evidence.pairs())
    np.testing.assert_allclose(again.ndr("ppo"), evidence.ndr("ppo"), rtol=1e-5)


def test_pairs_are_the_scores_of_both_sides(evidence):
    scores = evidence.pairs()
    name = evidence.names()[2]
    row = evidence.bench[(evidence.bench["pair_id"] == 7) & (evidence.bench["side"] == 1)]
    assert scores.shape == (6, 80, 2) and scores[2, 7, 1] == row[name].iloc[0]


def test_a_test_set_has_the_responses_of_a_prompt_in_a_row(evidence):
    tests = evidence.testset()
    name = evidence.names()[3]
    rows = evidence.tests[evidence.tests["variant"] == "original"]
    mine = rows[(rows["prompt_id"] == 11) & (rows["source"] == "blunt")][name]
    np.testing.assert_array_equal(tests.labels[3, 11, tests.sources == "blunt"], mine)
    assert list(tests.categories[:3]) == ["Chat", "ChatHard", "Code"]


def test_ndr_is_in_the_order_of_the_family(evidence):
    matrix = evidence.ndr("ppo", kl_coef=0.1)
    names = evidence.names()
    rows = evidence.policies("ppo", kl_coef=0.1, training="joint", category="all")
    row = rows[(rows["golden"] == names[4]) & (rows["proxy"] == names[1])]
    assert matrix[4, 1] == row["ndr"].iloc[0]
    assert (np.diagonal(matrix) == 1).all()


def test_what_is_not_there_is_named(evidence):
    with pytest.raises(KeyError, match="no family 'sizes'"):
        evidence.names("sizes")
    with pytest.raises(KeyError, match="no test set 'poems'"):
        evidence.testset("poems")
    with pytest.raises(KeyError, match="no policies of ppo"):
        evidence.ndr("ppo", kl_coef=3.0)
    with pytest.raises(ValueError, match=r"choose one of \[4, 16\]"):
        evidence.ndr("best-of-n", n=5)


def test_zero_stands_for_the_largest_n():
    table = pd.DataFrame({"n": [2, 8, 4], "x": [1, 2, 3]})
    assert at_n(table)["x"].tolist() == [2] and at_n(table, 4)["x"].tolist() == [3]
