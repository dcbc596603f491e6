"""Pretrained bases of a run: noted by content, refused before anything is trained."""

import json
from dataclasses import replace

import pytest

from proxyreward.data.report import DataError
from proxyreward.models.build import Shape, build_policy
from proxyreward.models.tokenizer import train_tokenizer
from proxyreward.pipeline.bases import FILE, write_bases
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.typed import build


@pytest.fixture(scope="module")
def params(root):
    return build(Params, compose(["scale=real-hh", "model.max_length=64"], root / "params"), "test")


def save_base(folder, seed):
    """Write a language model as people would have it in a folder of theirs."""
    tokenizer = train_tokenizer(["some words and others"], vocab_size=262)
    build_policy("scratch", Shape(8, 1, 1, 64), tokenizer, seed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_other_weights_in_the_same_folder_are_another_base(params, tmp_path):
    base, noted = tmp_path / "mine", []
    for seed in (0, 1, 0):
        save_base(base, seed)
        write_bases(params, [str(base), "scratch", "16x1x2", str(base)], True, tmp_path)
        noted.append(json.loads((tmp_path / FILE).read_text()))
    assert noted[0].keys() == {str(base)}
    assert noted[0] == noted[2] != noted[1]


def test_sizes_are_no_bases(params, tmp_path):
    write_bases(params, ["scratch", "16x1x2"], True, tmp_path)
    assert json.loads((tmp_path / FILE).read_text()) == {}


def test_a_base_that_is_none_is_refused(params, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        write_bases(params, [str(tmp_path / "absent")], False, tmp_path)


def test_only_a_cluster_may_have_the_gpu_that_is_not_here(params, tmp_path):
    mixed = replace(params, model=replace(params.model, precision="bf16-mixed"))
    write_bases(replace(mixed, runner=replace(mixed.runner, backend="dask")), [], False, tmp_path)
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(DataError, match="model.precision=fp32"):
            write_bases(mixed, [], False, tmp_path)
