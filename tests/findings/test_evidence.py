import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking.evidence import Evidence, at_n, rounded, square, write


@pytest.fixture
def folder(evidence, tmp_path):
    write(vars(evidence), tmp_path)
    return tmp_path


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


@pytest.mark.parametrize("family", ["main", "architectures", "parts"])
def test_ndr_is_in_the_order_of_the_family(evidence, family):
    rows = evidence.policies("best-of-n", family=family, policy="initial", category="all")
    names, of = evidence.names(family), rows.set_index(["golden", "proxy"])["ndr"]
    expected = [[of[golden, proxy] for proxy in names] for golden in names]
    np.testing.assert_array_equal(square(rows, "ndr", names), expected)
    if family == "main":
        np.testing.assert_array_equal(evidence.ndr("best-of-n"), expected)
    assert (np.diagonal(expected) == 1).all()


def test_what_is_not_there_is_named(evidence):
    with pytest.raises(KeyError, match="no family 'sizes'"):
        evidence.names("sizes")
    with pytest.raises(KeyError, match="no test set 'poems'"):
        evidence.testset("poems")
    with pytest.raises(KeyError, match="no policies of ppo"):
        evidence.policies("ppo", kl_coef=3.0)
    with pytest.raises(ValueError, match=r"choose one of \[4, 16\]"):
        evidence.ndr("best-of-n", n=5)


def test_zero_stands_for_the_largest_n():
    table = pd.DataFrame({"n": [2, 8, 4], "x": [1, 2, 3]})
    assert at_n(table)["x"].tolist() == [2] and at_n(table, 4)["x"].tolist() == [3]


def changed(path, change):
    """Write a table again after a change."""
    if path.suffix == ".parquet":
        change(pd.read_parquet(path)).to_parquet(path, index=False)
    else:
        change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def test_written_evidence_reads_back_whatever_the_names_look_like(evidence, folder):
    old = evidence.names()
    new = dict(zip(old, ["007", "nan", "1e3", "NA", "None", "-0"]))
    for name in ("rms", "own", "regret", "curves", "runs"):
        changed(folder / f"{name}.csv", lambda table: table.replace(new))
    for name in ("bench", "tests"):
        changed(folder / f"{name}.parquet", lambda table: table.rename(columns=new))
    again = Evidence.read(folder)
    assert again.names() == list(new.values())
    assert again.names("parts") == ["part-1", "part-2", "007"]
    np.testing.assert_allclose(again.pairs(), evidence.pairs(), atol=2e-3)
    np.testing.assert_allclose(again.own_accuracy(), evidence.own_accuracy(), rtol=1e-5)
    np.testing.assert_allclose(again.ndr("ppo"), evidence.ndr("ppo"), rtol=1e-5)
    assert again.runs["message"].tolist() == [""] * len(again.runs)


@pytest.mark.parametrize("scale", [1e-3, 1, 300])
def test_scores_are_rounded_to_a_thousandth_of_their_sd(scale):
    rng = np.random.default_rng(2)
    scores = pd.Series(scale * (5 + rng.normal(size=4000)))
    found = rounded(scores)
    assert found.dtype == np.float32
    assert abs(found - scores).max() <= scores.std() / 2000 * (1 + 1e-3)
    assert found.nunique() < 4 * 2 * 2000  # 4 sd to either side, in steps of 1/2000 sd at least
    pd.testing.assert_series_equal(rounded(found), found)
    whole = pd.Series([3, 1, 2])
    pd.testing.assert_series_equal(rounded(whole), whole)
    assert rounded(pd.Series([0.5, 0.5])).notna().all()


def without(column):
    return lambda table: table.drop(columns=column)


def filled(column, value):
    return lambda table: table.assign(**{column: value})


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        ("rms.csv", without("flip_rate"), "column 'flip_rate' is missing"),
        ("regret.csv", without("golden"), "column 'golden' is missing"),
        ("regret.csv", filled("ndr", "much"), "column 'ndr' holds something else than numbers"),
        ("regret.csv", lambda table: table[:0], "no rows"),
        ("tests.parquet", filled("source", 3), "column 'source' holds something else than text"),
        ("tests.parquet", without("flip-0.09"), "column 'flip-0.09' is missing"),
        ("bench.parquet", filled("arch-16x1", "high"), "'arch-16x1' holds something else than num"),
        ("bench.parquet", filled("side", True), "column 'side' holds something else than numbers"),
    ],
)
def test_a_damaged_table_is_told_with_its_column_and_the_remedy(folder, file, change, problem):
    changed(folder / file, change)
    with pytest.raises(ValueError, match=rf"{file}: .*{problem}.*; `dvc repro` writes it again$"):
        Evidence.read(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'a,b\n"1', b"a,b\n1,2,3\n1,2,3,4\n"])
@pytest.mark.parametrize("file", ["rms.csv", "tests.parquet"])
def test_bytes_that_are_no_table_are_one_line(folder, file, content):
    (folder / file).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{file}: .*`dvc repro`") as error:
        Evidence.read(folder)
    assert "\n" not in str(error.value)


def test_tables_and_rows_that_are_gone_are_noticed(folder):
    changed(folder / "tests.parquet", lambda table: table.drop(index=3))
    changed(folder / "bench.parquet", lambda table: table[:-1])
    again = Evidence.read(folder)
    with pytest.raises(ValueError, match="not every prompt of 'original'"):
        again.testset()
    with pytest.raises(ValueError, match="lacks a side"):
        again.pairs()
    (folder / "curves.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"curves\.csv: no such table; `dvc repro`"):
        Evidence.read(folder)
