"""Tables that cannot be used are refused by a message that names file, row, field and a remedy."""

import gzip
import json
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.reading.written import (
    WRITERS,
    as_csv,
    as_jsonl,
    as_parquet,
    pivoted,
    rows,
    table,
    write,
)

from proxyreward.data.report import DataError
from proxyreward.evaluation.reading import Options, read

HEAD = "prompt_id,response_id,model,score\n"
RECORDS = [(p, r, m, float(len(p + r + m))) for p in ("p", "qq") for r in "ab" for m in ("x", "yy")]


def refused(path, *golden, **options):
    with pytest.raises(DataError) as caught:
        table(path, *golden, **options)
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    """Function that writes a file of text or bytes."""

    def written(content, name="scores.csv"):
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path / name

    return written


@pytest.mark.parametrize(
    "content, parts",
    [
        (HEAD + "p,a,m,1\np,b,m,x1\n", ["row 3, field 'score': is no number ('x1')", "write"]),
        (HEAD + 'p,a,m,"1,5"\n', ["row 2, field 'score': has a decimal comma", "point"]),
        (HEAD + "p,a,m,inf\n", ["row 2, field 'score': is infinite", "compute"]),
        (HEAD + "p,a,m,-1e999\n", ["row 2, field 'score': is infinite", "compute"]),
        (HEAD + "p,a,m,1e201\n", ["row 2, field 'score': is infinite or beyond 1e+200"]),
        (HEAD + "p,a,m,1\np,,m,1\n", ["row 3, field 'response_id': is empty", "fill it in"]),
        (HEAD + "p,a, ,1\n", ["row 2, field 'model': is empty"]),
        (HEAD + "p,a,m,1\np,b,m,2,3\n", ["row 3: has 5 cells for 4 columns", "quotes"]),
        (HEAD + 'p,a,m,1\np,"b,m,2\np,c,m,3\n', ["row 3: is no CSV"]),
        (
            HEAD + "p,a,m,1\np,a,m,2\n",
            ["row 3, field 'score': differs", "row 2", "keep one", "different names", "`rater`"],
        ),
        (HEAD + "p,a,m,\np,a,m,2\n", ["row 3, field 'score': differs from that of row 2"]),
        (HEAD + "p,a,m,\np,b,m,nan\n", ["model 'm': has no score at all"]),
        (HEAD, ["holds no scores"]),
        ("", ["the file is empty"]),
        ("\n\n", ["the file is empty"]),
        ("\n" + HEAD, ["row 1: names no columns"]),
        ("prompt_id,response_id,model,model\n", ["row 1, field 'model': names 2 columns"]),
        ("prompt,response_id,model,score\n", ["rename prompt to prompt_id"]),
        (
            "judge,question_id,model_a,model_b,winner\nj,1,x,y,model_a\n",
            ["rename question_id to prompt_id; rename model_a to response_a; rename model_b to"],
        ),
        (
            "Prompt ID,response_id,Score\n1,a,1\n",
            ["rename Prompt ID to prompt_id; rename Score to"],
        ),
        ("question_id,source,model\n1,x,m\n", ["and judge; rename question_id to prompt_id"]),
        (
            "id,completion_id,rm,rating\np,a,x,1\n",
            [
                "rename id to prompt_id; rename completion_id to response_id; "
                "rename rating to score; rename rm to model"
            ],
        ),
        ("prompt_id,response,model,score\np,a,x,1\n", ["judge; rename response to response_id"]),
        (
            "id,response_a,response_b,winner,model\np,x,y,a,j\n",
            ["rename id to prompt_id; rename model to judge"],
        ),
        (
            "prompt_id,response_id,model,reward\np,a,m,1\np,b,m,2\n",
            ["column `model` of texts, but no column `score`; rename reward to score, or, if"],
        ),
        ("prompt_id,response_id,rater,stars\np,a,u,1\np,b,u,2\n", ["column `rater` of texts"]),
        ("prompt_id,response_id\np,a\n", ["no column holds scores"]),
        ("prompt_id,response_id,x\np,a,1\np,b,2\np,c,oh\n", ["row 4, field 'x': is no number"]),
        (HEAD + "p,a,null:x,1\n", ["'null:x'", "rename"]),
        ("prompt_id,response_id,score,length\np,a,1,-1\n", ["field 'length': is negative"]),
        (
            "prompt_id,response_id,score,length,model\np,a,1,1,x\np,a,1,2,y\n",
            ["row 3, field 'length': differs from that of row 2 for the same prompt 'p'"],
        ),
        (
            "prompt_id,response_id,score,category\np,a,1,u\np,b,1,v\n",
            [
                "row 3, field 'category': differs from that of row 2 for the same prompt 'p'; "
                "keep one, or give different prompts different names"
            ],
        ),
        (
            "prompt_id,response_id,score,cluster\np,a,1,u\nq,b,1,\n",
            ["prompt 'q': belongs to no cluster"],
        ),
    ],
)
def test_a_table_of_text_that_cannot_be_used(file, content, parts):
    path = file(content)
    message = refused(path)
    for part in [*parts, "; "]:
        assert part in message
    if "row" in parts[0]:
        assert message.startswith(str(path))


