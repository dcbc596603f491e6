"""The loader of PandaLM's test set, on records in its published format."""

import gzip
import json

import numpy as np
import pytest

from proxyreward.data import pandalm
from proxyreward.data.collect import collect
from proxyreward.data.report import DataError


def entry(labels=(1, 1, 1), **change):
    people = {f"annotator{i}": label for i, label in enumerate(labels, start=1)}
    return {
        "idx": 0,
        "motivation_app": "Made up",
        "cmp_key": "one_other",
        "instruction": "Name a fruit.",
        "input": "",
        "response1": "A plum. ",
        "response2": "A stone.",
        **people,
        **change,
    }


@pytest.fixture
def load(tmp_path):
    def read(*entries, find=pandalm.comparisons):
        path = tmp_path / "testset-v1.json.gz"
        path.write_bytes(gzip.compress(json.dumps(entries).encode()))
        return collect(pandalm.opened("local", str(path), None, "test")._replace(find=find), None)

    return read


@pytest.mark.parametrize(
    ("labels", "chosen", "own"),
    [
        ((1, 1, 2), "A plum.", [1, 1, 2]),
        ((2, 1, 2), "A stone.", [1, 2, 1]),
        ((2, 2, 0), "A stone.", [1, 1, 0]),
    ],
)
def test_two_of_three_decide_and_labels_are_told_from_the_chosen(load, labels, chosen, own):
    [[pair], _] = load(entry(labels))
    assert (pair.chosen, pair.meta["labels"], pair.source) == (chosen, own, "pandalm")
    assert {pair.chosen, pair.rejected} == {"A plum.", "A stone."}


@pytest.mark.parametrize("labels", [(1, 2, 0), (1, 0, 0), (0, 0, 0)])
def test_a_tie_is_a_vote_for_nobody(load, labels):
    _, report = load(entry(labels))
    assert report.rejected["tie"] == 1
    [[pair], _] = load(entry(labels), find=pandalm.as_shown)
    assert (pair.chosen, pair.rejected) == ("A plum.", "A stone.")
    assert pair.meta["labels"] == list(labels)


def test_a_request_may_stand_in_the_input_alone(load):
    asked = [("Name it.", "Plum, apple"), (" ", "Plum, apple"), ("", " ")]
    pairs, report = load(*(entry(instruction=one, input=other) for one, other in asked))
    prompts = [pair.prompt.removesuffix("\n\nAssistant:") for pair in pairs]
    assert prompts == ["\n\nHuman: Name it.\n\nPlum, apple", "\n\nHuman: Plum, apple"]
    assert report.rejected["empty_request"] == 1


def test_responses_that_are_no_text_are_refused_and_empty_ones_kept(load):
    pairs, report = load(entry(response1=True), entry(response2=""), entry((0, 0, 0)))
    assert [pair.rejected for pair in pairs] == [""]
    assert report.rejected["not_a_string"] == 1 and report.flagged["empty_response"] == 1
    assert report.problems[0].field == "response1" and report.problems[0].line == 1


@pytest.mark.parametrize(
    ("label", "reason"),
    [(3, "out_of_range"), (0.5, "bad_label"), ("1", "not_a_number"), (True, "not_a_number")],
)
def test_a_label_that_is_none(load, label, reason):
    _, report = load(entry(annotator2=label))
    assert report.rejected[reason] == 1 and report.problems[0].field == "annotator2"


def test_only_a_file_without_subset():
    with pytest.raises(DataError, match="github.com/WeOpenML/PandaLM"):
        pandalm.opened("hub", "x", None, "test")
    with pytest.raises(DataError, match="has none"):
        pandalm.opened("local", "x.json", "en", "test")


def test_the_published_file(shared_data):
    path = str(shared_data("pandalm/testset-v1.json.gz"))
    opened = pandalm.opened("local", path, None, "test")._replace(find=pandalm.as_shown)
    pairs, report = collect(opened, None)
    assert (report.read, report.kept, report.rejected["not_a_string"]) == (999, 993, 6)
    assert report.flagged["empty_response"] == 54
    labels = np.array([pair.meta["labels"] for pair in pairs])
    assert labels.shape == (993, 3) and set(labels.ravel()) == {0, 1, 2}
