"""The same scores in every format give the same arrays."""

import math
import tempfile
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.evaluation.reading.written import (
    WRITERS,
    expected,
    pivoted,
    rows,
    same,
    table,
    told,
    write,
)

SIGNS = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(list(",;\"\t\n\r'<>&"))
IDS = st.text(SIGNS, min_size=1, max_size=6).map(str.strip).filter(bool)
MODELS = IDS.filter(
    lambda name: not name.startswith("null:") and name not in ("prompt_id", "response_id", "score")
)
SCORES = st.none() | st.floats(-1e200, 1e200) | st.integers(-3, 3).map(float)


@st.composite
def records(draw):
    """A score or none of each model for most of the responses, rows in any order."""
    prompts = draw(st.lists(IDS, min_size=1, max_size=4, unique=True))
    models = draw(st.lists(MODELS, min_size=1, max_size=3, unique=True))
    pairs = [
        (p, r) for p in prompts for r in draw(st.lists(IDS, min_size=1, max_size=4, unique=True))
    ]
    found = [(*pair, model, draw(SCORES)) for pair in pairs for model in models]
    kept = draw(st.lists(st.sampled_from(found), min_size=1, unique_by=lambda one: one[:3]))
    assume(any(score is not None for *_, score in kept))
    return kept


@settings(max_examples=60, deadline=None)
@given(records(), st.sampled_from(sorted(WRITERS)))
def test_a_long_table_is_what_a_loop_over_its_rows_finds(records, name):
    with tempfile.TemporaryDirectory() as folder:
        scores, found = table(write(Path(folder), name, rows(records)))
    assert same(told(scores), expected(records))
    assert found.rows == len(records)
    assert found.format == "long"


@settings(max_examples=60, deadline=None)
@given(records(), st.sampled_from(sorted(WRITERS)))
def test_a_wide_table_is_the_long_one_turned(records, name):
    wide = pivoted(records)
    with tempfile.TemporaryDirectory() as folder:
        scores, found = table(write(Path(folder), name, wide))
    assert same(told(scores), expected(records))
    assert found.rows == len(wide)
    assert found.format == "wide"


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_ids_stay_as_they_are_written(tmp_path, name):
    records = [("007", "NA", "1.50", 1.0), ("7", "null", "1.5", 2.0)]
    scores, _ = table(write(tmp_path, name, rows(records)))
    assert list(scores.prompt_ids) == ["007", "7"]
    assert list(scores.response_ids) == ["NA", "null"]
    assert scores.models == ("1.50", "1.5")


@pytest.mark.parametrize("name", ["scores.parquet", "scores.jsonl"])
def test_ids_that_are_numbers_are_their_texts(tmp_path, name):
    records = [(7, 0, "rm", 1), (7, 1, "rm", 2), (12345678901, 0, "rm", 3)]
    scores, _ = table(write(tmp_path, name, rows(records)))
    assert list(scores.prompt_ids) == ["7", "12345678901"]
    assert list(scores.response_ids) == ["0", "1", "0"]


def frames():
    """The same table with the types that pandas, Polars and Arrow give columns."""
    ids, names, values = [1, 1, 2, 2], ["x", "y"] * 2, [0.5, None, -3.0, 1024.0]
    base = {"prompt_id": ids, "response_id": ["a", "b"] * 2, "model": names, "score": values}
    pandas = pd.DataFrame(base).astype({"prompt_id": "Int64", "model": "category"})
    typed = [
        pandas,
        pandas.astype({"score": "float16", "response_id": "string"}).set_index("model"),
        pandas.astype({"score": "Float32"}).assign(extra=[{"deep": [1]}] * 4),
    ]
    yield from (pa.Table.from_pandas(one) for one in typed)
    enum = {"response_id": pl.Enum(["b", "a"]), "model": pl.Categorical(), "prompt_id": pl.UInt8()}
    yield pl.DataFrame(base).cast(enum).to_arrow()
    plain = pa.table(base)
    yield plain.set_column(2, "model", plain["model"].combine_chunks().dictionary_encode())
    yield plain.cast(
        pa.schema(zip(base, (pa.uint64(), pa.large_string(), pa.string_view(), pa.float16())))
    )
    yield plain.set_column(3, "score", plain["score"].cast(pa.decimal128(9, 2)))


@pytest.mark.parametrize("frame", list(frames()), ids=range(7))
def test_types_of_columns_say_nothing(tmp_path, frame):
    pq.write_table(frame, tmp_path / "scores.parquet")
    scores, _ = table(tmp_path / "scores.parquet")
    x = [("1", "a", "x", 0.5), ("1", "b", "y", None), ("2", "a", "x", -3.0), ("2", "b", "y", 1024)]
    assert same(told(scores), expected(x))


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_scores_that_are_no_numbers_are_missing_and_counted(tmp_path, name):
    records = [("p", "a", "rm", 1.0), ("p", "b", "rm", None), ("p", "c", "rm", math.nan)]
    scores, found = table(write(tmp_path, name, rows(records)))
    assert same(told(scores), expected(records))
    notes = {note.kind: note.count for note in found.notes}
    assert notes == {"empty-scores": 2, "missing-scores": 2}


def test_the_name_of_a_file_says_nothing(tmp_path):
    records = [("p", "a", "rm", 1.0), ("p", "b", "rm", 2.0)]
    for name in ("scores.csv", "scores.parquet", "scores.jsonl", "scores.tsv"):
        target = tmp_path / "table.txt"
        target.write_bytes(write(tmp_path, name, rows(records)).read_bytes())
        assert same(told(table(target)[0]), expected(records))


def test_files_of_a_folder_are_one_table(tmp_path):
    records = [
        ("p", "a", "x", 1.0),
        ("p", "b", "x", 2.0),
        ("p", "b", "y", 3.0),
        ("q", "a", "y", 4.0),
    ]
    folder = tmp_path / "scores"
    folder.mkdir()
    for place, record in enumerate(records):
        write(tmp_path, "scores.csv", rows([record])).rename(folder / f"{place}.csv")
    (folder / ".hidden").write_text("no table")
    scores, found = table(folder)
    assert same(told(scores), expected(records))
    assert len(found.files) == found.rows == 4


def test_without_a_column_of_models_the_file_is_the_model(tmp_path):
    for name in ("ours", "theirs"):
        (tmp_path / f"{name}.v2.csv").write_text("prompt_id,response_id,score\np,a,1\np,b,2\n")
    assert table(tmp_path)[0].models == ("ours", "theirs")


def test_byte_order_mark_blank_lines_and_dos_line_ends_are_no_rows(tmp_path):
    csv, lines = tmp_path / "a.csv", tmp_path / "a.jsonl"
    csv.write_bytes(
        b"\xef\xbb\xbfprompt_id, response_id ,model,score\r\np,a,m,1\r\n\r\np,b,m,2\r\n\r\n"
    )
    lines.write_bytes(
        b'\xef\xbb\xbf{"prompt_id":"p","response_id":"a","model":"m","score":1}\r\n\r\n'
        b'{"prompt_id":"p","response_id":"b","model":"m","score":2}\r\n'
    )
    for path in (csv, lines):
        scores, found = table(path)
        assert told(scores) == {"p": {"a": {"m": 1.0}, "b": {"m": 2.0}}}
        assert found.rows == 2
