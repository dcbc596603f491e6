"""Tests of a notebook's typed parameters."""

import pytest

from proxyreward.notebooks.parameters import check_values, declared, notebook_path, read_notebook
from proxyreward.pipeline.typed import ConfigError


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("top_n", "7", 7),
        ("rate", "1e-5", 1e-5),
        ("rate", "2", 2.0),
        ("flag", "false", False),
        ("scale", "7", "7"),
        ("levels", "3,4", [3, 4]),
        ("levels", "[]", []),
        ("golden", "null", None),
        ("golden", "2", 2),
    ],
)
def test_texts_become_the_declared_types(project, key, text, value):
    checked = check_values("page", notebook_path("page"), {key: text})
    assert checked == {key: value}
    assert type(checked[key]) is type(value)


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("topn", "7", "'top_n'"),
        ("top_n", "7.5", "whole number"),
        ("top_n", "x", "whole number"),
        ("rate", "nan", "finite"),
        ("rate", "-inf", "finite"),
        ("rate", "1e999", "finite"),
        ("scale", "\udcff", "'scale'"),
        ("flag", "True", "true or false"),
        ("flag", "0", "true or false"),
        ("levels", "1,b", r"levels\[1\]"),
        ("golden", "none", "whole number"),
    ],
)
def test_wrong_words_are_refused_and_parameters_listed(project, key, text, words):
    with pytest.raises(ConfigError, match=words) as error:
        check_values("page", notebook_path("page"), {key: text})
    assert "top_n: int = 4" in str(error.value)


@pytest.mark.parametrize(
    "line", ["top_n = 4", "top_n: int", "top_n: dict = {}", "print(1)", "top_n: int = f()"]
)
def test_untyped_parameter_cells_are_refused(project, write_notebook, line):
    write_notebook(project / "notebooks" / "bad.ipynb", parameters=line)
    with pytest.raises(ConfigError, match="name: type = default"):
        declared(project / "notebooks" / "bad.ipynb")


@pytest.mark.parametrize("code", ["n: int = ", "n: int = 1\x00"])
def test_a_parameters_cell_that_is_no_python_is_refused(project, write_notebook, code):
    write_notebook(project / "notebooks" / "bad.ipynb", parameters=code + "\nm: int = 1")
    with pytest.raises(ConfigError, match="bad.ipynb: the parameters cell is no Python.*Remedy"):
        declared(project / "notebooks" / "bad.ipynb")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"null",
        b'{"cells": 1, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        b'{"cells": [{}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        b'{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 5}',
        b"[" * 9999,
    ],
)
def test_a_file_that_is_no_notebook_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "bad.ipynb").write_bytes(content)
    with pytest.raises(ConfigError, match="bad.ipynb: no notebook.*Remedy") as error:
        read_notebook(tmp_path / "bad.ipynb")
    assert "\n" not in str(error.value)
