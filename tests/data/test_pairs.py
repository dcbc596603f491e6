import pytest

from proxyreward.data.pairs import COLUMNS, Pair, read, to_frame, validate, write
from proxyreward.data.report import DataError

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


def test_reading_names_an_absent_or_foreign_file(tmp_path):
    with pytest.raises(DataError, match="no such file; run the stage"):
        read(tmp_path / "absent.parquet")
    (tmp_path / "p.parquet").write_text("plum")
    with pytest.raises(DataError, match="not a parquet file"):
        read(tmp_path / "p.parquet")
