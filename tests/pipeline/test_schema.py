"""Tests of what follows from the parameters: the files that are watched."""

import dataclasses

import pytest

from proxyreward.pipeline.params import compose
from proxyreward.pipeline.schema import Params, Watched, watched
from proxyreward.pipeline.typed import ConfigError, build


@pytest.fixture(scope="module")
def values(root):
    return compose(["scale=real-hh", "data.name=/pairs"], root / "params")


@pytest.fixture(scope="module")
def mixed(root):
    return build(Params, compose(["scale=real-more"], root / "params"), "scale")


def names(params, base="scratch", bases=("16x1x2",), exists=lambda base: False):
    mixes = dataclasses.replace(params.mixes, bases=bases)
    return {
        file.name: file.path for file in watched(params.data, base, mixes, params.tables, exists)
    }


def test_libraries_come_first_and_hub_names_are_not_watched(mixed):
    files = watched(mixed.data, "org/name", mixed.mixes, mixed.tables, lambda base: False)
    assert files[0] == Watched("libraries", "requirements.lock")
    assert "base" not in names(mixed, "org/name", ("org/name", "64x2x4"))


def test_local_pairs_sources_and_bases_are_watched(mixed):
    found = names(mixed, "../mine", ("64x2x4", "here", "/far"), exists=lambda base: base == "here")
    places = {f"source-{one.source}": one.name for one in mixed.mixes.origins}
    assert found == {
        "libraries": "requirements.lock",
        "base": "../mine",
        **places,
        "mix-base-1": "here",
        "mix-base-2": "/far",
    }


def test_a_folder_in_the_project_is_a_local_base(tmp_path, root):
    import shutil

    shutil.copytree(root / "params", tmp_path / "params")
    (tmp_path / "mine").mkdir()
    found = compose(["scale=tiny", "model.base=mine"], tmp_path / "params")["watched"]
    assert {"name": "base", "path": "mine"} in found


@pytest.mark.parametrize(
    "files",
    [
        [],
        [{"name": "libraries", "path": "requirements.lock"}],
        [{"name": "libraries", "path": "other"}, {"name": "data", "path": "/pairs"}],
        [{"name": "data", "path": "/pairs"}, {"name": "libraries", "path": "requirements.lock"}],
    ],
)
def test_a_list_that_does_not_fit_is_refused(values, files):
    with pytest.raises(ConfigError, match="'watched'.*proxyreward params model.base=scratch"):
        build(Params, values | {"watched": files}, "params.yaml")


def test_a_wrong_switch_names_every_word_that_mends_it(values):
    with pytest.raises(ConfigError, match=r"'worlds=\[\]' 'mixed=\[\]'"):
        build(Params, values | {"worlds": ["real-hh"], "mixed": ["real-hh"]}, "params.yaml")


def test_real_pairs_need_folds(values):
    with pytest.raises(ConfigError, match="'reward.folds' must be 2 or more for real pairs"):
        build(Params, values | {"reward": values["reward"] | {"folds": 0}}, "params.yaml")
