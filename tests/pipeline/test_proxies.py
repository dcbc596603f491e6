"""Reward models of paper *elephant*: which there are, and the tables of what they answer."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from proxyreward.data import variants
from proxyreward.pipeline import proxy_tables
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.proxy_family import VARIED, members, table
from proxyreward.pipeline.typed import build
from proxyreward.vocabulary import EQUAL_SIZE, EVALUATOR, LADDER, LARGE, POOR, SMALL

PROMPT = "\n\nHuman: {}?\n\nAssistant:"


@pytest.fixture(scope="module")
def params(root):
    return build(Params, compose(["scale=smoke"], root / "params"), "params")


@pytest.fixture(scope="module")
def found(params):
    return {one.name: one for one in members(params)}


def test_the_ladder_comes_first_and_a_variant_differs_in_its_pairs_alone(params, found):
    assert list(found) == [*LADDER, *(f"on-{name}" for name in VARIED)]
    for name in VARIED:
        one, large = found[f"on-{name}"], found[LARGE]
        assert Path(one.pairs) == Path("outputs/smoke/cleaning") / f"{name}.parquet"
        assert (one.shape, one.settings, one.seed, one.parts) == (
            large.shape, large.settings, large.seed, large.parts,
        )  # fmt: skip


def test_models_that_ppo_is_run_on_are_of_one_size_and_the_evaluator_is_larger(found):
    sizes = {found[name].shape for name in EQUAL_SIZE}
    assert sizes == {found[LARGE].shape}
    assert found[EVALUATOR].shape.hidden_size > found[LARGE].shape.hidden_size
    assert found[POOR].shape == found[SMALL].shape and found[POOR].parts == (1, 4)


def test_the_table_says_on_what_each_was_trained(params):
    rows = table(params).set_index("rm")
    assert rows.loc["half"].tolist() == ["ladder", "64x2x4", "original", 0.5]
    assert rows.loc["on-useless"].tolist() == ["variant", "64x2x4", "useless", 1.0]


RECORDS = pd.DataFrame(
    {
        "split": ["train", "test", "test", "test", "test"],
        "type": ["same", "vague", "opposite", "toxic", "same"],
        "margin": [9.0, 0.1, -2.0, 3.0, 1.5],
        "source": "mixed",
        "prompt": [PROMPT.format(i) for i in range(5)],
        "chosen": ["a", "b", "c", "d", "e"],
        "rejected": ["A", "B", "C", "D", "E"],
    }
)


def test_the_oracles_margin_is_turned_with_the_label():
    tests = variants.cleaned(RECORDS[RECORDS["split"] == "test"])
    found = proxy_tables.truth(RECORDS, tests)
    assert tests["chosen"].tolist() == ["C", "e"]
    assert found["margin"].tolist() == [2.0, 1.5]
    assert found["type"].tolist() == ["opposite", "same"] and found["pair_id"].tolist() == [0, 1]


def test_scores_come_back_to_the_responses_that_were_asked_about(tmp_path):
    """A model that scores a response by its first letter."""
    tests = variants.as_pairs(RECORDS)
    bench = tests.assign(meta=[{"category": name} for name in "vwxyz"])
    probes = tests.rename(columns={"chosen": "better", "rejected": "worse"})
    asked = {"tests": tests, "bench": bench, "probes": probes.assign(probe="clear")}
    files = proxy_tables.write_asked(asked, tmp_path / "asked")
    (tmp_path / "rm").mkdir()
    for name, path in files.items():
        texts = pd.read_parquet(path)["response"]
        np.save(tmp_path / "rm" / f"{name}.npy", texts.map(ord).to_numpy(np.float32))
    scores = {name: proxy_tables.read_scores({"rm": tmp_path / "rm"}, name) for name in asked}
    found = proxy_tables.answers(asked, scores)
    assert found["margins"].columns.tolist() == ["pair_id", "source", "rm"]
    assert found["margins"]["rm"].tolist() == [32.0] * 5  # "a" is 32 behind "A"
    assert found["bench"]["category"].tolist() == list("vwxyz")
    assert found["probes"]["worse:rm"].tolist() == [float(ord(c)) for c in "ABCDE"]
    assert found["probes"]["better:rm"].dtype == np.float32
    rms = proxy_tables.located(pd.DataFrame({"rm": ["rm"]}), scores["bench"])
    both = [ord(c) for c in "abcdeABCDE"]
    assert rms.loc[0, "median"] == np.median(both) and rms.loc[0, "sd"] == pytest.approx(
        np.std(both)
    )
