import gzip

import pytest

from proxyreward.data import fields
from proxyreward.data.jsonl import entries, lines, parse
from proxyreward.data.report import DataError, RecordError


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_lines_are_counted_from_one_in_the_decompressed_file(tmp_path, name):
    data = b'{"a": 1}\n\n\xff\n{"b": 2}'
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert list(lines(tmp_path / name)) == [
        (1, b'{"a": 1}\n'),
        (2, b"\n"),
        (3, b"\xff\n"),
        (4, b'{"b": 2}'),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_record(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(b"\xef\xbb\xbf{}\r\n")
    assert [parse(raw) for _, raw in lines(tmp_path / "x.jsonl")] == [{}]


def test_a_truncated_gzip_file_is_an_error_that_names_it(tmp_path):
    whole = gzip.compress(b'{"a": "plum"}\n' * 50)
    (tmp_path / "x.jsonl.gz").write_bytes(whole[:-12])
    with pytest.raises(DataError, match=r"x\.jsonl\.gz: the gzip data end or break.*again"):
        list(lines(tmp_path / "x.jsonl.gz"))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.csv", b"a", "rename or convert"),
        ("absent.jsonl", None, "no such file"),
        ("x.jsonl", b"", "the file is empty"),
        ("x.jsonl.gz", gzip.compress(b""), "the file is empty"),
    ],
)
def test_unusable_files_are_errors_with_a_remedy(tmp_path, name, data, message):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message):
        list(lines(tmp_path / name))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b" \n", "blank_line"),
        (b'{"chosen": "caf\xe9"}', "wrong_encoding"),
        ('{"chosen": "é"}'.encode("utf-16"), "wrong_encoding"),
        (b'{"chosen": ', "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b'["a", "b"]', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"a": 1, "b": 2, "a": 1}', "duplicate_key"),
        (b'{"a": 1e9999999999999999999999, "b": ' + b"9" * 5000 + b"}", "bad_json"),
    ],
)
def test_bad_lines_carry_their_reason(raw, reason):
    with pytest.raises(RecordError) as caught:
        parse(raw)
    assert caught.value.reason == reason


def test_an_object_that_repeats_a_key_is_at_fault_wherever_it_is_read():
    record = parse(b'{"good": {"a": 1}, "bad": [{"a": 1, "b": 2, "b": 2}]}')
    assert fields.number(record, "good", "a") == 1
    for path in (("bad", 0), ("bad", 0, "a")):
        with pytest.raises(RecordError) as caught:
            fields.value(record, *path)
        assert (caught.value.reason, caught.value.field) == ("duplicate_key", "b")


def test_entries_of_an_array_are_counted_from_one(tmp_path):
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b'[{"a": 1},\n 2]'))
    assert list(entries(tmp_path / "x.json.gz")) == [(1, {"a": 1}), (2, 2)]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.json", b'{"a": 1}', "holds no JSON array"),
        ("x.json", b"[1, 2", "bad_json; the file must be one JSON array"),
        ("x.json", b"[\xff]", "wrong_encoding; the file must be"),
        ("x.jsonl", b"[]", "rename or convert"),
    ],
)
def test_a_file_that_is_no_array_is_an_error(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message):
        list(entries(tmp_path / name))
