import numpy as np
import pandas as pd
import pytest

from proxyreward.data.pairs import COLUMNS, Pair, read, to_frame, validate, write
from proxyreward.data.report import DataError
from proxyreward.data.sealed import MARK

PROMPT = "\n\nHuman: Hi\n\nAssistant:"


@pytest.fixture
def frame():
    return to_frame(
        [
            Pair(PROMPT, "Yes é", "", "helpful", {"b": [1], "a": None}),
            Pair(PROMPT, "", "No", "harmless"),
        ]
    )


def test_frame_has_the_schema_in_the_order_given(frame):
    assert tuple(frame.columns) == COLUMNS
    assert frame["pair_id"].tolist() == [0, 1]
    assert frame["source"].tolist() == ["helpful", "harmless"]


def test_parquet_returns_the_same_frame(frame, tmp_path):
    write(frame, tmp_path / "p.parquet")
    again = read(tmp_path / "p.parquet")
    assert again.to_dict("records") == frame.to_dict("records")


def test_the_same_frame_gives_the_same_bytes(frame, tmp_path):
    write(frame, tmp_path / "a.parquet")
    write(read(tmp_path / "a.parquet"), tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_an_empty_list_of_pairs_is_a_valid_frame():
    validate(to_frame([]))


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("pair_id", 7, "is 7; number the rows"),
        ("chosen", None, "not a string; give the text"),
        ("rejected", " No", "white space around it; strip"),
        ("source", "\ud800", "holds lone surrogates; give text"),
        ("prompt", "Hi", "is not an HH transcript; begin with"),
        ("meta", "{}", "is str, not a dict; use"),
    ],
)
def test_errors_name_file_row_field_and_remedy(frame, field, value, what):
    frame[field] = frame[field].astype(object)
    frame.at[1, field] = value
    with pytest.raises(DataError, match=f"f.parquet, row 1, field '{field}': .*{what}"):
        validate(frame, "f.parquet")


def test_a_missing_column_is_named(frame):
    with pytest.raises(DataError, match="field 'source': the column is missing"):
        validate(frame.drop(columns="source"))


def test_meta_that_json_cannot_hold_is_named(frame, tmp_path):
    frame.at[1, "meta"] = {"a": {1, 2}}
    with pytest.raises(DataError, match="row 1, field 'meta': is not JSON"):
        write(frame, tmp_path / "p.parquet")


def test_meta_that_would_change_on_the_way_is_named(frame, tmp_path):
    frame.at[0, "meta"] = {1: 2}
    with pytest.raises(DataError, match="row 0, field 'meta': .*read back"):
        write(frame, tmp_path / "p.parquet")


@pytest.mark.parametrize("value", [float("nan"), "\ud800", float("-inf")])
def test_meta_that_cannot_be_stored_is_named(frame, tmp_path, value):
    frame.at[0, "meta"] = {"a": [value]}
    with pytest.raises(DataError, match="row 0, field 'meta': is not JSON"):
        write(frame, tmp_path / "p.parquet")


@pytest.mark.parametrize("change", ["bit", "cut", "added", "swapped"])
def test_no_damaged_file_is_read(frame, tmp_path, change):
    path, rng = tmp_path / "p.parquet", np.random.default_rng(0)
    write(pd.concat([frame] * 20).assign(pair_id=range(40)), path)
    whole = path.read_bytes()
    for place in rng.choice(len(whole), 300 if change == "bit" else 20, replace=False):
        damaged = bytearray(whole)
        if change == "bit":
            damaged[place] ^= 1 << int(rng.integers(8))
        elif change == "cut":
            del damaged[place:]
        elif change == "added":
            damaged.insert(place, 0)
        else:
            damaged = damaged[place:] + damaged[:place]
        path.write_bytes(damaged)
        if damaged != whole:
            with pytest.raises(DataError, match=r"p.parquet: is damaged.*write.*dvc repro"):
                read(path)
    path.write_bytes(whole)
    assert len(read(path)) == 40


def test_a_pair_may_quote_the_mark_of_the_checksum(frame, tmp_path):
    for column in ("chosen", "rejected", "source"):
        frame[column] = (MARK + b"0" * 64).decode()
    write(frame, tmp_path / "p.parquet")
    assert read(tmp_path / "p.parquet").equals(frame)


def test_reading_names_an_absent_or_foreign_file(tmp_path):
    with pytest.raises(DataError, match="No such file.*run the stage"):
        read(tmp_path / "absent.parquet")
    (tmp_path / "p.parquet").write_text("plum")
    with pytest.raises(DataError, match="is damaged, or no file of pairs"):
        read(tmp_path / "p.parquet")
