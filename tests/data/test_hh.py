from collections import Counter

import pytest

from proxyreward.data import hh
from proxyreward.data.collect import collect
from proxyreward.data.report import DataError, RecordError


def load(path, subset=None, split="test", max_records=None):
    return collect(hh.opened("local", str(path), subset, split), max_records)


def test_a_record_becomes_a_pair(hub_file, make_transcript):
    talk = ("Hi", "Hello.", "Name a fruit.")
    both = {"chosen": make_transcript(*talk, "Plum. "), "rejected": make_transcript(*talk, "No.")}
    (pair,), report = load(hub_file(both))
    assert pair.prompt == make_transcript(*talk) + "\n\nAssistant:"
    assert (pair.chosen, pair.rejected, pair.source) == ("Plum.", "No.", "harmless-base")
    assert pair.meta == {"file": "harmless-base/test.jsonl.gz", "line": 1}
    assert (report.read, report.kept) == (1, 1)


def test_file_and_folder_give_the_same(hub_file, make_record):
    path = hub_file(make_record(), make_record("Name a tree."))
    assert load(path) == load(path.parent.parent, subset="harmless-base")


def test_one_bad_line_of_each_kind_is_reported_and_the_rest_kept(
    hub_file, make_record, make_transcript
):
    good = make_record()
    bad = {
        b"": ("blank_line", None),
        b'{"chosen": "\xe9"}': ("wrong_encoding", None),
        b"{": ("bad_json", None),
        b"[]": ("not_an_object", None),
    }
    fields = {
        ("missing_field", "rejected"): {"chosen": good["chosen"]},
        ("missing_field", "chosen"): good | {"chosen": None},
        ("not_a_string", "chosen"): good | {"chosen": ["Plum."]},
        ("empty_transcript", "rejected"): good | {"rejected": " "},
        ("no_opening_human", "chosen"): good | {"chosen": "Plum."},
        ("no_final_assistant", "rejected"): good | {"rejected": make_transcript("Hi")},
        ("contexts_differ", "rejected"): good | {"rejected": make_transcript("Hi", "No.")},
        ("carriage_returns", "chosen"): good
        | {"chosen": good["chosen"].replace("\n\n", "\r\n\r\n")},
        ("carriage_returns", "rejected"): good
        | {"rejected": good["rejected"].replace("\n\nA", "\n\r\nA")},
        ("wrong_encoding", "chosen"): good | {"chosen": good["chosen"] + "\ud800"},
    }
    pairs, report = load(hub_file(good, *bad, *fields.values(), good))
    found = [(problem.line, problem.reason, problem.field) for problem in report.problems]
    assert found == [(line, *what) for line, what in enumerate([*bad.values(), *fields], start=2)]
    assert [pair.meta["line"] for pair in pairs] == [1, 16]
    assert report.read == 16 == report.kept + sum(report.rejected.values())


def test_carriage_returns_inside_a_turn_are_text(hub_file, make_record):
    pairs, _ = load(hub_file(make_record(chosen="Plum.\r\n\r\nPear.")))
    assert pairs[0].chosen == "Plum.\r\n\r\nPear."


def test_empty_and_identical_responses_are_kept_and_counted(hub_file, make_record):
    lines = [make_record(chosen=""), make_record(chosen="No."), make_record(chosen="", rejected="")]
    _, report = load(hub_file(*lines))
    assert report.kept == 3
    assert report.flagged == {"control_characters": 0, "empty_response": 2, "identical_pair": 2}


def test_max_records_stops_once_so_many_are_kept(hub_file, make_record):
    pairs, report = load(hub_file(b"{", make_record(), make_record(), b"{"), max_records=1)
    assert (len(pairs), report.read, report.max_records) == (1, 2, 1)


def test_an_unknown_field_of_a_record_does_no_harm(make_record):
    (found,) = hh.comparisons(make_record() | {"id": 3})
    assert (found.chosen, found.rejected) == ("Plum.", "No.")


def test_a_red_team_record_is_malformed():
    with pytest.raises(RecordError, match="missing_field"):
        list(hh.comparisons({"transcript": "\n\nHuman: Hi\n\nAssistant: No.", "rating": 1.0}))


@pytest.mark.parametrize(
    ("subset", "split", "message"),
    [
        ("red-team-attempts", "test", "single rated transcripts, not preference pairs"),
        ("harmless", "test", "unknown; choose one of harmless-base"),
        (None, "test", "is a folder; set data.subset"),
        ("helpful-base", "test", "holds neither .*helpful-base/test.jsonl.gz"),
    ],
)
def test_wrong_names_are_errors_with_the_choices(tmp_path, subset, split, message):
    with pytest.raises(DataError, match=message):
        load(tmp_path, subset, split)


def test_a_file_that_contradicts_subset_or_split_is_an_error(hub_file, make_record):
    path = hub_file(make_record())
    with pytest.raises(DataError, match="lies in 'harmless-base', not in subset 'helpful-base'"):
        load(path, subset="helpful-base")
    with pytest.raises(DataError, match="is the 'test' split, not 'train'"):
        load(path, split="train")


def test_hub_and_local_give_the_same_pairs(hub_file, make_record, monkeypatch, tmp_path):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    path = hub_file(make_record(), {"chosen": "\n\nHuman: Hi"}, make_record("Name a tree."))
    folder = str(path.parent.parent)  # `load_dataset` reads a folder in hub layout like a hub name
    hub, report = collect(hh.opened("hub", folder, "harmless-base", "test"), None)
    local, expected = load(folder, subset="harmless-base")
    assert [(p.prompt, p.chosen, p.rejected, p.source) for p in hub] == [
        (p.prompt, p.chosen, p.rejected, p.source) for p in local
    ]
    assert report.rejected == expected.rejected
    assert report.problems[0].line == 2


def test_a_hub_failure_names_the_data_set_and_a_way_out(monkeypatch):
    datasets = pytest.importorskip("datasets")

    def offline(*args, **kwargs):
        raise ConnectionError("offline")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(DataError, match="some/name .*offline; .*use source 'local'"):
        collect(hh.opened("hub", "some/name", "harmless-base", "test"), None)


def test_the_real_file_has_the_published_counts(real_pairs):
    pairs, report = load(real_pairs)
    assert (report.read, report.kept) == (2312, 2307)
    assert +Counter(report.rejected) == {"contexts_differ": 5}
    assert report.flagged == {"control_characters": 0, "empty_response": 4, "identical_pair": 0}
    assert sum(not pair.chosen for pair in pairs) == 4
