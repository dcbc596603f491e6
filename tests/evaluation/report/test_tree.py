import dataclasses
import json
import math
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluation.report import made

from proxyreward.evaluation.report.tree import dump
from proxyreward.metrics.estimates import Interval

NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, 1.0])
LEAVES = NUMBERS | st.sampled_from([0, 1, True, False, None]) | st.text(max_size=3)
INTERVALS = st.builds(Interval, NUMBERS, NUMBERS, NUMBERS | st.integers(-9, 9))
TREES = st.recursive(
    LEAVES | INTERVALS | st.lists(NUMBERS) | st.lists(INTERVALS),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(max_size=3), parts),
)


def plain(value):
    """What the library for JSON is to write of a value."""
    if isinstance(value, Interval):
        return {name: plain(float(part)) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(TREES)
def test_the_text_is_that_of_the_library(tree):
    assert dump(tree) == f"{json.dumps(plain(tree), ensure_ascii=False)}\n"


def test_numbers_that_are_equal_and_not_the_same_stay_apart():
    lines = [[0.0, 1.0], [-0.0, 1.0], [0, 1], [False, True], [0.0, 1.0]]
    assert dump(lines) == f"{lines}\n".lower()


def test_the_file_has_the_fields_of_the_tree_in_their_order():
    evaluation = made.evaluation()
    read = json.loads(dump(evaluation))
    assert list(read) == [one.name for one in dataclasses.fields(evaluation)]
    first, model = read["goldens"][0]["models"][0], evaluation.goldens[0].models[0]
    assert first["name"] == model.name and first["tier"] == model.tier
    assert first["metrics"]["accuracy"]["low"] == model.metrics["accuracy"].low
    assert [point["estimate"] for point in first["curve"]["golden"]] == [
        point.estimate for point in model.curve.golden
    ]


def test_what_is_not_known_and_an_end_without_bound_are_null():
    read = json.loads(dump({"a": Interval(1.0, math.nan, math.inf), "b": (math.nan, 2.5)}))
    assert read == {"a": {"estimate": 1.0, "low": None, "high": None}, "b": [None, 2.5]}


def test_numbers_of_numpy_and_paths_are_numbers_and_texts():
    values = {"a": np.int64(3), "b": np.float32(0.5), "c": np.arange(2), "d": np.bool_(True)}
    values |= {"i": np.float32(np.nan), "j": np.array([0.5, np.inf]), "k": np.float64(0.25)}
    read = json.loads(dump(values | {"e": Path("f/g"), "h": None}))
    assert read == {"a": 3, "b": 0.5, "c": [0, 1], "d": True, "e": "f/g", "h": None} | {
        "i": None, "j": [0.5, None], "k": 0.25,
    }  # fmt: skip


def test_names_that_utf8_cannot_hold_are_read_back():
    text = dump({"größe": "\udcff"})
    assert "größe" in text and text.encode()
    assert json.loads(text) == {"größe": "\udcff"}
