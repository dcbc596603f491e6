"""Which columns of a wide table are models."""

import polars as pl
import pytest
from tests.evaluation.reading.written import table, write

from proxyreward.data.report import DataError

OBJECTS = [
    {"prompt_id": "p", "response_id": r, "rm": k, "prompt": f"text {k}", "judge": k + 0.5, "": k}
    for k, r in enumerate("abc")
]


@pytest.mark.parametrize("name", ["scores.csv", "scores.jsonl"])
def test_columns_of_numbers_are_models_and_others_are_named(tmp_path, name):
    scores, found = table(write(tmp_path, name, OBJECTS))
    assert scores.models == ("rm", "judge")
    assert found.rows == 3
    note = next(note for note in found.notes if note.kind == "unknown-columns")
    assert note.count == 2 and "prompt" in note.message


def test_a_column_of_numbers_with_one_typing_error_is_refused(tmp_path):
    objects = [one | {"rm": "o.5"} if one["response_id"] == "b" else one for one in OBJECTS]
    with pytest.raises(DataError, match="row 3, field 'rm': is no number"):
        table(write(tmp_path, "scores.csv", objects))


def test_a_model_that_only_late_records_have_is_found(tmp_path):
    objects = [{"prompt_id": str(k), "response_id": "a", "x": k} for k in range(150)]
    objects[-1]["y"] = 7
    path = write(tmp_path, "scores.jsonl", objects)
    assert table(path)[0].models == ("x", "y")


def test_an_index_that_pandas_wrote_is_no_model(tmp_path):
    columns = {"prompt_id": ["p"], "response_id": ["a"], "rm": [1.0], "__index_level_0__": [4]}
    pl.DataFrame(columns).write_parquet(tmp_path / "scores.parquet")
    assert table(tmp_path / "scores.parquet")[0].models == ("rm",)


def test_models_named_as_columns_of_the_other_formats(tmp_path):
    objects = [{"prompt_id": "p", "response_id": "a", "model": 1.0, "rater": 2.0}]
    assert table(write(tmp_path, "scores.csv", objects))[0].models == ("model", "rater")


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", "scores.jsonl"])
def test_models_whose_names_are_patterns_to_the_engine(tmp_path, name):
    objects = [{"prompt_id": "p", "response_id": "a", "*": 1.0, "^.*$": 2.0, "rm": 3.0}]
    scores, _ = table(write(tmp_path, name, objects), category="rm")
    assert scores.models == ("*", "^.*$")
    assert scores.values.tolist() == [[1.0], [2.0]]
