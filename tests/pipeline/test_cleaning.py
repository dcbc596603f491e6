"""The stage that draws, judges and cleans records: what it leaves for others."""

import pandas as pd
import pytest

from proxyreward.data import pairs
from proxyreward.data.transcripts import last_request
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.stages import cleaning
from proxyreward.pipeline.typed import build
from proxyreward.vocabulary import SUBSETS, TRAIN
from proxyreward.world.build import as_transcript
from proxyreward.world.mixture import reserved

WORDS = ["scale=smoke", "cleaning.records=60", "cleaning.test_records=20"]


def folder(root, place, bench):
    """What the stage leaves where these prompts are asked elsewhere; below `place`."""
    params = build(Params, compose(WORDS, root / "params"), "params")
    (place / "outputs/smoke/data").mkdir(parents=True)
    frame = pd.DataFrame({"prompt": [as_transcript(text) for text in bench]})
    frame.to_parquet(place / "outputs/smoke/data/bench.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        cleaning.run(params)
    return place / "outputs/smoke/cleaning"


@pytest.fixture(scope="module")
def bench():
    return sorted(reserved(0))[::2]


@pytest.fixture(scope="module")
def written(root, tmp_path_factory, bench):
    return folder(root, tmp_path_factory.mktemp("run"), bench)


def test_every_training_set_is_a_file_of_pairs(written):
    records = pd.read_parquet(written / cleaning.RECORDS)
    names = {path.stem for path in written.glob("*.parquet")} - {"records", "tests"}
    others = {"cost", "clean-and-more"}  # which hold other records
    assert {"original", "clean", "one-judge", "four-judges"} | others <= names
    assert len(names - others) == 10
    for name in names - others:
        frame = pairs.read(written / f"{name}.parquet")
        assert set(frame["prompt"]) <= set(records.loc[records["split"] == TRAIN, "prompt"])


def test_cleaned_tests_name_their_subset(written):
    records, tests = pd.read_parquet(written / cleaning.RECORDS), written / cleaning.TESTS
    kept = records[(records["split"] != TRAIN) & records["type"].isin(["same", "opposite"])]
    found = pairs.read(tests)["source"]
    assert found.tolist() == kept["source"].tolist() and set(found) == set(SUBSETS)


def test_nothing_is_asked_that_is_asked_elsewhere(written, bench):
    records = pd.read_parquet(written / cleaning.RECORDS)
    assert not set(records["prompt"].map(last_request)) & set(bench)


def test_the_same_run_leaves_the_same_bytes(root, tmp_path, written, bench):
    again = folder(root, tmp_path, bench)
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {
        p.name: p.read_bytes() for p in written.iterdir()
    }
