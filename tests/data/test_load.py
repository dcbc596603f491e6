import json
import os

import pytest

from proxyreward.data.load import load_pairs
from proxyreward.data.pairs import read, write
from proxyreward.data.report import DataError
from proxyreward.data.transcripts import split


def test_a_loaded_frame_can_be_stored(hub_file, make_record, tmp_path):
    path = hub_file(make_record(), make_record(chosen=""))
    frame, report = load_pairs("local", str(path), None, "test", None)
    write(frame, tmp_path / "pairs.parquet")
    assert len(read(tmp_path / "pairs.parquet")) == report.kept == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_format": "hhh"}, "data_format 'hhh' is unknown; did you mean 'hh'"),
        ({"data_format": "oast"}, "did you mean 'oasst'.*Known are dsp, hh, oasst, "),
        ({"split": "dev"}, "split 'dev' is unknown; did you mean .* Known are train, test"),
        ({"source": "hup"}, "source 'hup' is unknown; did you mean 'hub'"),
        ({"name": None}, "data.name is empty"),
        ({"max_records": 0}, "max_records is 0; give 1 or more"),
    ],
)
def test_unknown_settings_are_errors_with_a_remedy(change, message):
    settings = {"source": "local", "name": "x", "subset": None, "split": "test"}
    with pytest.raises(DataError, match=message):
        load_pairs(**(settings | {"max_records": None} | change))


def test_a_file_without_any_usable_record_is_an_error_that_says_why(hub_file):
    path = hub_file(b"{", b'{"chosen": 1}')
    with pytest.raises(DataError, match=r"(?s)no record can be used.*2 records read.*line 1: bad"):
        load_pairs("local", str(path), None, "test", None)


def test_that_message_is_one_line_and_names_what_was_passed_over(jsonl_file):
    tree = {"message_tree_id": "t", "prompt": {"lang": "d\x1b", "replies": []}}
    path = jsonl_file("x.trees.jsonl", tree, tree)
    with pytest.raises(
        DataError, match="all 2 records are in other languages: d.x1b .2."
    ) as caught:
        load_pairs("local", path, "en", "train", None, "oasst")
    assert str(caught.value).isprintable()


def test_a_file_name_that_is_not_utf8_can_be_stored(make_record, tmp_path):
    path = tmp_path / os.fsdecode(b"\xff\x1b.jsonl")
    path.write_text(json.dumps(make_record()))
    frame, report = load_pairs("local", str(path), None, "train", None)
    write(frame, tmp_path / "pairs.parquet")
    json.dumps(report.to_dict(), ensure_ascii=False).encode("utf-8")
    assert str(report).isprintable()


def test_a_given_name_replaces_that_of_the_loader(hub_file, make_record):
    path = str(hub_file(make_record(), make_record()))
    frame, _ = load_pairs("local", path, None, "test", None, "hh", "harmless")
    assert frame["source"].tolist() == ["harmless", "harmless"]


@pytest.mark.parametrize(
    ("data_format", "name", "kept"),
    [
        ("hh", "hh-rlhf/harmless-base/test.jsonl.gz", 2307),
        ("dsp", "dsp/helpful.test.json.gz", 2343),
        ("dsp", "dsp/webgpt.test.json.gz", 656),
        ("oasst", "oasst/en_100_tree.jsonl.gz", 729),
        ("pandalm", "pandalm/testset-v1.json.gz", 888),
        ("squality", "squality/all-responses.jsonl.gz", 299),
    ],
)
def test_real_pairs_of_every_format_follow_the_schema(
    shared_data, data_format, name, kept, tmp_path
):
    frame, _ = load_pairs("local", shared_data(name), None, "test", None, data_format)
    write(frame, tmp_path / "pairs.parquet")
    stored = read(tmp_path / "pairs.parquet")
    assert len(stored) == kept
    # A stored pair is one transcript: no response may read as a turn of its own.
    for prompt, chosen, rejected in zip(
        frame["prompt"], frame["chosen"], frame["rejected"], strict=True
    ):
        assert split(f"{prompt} {chosen}") == (prompt, chosen)
        assert split(f"{prompt} {rejected}") == (prompt, rejected)
