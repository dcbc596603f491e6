import dataclasses
import json
import math
from pathlib import Path

import numpy as np
from tests.evaluation.report import made

from proxyreward.evaluation.report.tree import dump
from proxyreward.metrics.estimates import Interval


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
    read = json.loads(dump(values | {"e": Path("f/g"), "h": None}))
    assert read == {"a": 3, "b": 0.5, "c": [0, 1], "d": True, "e": "f/g", "h": None}


def test_names_that_utf8_cannot_hold_are_read_back():
    text = dump({"größe": "\udcff"})
    assert "größe" in text and text.encode()
    assert json.loads(text) == {"größe": "\udcff"}
