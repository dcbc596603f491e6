import gzip
import lzma
import os

import pytest

from proxyreward.data.jsonl import entries, lines
from proxyreward.data.report import DataError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
RECORD = b'{"a": "plum"}\n'


def message(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    read = lines if "jsonl" in name else entries
    with pytest.raises(DataError) as caught:
        list(read(tmp_path / name))
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    return str(caught.value)


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.json", "x.json.gz"])
def test_a_pointer_is_called_one(tmp_path, name):
    assert "Git LFS pointer, not the data; run git lfs pull" in message(tmp_path, name, POINTER)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (RECORD, "is not compressed; drop .gz from its name"),
        (b"PK\x03\x04rest", "is a zip archive; unpack it"),
        (lzma.compress(RECORD), "is compressed with xz; unpack it"),
        (b"\x28\xb5\x2f\xfdrest", "is compressed with zstd; unpack it"),
        (b"BZh91AY", "is compressed with bzip2; unpack it"),
        (b"PAR1rest", "is a parquet file; write its rows as JSON"),
        (b"<!DOCTYPE html>", "is a web page, not the data; download the raw file"),
        (gzip.compress(gzip.compress(RECORD)), "is gzipped twice; unpack it once"),
        (gzip.compress(POINTER), "unpacked, it is a Git LFS pointer"),
    ],
)
def test_a_gz_file_that_is_something_else_says_what(tmp_path, data, told):
    assert told in message(tmp_path, "x.jsonl.gz", data)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(RECORD), "is gzipped; add .gz to its name"),
        (b"PK\x03\x04rest", "is a zip archive; unpack it"),
        (RECORD.decode().encode("utf-16"), "UTF-16 or UTF-32; save it as UTF-8"),
        (RECORD.decode().encode("utf-16-le"), "UTF-16 or UTF-32; save it as UTF-8"),
        (RECORD.decode().encode("utf-16-be"), "UTF-16 or UTF-32; save it as UTF-8"),
    ],
)
def test_a_plain_file_that_is_something_else_says_what(tmp_path, data, told):
    assert told in message(tmp_path, "x.jsonl", data)


def test_parts_of_a_gzip_file_are_read_one_after_the_other(tmp_path):
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(RECORD) * 3)
    assert [number for number, _ in lines(tmp_path / "x.jsonl.gz")] == [1, 2, 3]


def test_what_follows_the_gzip_data_is_an_error(tmp_path):
    told = message(tmp_path, "x.jsonl.gz", gzip.compress(RECORD) + b"more")
    assert "end or break after line 1" in told


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / "folder.jsonl").mkdir()
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "link.jsonl").symlink_to("absent")
    (tmp_path / "circle.jsonl").symlink_to("circle.jsonl")
    for name, told in {
        "folder.jsonl": "is a folder; give the file",
        "pipe.jsonl": "is a pipe or a device",
        "link.jsonl": "a link to absent, which is not there",
        "circle.jsonl": "a link to circle.jsonl, which is not there",
        "nul\0.jsonl": "no such file",
        f"{'long' * 99}.jsonl": "cannot be read .File name too long",
        "pipe.jsonl/x.jsonl": "no such file",
    }.items():
        with pytest.raises(DataError, match=told):
            list(lines(tmp_path / name))


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read every file")
def test_a_file_without_permission_is_an_error(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(RECORD)
    (tmp_path / "x.jsonl").chmod(0)
    with pytest.raises(DataError, match="cannot be read .Permission denied"):
        list(lines(tmp_path / "x.jsonl"))
