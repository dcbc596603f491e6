import json
from collections import Counter

import pytest

from proxyreward.data import dsp
from proxyreward.data.collect import collect
from proxyreward.data.report import DataError


def hashed(question, answer):
    return f"## Human:\n{question}\n\n## Assistant:\n{answer}"


def entry(scores=(1.5, 0.5), texts=None, **change):
    texts = texts or [hashed("A plum?\n\n", "Yes."), hashed("A plum?\n\n", " No.")]
    return {"text": list(texts), "score": list(scores)} | change


@pytest.fixture
def array_file(tmp_path):
    def write(*entries, name="webgpt.test.json"):
        (tmp_path / name).write_text(json.dumps(entries))
        return str(tmp_path / name)

    return write


def load(path, split="test", max_records=None):
    return collect(dsp.opened("local", path, None, split), max_records)


def test_the_higher_score_is_chosen_and_hashed_markers_become_those_of_hh(array_file):
    first, second = load(array_file(entry(), entry((0, 2))))[0]
    assert first.prompt == "\n\nHuman: A plum?\n\nAssistant:"
    assert (first.chosen, first.rejected, first.meta["grade"]) == ("Yes.", "No.", 1.0)
    assert (second.chosen, second.rejected, second.meta["grade"]) == ("No.", "Yes.", 2)
    assert first.source == "webgpt"


def test_a_conversation_in_hashed_markers_keeps_all_its_turns(array_file):
    talk = hashed("Hi", "Hello.") + "\n\n"
    texts = [talk + hashed("A plum?", "Yes."), talk + hashed("A plum?", "No.")]
    (pair,), _ = load(array_file(entry(texts=texts)))
    assert pair.prompt == ("\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: A plum?\n\nAssistant:")


def test_transcripts_in_hh_markers_are_read_as_they_stand(array_file, make_transcript):
    texts = [make_transcript("Hi ", "Yes."), make_transcript("Hi ", "No.")]
    (pair,), _ = load(array_file(entry(texts=texts), name="helpful.train.json"), split="train")
    assert pair.prompt == "\n\nHuman: Hi \n\nAssistant:"
    assert pair.source == "helpful"


def test_ties_are_dropped_and_counted(array_file):
    pairs, report = load(array_file(entry((1, 1)), entry(), entry((0.0, 0))))
    assert (len(pairs), report.read, report.rejected["tie"]) == (1, 3, 2)
    assert [p.line for p in report.problems] == [1, 3]


def test_one_bad_entry_of_each_kind_is_reported_and_the_rest_kept(array_file, make_transcript):
    yes = hashed("A plum?", "Yes.")
    bad = {
        ("not_an_object", None): ["Yes.", "No."],
        ("missing_field", "text"): {"score": [1, 0]},
        ("not_a_list", "text"): entry(text="Yes."),
        ("not_two", "text"): entry(texts=[yes]),
        ("not_two", "score"): entry((1, 0, 0)),
        ("not_a_string", "text.1"): entry(texts=[yes, 3]),
        ("contexts_differ", "text.1"): entry(texts=[yes, hashed("A pear?", "No.")]),
        ("turn_marker", "text.0"): entry(texts=[yes + "\n\nHuman: Why?", yes]),
        ("no_opening_human", "text.0"): entry(texts=["A plum?", yes]),
        ("no_opening_human", "text.1"): entry(texts=[yes, "## Assistant:\nNo."]),
        ("carriage_returns", "text.0"): entry(texts=[yes.replace("\n", "\r\n"), yes]),
        ("carriage_returns", "text.1"): entry(texts=[yes, "\r\rHuman: A?\r\rAssistant: No."]),
        ("no_final_assistant", "text.0"): entry(texts=[make_transcript("Hi"), yes]),
        ("not_a_number", "score.1"): entry((1, None)) | {"score": [1, float("nan")]},
    }
    pairs, report = load(array_file(entry(), *bad.values(), entry()))
    assert [(p.reason, p.field) for p in report.problems] == list(bad)
    assert len(pairs) == 2
    assert report.read == 16 == report.kept + sum(report.rejected.values())


def test_max_records_stops_once_so_many_are_kept(array_file):
    pairs, report = load(array_file(entry((1, 1)), entry(), entry()), max_records=1)
    assert (len(pairs), report.read) == (1, 2)


def test_the_hub_and_another_split_are_refused(array_file):
    with pytest.raises(DataError, match="'dsp' is not on the hub; download .*Linear95/DSP"):
        collect(dsp.opened("hub", "Linear95/DSP", None, "test"), None)
    with pytest.raises(DataError, match="is the 'test' split, not 'train'"):
        load(array_file(entry()), split="train")


def test_the_real_helpful_file_has_the_published_counts(shared_data):
    pairs, report = load(shared_data("dsp/helpful.test.json.gz"))
    assert (report.read, report.kept) == (2352, 2343)
    assert +Counter(report.rejected) == {"contexts_differ": 9}
    assert report.flagged == {"control_characters": 0, "empty_response": 4, "identical_pair": 0}
    assert {pair.source for pair in pairs} == {"helpful"}


def test_the_real_webgpt_file_has_the_published_counts(shared_data):
    pairs, report = load(shared_data("dsp/webgpt.test.json.gz"))
    assert (report.read, report.kept) == (901, 656)
    assert +Counter(report.rejected) == {"tie": 245}
    assert Counter(pair.meta["grade"] for pair in pairs) == {1.0: 491, 2.0: 165}
    assert len({pair.prompt for pair in pairs}) == 656
