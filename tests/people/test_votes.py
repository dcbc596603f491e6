import json

import numpy as np
import pytest

from proxyreward.data.report import DataError
from proxyreward.people import votes
from proxyreward.people.sides import COLUMNS, Key

HEAD = "pair_id,annotator,choice\n"


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key.csv"
    path.write_text(",".join(COLUMNS) + "\n1,chosen,0\n2,rejected,0\n3-2,chosen,0\n")
    return Key.read(path)


@pytest.fixture
def written(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_votes_are_counted_by_pair(written):
    rows = ["1,ann,first", "1,bob,second", "2,ann,tie", "1,cat,first", "2,bob,skip"]
    read = votes.read(written("v.csv", HEAD + "\n".join(rows)), None)
    assert (list(read.ids), read.annotators) == (["1", "2"], ["ann", "bob", "cat"])
    np.testing.assert_array_equal(read.counts(), [[2, 1, 0, 0], [0, 0, 1, 1]])


def test_sides_are_read_by_the_key(written, key):
    text = HEAD + "1,a,A\n2,a,A\n3-2,a,B\n1,b,B\n2,b,tie\n"
    read = votes.read(written("v.csv", text), key)
    assert dict(zip(read.ids, read.counts().tolist())) == {
        "1": [1, 1, 0, 0],
        "2": [0, 1, 1, 0],
        "3-2": [0, 1, 0, 0],
    }


def test_csv_and_json_lines_give_the_same(written):
    rows = [(1, "ann, the first", "first"), ("2", 'b"c', "tie"), (3, "Zoë", "skip")]
    lines = [json.dumps(dict(zip(votes.COLUMNS, row))) for row in rows]
    quoted = '1,"ann, the first",first\r\n2,"b""c",tie\r\n\r\n3,Zoë,skip\r\n'
    one = votes.read(written("v.csv", "\ufeff" + HEAD + quoted), None)
    other = votes.read(written("v.jsonl", "\n\n".join(lines)), None)
    assert (one.ids, one.annotators) == (other.ids, other.annotators)
    np.testing.assert_array_equal(one.choice, other.choice)
    np.testing.assert_array_equal(one.row, [2, 3, 5])
    np.testing.assert_array_equal(other.row, [1, 3, 5])


def test_further_columns_and_their_order_do_not_count(written):
    text = "when,choice,pair_id,annotator\nnow,tie,7,ann\n"
    assert list(votes.read(written("v.csv", text), None).ids) == ["7"]


FAULTS = [  # file, text, what the message tells of place, problem and remedy
    ("v.csv", HEAD + "1,a,first\n1,a,first\n", "row 3, field 'annotator'.*row 2.*delete one"),
    ("v.csv", HEAD + "1,a,first\n2,a,tie\n1,a,second\n", "row 4, .*otherwise.*ask which holds"),
    ("v.csv", HEAD + "1,a,frist\n", "row 2, field 'choice': 'frist' is unknown.*first[?]"),
    ("v.csv", HEAD + "1,a,A\n", "row 2, field 'choice'.*--key"),
    ("v.csv", HEAD + ",a,tie\n", "row 2, field 'pair_id': is empty"),
    ("v.csv", HEAD + "1, ,tie\n", "row 2, field 'annotator': is empty"),
    ("v.csv", HEAD + "1,a\n", "row 2: has 2 cells"),
    ("v.csv", "pair_id,annotator\n1,a\n", "row 1, field 'choice': has no column"),
    ("v.csv", "pair_id,choice,annotator,choice\n", "row 1, field 'choice': has more than one"),
    ("v.csv", HEAD + '1,"a,tie\n', "row 2: is no CSV"),
    ("v.csv", HEAD.encode() + b"1,\xff,tie\n", "row 2: is not UTF-8"),
    ("v.csv", HEAD, "holds no vote"),
    ("v.csv", "", "the file is empty"),
    ("v.csv", HEAD + "1," + "a" * 200_000 + ",tie\n", "row 2: is no CSV .field larger"),
    ("v.jsonl", '{"pair_id": 1, "annotator": "a"}', "row 1, field 'choice': is missing"),
    ("v.jsonl", "[1]", "row 1: not_an_object"),
    ("v.jsonl", "{", "row 1: bad_json"),
    ("v.jsonl", b"\xff", "row 1: wrong_encoding"),
    ("v.jsonl", '{"pair_id": 1.5, "annotator": "a", "choice": "tie"}', "'pair_id': is neither"),
    ("v.jsonl", '{"pair_id": 1, "annotator": null, "choice": "tie"}', "'annotator': is neither"),
    ("v.jsonl", '{"pair_id": 1, "annotator": "\\ud800", "choice": "tie"}', "lone surrogates"),
    ("v.jsonl", '{"pair_id": 1, "pair_id": 1}', "row 1, field 'pair_id': duplicate_key"),
    ("v.json", '[{"pair_id": 1}]', "row 1: holds no annotations; export as JSON"),
    ("v.json", "{}", "holds no JSON array"),
    ("v.txt", HEAD, "is none of .csv"),
    ("v.csv.gz", HEAD, "is not compressed"),
]


@pytest.mark.parametrize(("name", "text", "message"), FAULTS)
def test_faults_name_file_row_field_and_remedy(written, name, text, message):
    with pytest.raises(DataError, match=f"(?s)v[.].*{message}") as caught:
        votes.read(written(name, text), None)
    assert "; " in str(caught.value) and len(str(caught.value)) < 500


def test_a_pair_without_a_key_is_an_error(written, key):
    with pytest.raises(DataError, match="row 2, field 'pair_id': '9' stands not in .*key.csv"):
        votes.read(written("v.csv", HEAD + "9,a,A\n"), key)


def test_an_annotator_of_many_pairs_and_many_of_one_are_no_second_votes(written):
    rows = "".join(f"{pair},{who},first\n" for pair in range(50) for who in "abcd")
    assert (votes.read(written("v.csv", HEAD + rows), None).counts() == [4, 0, 0, 0]).all()