@pytest.mark.parametrize("name", ["judge", "rm", "reward_model", "Model", "scorer", "model-name"])
@pytest.mark.parametrize("models", ["xy", "xx"])
def test_models_in_a_column_of_another_name_are_not_taken_for_one(file, name, models):
    """Also where they contradict nobody: each has scored a response, or there is but one."""
    one, other = models
    path = file(f"prompt_id,response_id,{name},score\np,a,{one},1\np,b,{other},2\n")
    expected = f"column `{name}`, but no column `model`; rename {name} to model, or, if the whole"
    assert expected in refused(path)
    path = file(f"prompt_id,response_id,{name},rating\np,a,{one},1\np,b,{other},2\n")
    expected = f"`{name}` of texts, but no column `score`; rename rating to score and {name} to"
    assert expected in refused(path)


@pytest.mark.parametrize("name", ["model", "rm", "scorer"])
def test_judges_in_a_column_of_another_name_are_not_taken_for_one(file, name):
    path = file(f"prompt_id,response_a,response_b,winner,{name}\np,x,y,a,j\np,x,z,b,k\n")
    assert f"column `{name}`, but no column `judge`; rename {name} to judge" in refused(path)


def test_such_a_column_may_be_one_of_groups_or_a_model(file):
    long = file("prompt_id,response_id,judge,score\np,a,x,1\np,b,x,2\n")
    assert read([long], Options(category="judge"))[0].category.tolist() == ["x"]
    wide = file("prompt_id,response_id,judge,rm\np,a,1,2\np,b,2,1\n")
    assert read([wide], Options())[0].models == ("judge", "rm")


@pytest.mark.parametrize(
    "content, part",
    [
        (b"PAR1 and no more", "damaged Parquet"),
        (b"PK\x03\x04", "zip archive"),
        (b"\xff\xfep\x00", "UTF-16"),
        (HEAD.encode() + b"p,\xe9,m,1\n", "is not UTF-8"),
        (b"<html>", "web page"),
        (gzip.compress(HEAD.encode() + b"p,a,m,1\n" * 9999)[:-30], "add .gz"),
        (b"[1, 2]", "is a JSON array"),
        (b'{\n "scores_chosen": [1],\n "scores_rejected": [1, 2]\n}', "not equally long"),
        (b"{\n oh", "is no JSON"),
        (b'{"prompt_id": "p", "score": 1}\n{oh\n', "row 2: bad_json"),
        (b'{"prompt_id": "p", "score": 1}\n', "has the columns prompt_id, score"),
    ],
)
def test_a_file_that_is_no_table(file, content, part):
    assert part in refused(file(content))


def test_damaged_gzip(file):
    content = gzip.compress(HEAD.encode() + b"p,a,m,1\n" * 9999)[:-30]
    assert "cannot be read" in refused(file(content, "scores.csv.gz"))


GOOD = {"prompt_id": "p", "response_id": "a", "model": "m", "score": 1}


