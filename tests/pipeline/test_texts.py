"""Tests of YAML as texts: whatever reads and rewrites the file, a text stays the same text."""

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from omegaconf import OmegaConf

from proxyreward.pipeline import texts

TEXTS = (
    *("/a (1)/ö.jsonl", "/a,b", "/a #b", "it's", '"q"', "[x]", "{y: 1}", "a=b", "a: b", "x\\y"),
    *("12345", "1e5", "1E5", "007", "2e-05", "1_000", "1:30", "0x1F", "0o17", "5.", "-0", ".inf"),
    *("2022-01-01", "no", "On", "~", "true", "null", "=", "<<", ""),
    *("!x", "*x", "&x", "%x", "@x", "- x", " x", "x ", "'", "日本\u3000語", "x" * 300 + " y"),
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_itself(tmp_path, text):
    written = texts.dump({"text": text, "number": 0.5})
    readers = (texts.parse, yaml.safe_load, lambda yaml: dict(OmegaConf.create(yaml)))
    assert [read(written)["text"] for read in readers] == [text] * 3
    path = tmp_path / "params.yaml"
    path.write_text(written)
    apply_overrides(path, ["number=0.00002"])  # as `dvc exp run -S` does
    assert texts.parse(path.read_text()) == {"text": text, "number": "2e-05"}


def test_null_is_no_text_unless_quoted():
    found = texts.parse("a: null\nb: ~\nc:\nd: 'null'\ne: ''\nf: nullable")
    assert found == {"a": None, "b": None, "c": None, "d": "null", "e": "", "f": "nullable"}


@pytest.mark.parametrize(
    "broken", ["a: 1\na: 2", "{b: {c: 1, c: 1}}", "a: [", "[" * 500, "&a [*a]", "!x 1"]
)
def test_what_cannot_be_read_is_one_kind_of_error(broken):
    with pytest.raises(yaml.YAMLError):
        texts.parse(broken)


def test_numbers_are_written_for_both_versions_of_yaml():
    assert texts.dump({"a": 1e-5, "b": 1e22, "c": 3, "d": True, "e": None}).split("\n")[:2] == [
        "a: 1.0e-05",
        "b: 1.0e+22",
    ]
