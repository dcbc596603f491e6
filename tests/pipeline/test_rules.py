"""Tests of the rules: names that survive a table, and an end to every number."""

import dataclasses
import io
import typing

import pandas as pd
import pytest

from proxyreward.data.load import FORMATS
from proxyreward.pipeline import rules
from proxyreward.pipeline.schema import Params
from proxyreward.pipeline.schema_parts import Origin


@pytest.mark.parametrize("name", ["helpful", "a", "hh-2", "x1e3", "nano", "internet", "a" * 40])
def test_names_survive_a_table(name):
    assert rules.NAME[0](name)
    table = pd.read_csv(io.StringIO(f"source,n\n{name},1\n"))
    assert table["source"].tolist() == [name]


@pytest.mark.parametrize(
    "name",
    [
        *("007", "1e3", "2022", "nan", "null", "none", "na", "n-a", "inf", "infinity", "true"),
        *("no", "", "A", "ä", "a_b", "a/b", "..", "-a", "a\n", "all", "mean", "a" * 41),
    ],
)
def test_other_names_are_refused(name):
    assert not rules.NAME[0](name)


def knobs(cls=Params, prefix=""):
    """(dotted key, field) of every parameter."""
    for field in dataclasses.fields(cls):
        if dataclasses.is_dataclass(field.type):
            yield from knobs(field.type, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, field


NUMBERS = {key: field for key, field in knobs() if field.type in (int, float, int | None)}


@pytest.mark.parametrize("key", NUMBERS)
def test_every_number_has_an_end_on_both_sides(key):
    tests = [test for test, _ in NUMBERS[key].metadata["rules"]]
    for beyond in (10**12, -1, 101 if "learning_rate" in key else -0.1):
        assert not all(test(beyond) for test in tests)


@pytest.mark.parametrize("key", ["reward.flip_rates", "ppo.penalties"])
def test_lists_of_numbers_end_too(key):
    [(test, _)] = dict(knobs())[key].metadata["rules"]
    assert test([0.01, 0.02])
    assert not any(map(test, ([0.02, 0.01], [0.1, 0.1], [1e9], [i / 1e4 for i in range(1, 200)])))


@pytest.mark.parametrize("text", ["64x2x4", "2x1x1", "65536x1000x64"])
def test_shapes(text):
    assert rules.SHAPE[0](text) and rules.BASES[0]([text]) and not rules.BASE[0](text)


@pytest.mark.parametrize(
    "text", ["65x2x4", "0x1x1", "64x2", "9" * 5000 + "x1x1", "٦٤x2x4", "64x2x4\n"]
)
def test_no_shapes(text):
    assert not rules.SHAPE[0](text)


def test_formats_are_those_that_can_be_loaded():
    kinds = {field.name: field.type for field in dataclasses.fields(Origin)}
    assert set(typing.get_args(kinds["format"])) == set(FORMATS)