@pytest.mark.parametrize(
    "line, parts",
    [
        ("{oh", ["row 2", "JSON"]),
        (json.dumps(GOOD | {"score": float("inf")}), ["row 2, field 'score': is infinite"]),
        (json.dumps(GOOD | {"response_id": "b", "score": True}), ["row 2, field 'score': is no"]),
        (json.dumps(GOOD | {"response_id": "b", "score": [1]}), ["row 2, field 'score'", "list"]),
        (json.dumps(GOOD | {"response_id": None}), ["row 2, field 'response_id': is empty"]),
        (json.dumps(GOOD | {"response_id": "\ud800"}), ["response_id", "cannot hold"]),
        ("[1]", ["row 2"]),
        ('"text"', ["row 2"]),
    ],
)
def test_a_line_of_json_that_cannot_be_used(file, line, parts):
    message = refused(file(json.dumps(GOOD) + "\n" + line + "\n", "scores.jsonl"))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    "column, values, part",
    [
        ("score", [True, False], "field 'score': holds the type Boolean"),
        ("score", [[1.0], [2.0]], "field 'score': holds the type List"),
        ("score", [1.0, float("inf")], "row 2, field 'score': is infinite"),
        ("response_id", [["a"], ["b"]], "field 'response_id': holds the type List"),
        ("response_id", ["a", None], "row 2, field 'response_id': is empty"),
    ],
)
def test_a_parquet_file_with_wrong_types(file, column, values, part):
    columns = {"prompt_id": ["p", "p"], "response_id": ["a", "b"], "score": [1.0, 2.0]}
    pl.DataFrame(columns | {column: values}).write_parquet(file(b"", "scores.parquet"))
    assert part in refused(file(b"", "x").with_name("scores.parquet"))


def test_no_file_at_all(tmp_path):
    assert "no such file" in refused(tmp_path / "nothing.csv")
    assert "folder without files" in refused(tmp_path)
    with pytest.raises(DataError, match="no files given"):
        read([], Options())


def test_files_of_two_formats(file, tmp_path):
    file(as_csv(rows(RECORDS)), "a.csv")
    file(as_csv(pivoted(RECORDS)), "b.csv")
    assert "give files of one format" in refused(tmp_path)


def test_contradiction_of_two_files_names_both(file, tmp_path):
    file(HEAD + "p,a,m,1\n", "a.csv")
    file(HEAD + "p,b,m,1\np,a,m,2\n", "b.csv")
    message = refused(tmp_path)
    assert f"{tmp_path / 'b.csv'}, row 3" in message
    assert f"{tmp_path / 'a.csv'}, row 2" in message


def test_equal_rows_are_used_once_and_counted(file):
    scores, found = table(file(HEAD + "p,a,m,1\np,b,m,2\np,a,m,1.0\np,a,m,1\n"))
    assert scores.values.tolist() == [[1, 2]]
    assert [(note.kind, note.count) for note in found.notes] == [("duplicate-rows", 2)]


def test_an_unknown_golden_model_gets_the_nearest_name(file):
    message = refused(file(as_csv(rows(RECORDS))), "y")
    assert "--golden y: no such model; did you mean yy?" in message


def test_an_unknown_category_gets_the_nearest_name(file):
    message = refused(file("prompt_id,response_id,score,topic\np,a,1,u\n"), category="topics")
    assert "no column 'topics' for --category; did you mean topic?" in message


def test_names_in_messages_cannot_steer_a_terminal(file):
    message = refused(file(HEAD + "p,a,m\x1b[2J,1\np,a,m\x1b[2J,2\n"))
    assert "\x1b" not in message and "\\x1b" in message


CONTENTS = {
    "scores.csv": as_csv(rows(RECORDS)),
    "scores.parquet": as_parquet(rows(RECORDS)),
    "scores.jsonl": as_jsonl(rows(RECORDS)),
    "wide.csv": as_csv(pivoted(RECORDS)),
    "wide.jsonl": as_jsonl(pivoted(RECORDS)),
    "scores.csv.gz": gzip.compress(as_csv(rows(RECORDS))),
}


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(CONTENTS)),
    st.integers(0, 2**31),
    st.integers(0, 6),
    st.binary(max_size=6) | st.sampled_from([b",", b"\n", b'"', b"1e999", b"nan", b"{", b"\0"]),
)
def test_a_corrupted_file_gives_finite_scores_or_a_message(name, place, cut, put):
    content = CONTENTS[name]
    place %= len(content) + 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content[:place] + put + content[place + cut :])
        try:
            scores, found = table(path)
        except DataError as error:
            assert str(error) and "Traceback" not in str(error)
        else:
            assert not np.isinf(scores.values).any()
            assert (~np.isnan(scores.values)).any(axis=1).all()
            assert found.rows > 0 and len(scores.prompt) == found.responses


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(WRITERS)),
    st.lists(
        st.tuples(
            *[st.text(max_size=3) | st.none()] * 3, st.none() | st.floats() | st.text(max_size=4)
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_any_cells_give_scores_or_a_message(name, records):
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = write(Path(folder), name, rows(records))
        except (pl.exceptions.PolarsError, TypeError, UnicodeError):
            return  # no such file can be written
        try:
            scores, _ = table(path)
        except DataError:
            return
    assert not np.isinf(scores.values).any()
