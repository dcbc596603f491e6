"""Tests of the typed notebook runner."""

import nbformat
import pytest

from proxyreward.notebooks.places import NotFound
from proxyreward.notebooks.runner import (
    NotebookFailed,
    check_values,
    declared,
    execute_all,
    normalise,
    notebook_path,
    run,
)
from proxyreward.pipeline.typed import ConfigError


def test_same_inputs_give_same_bytes(project):
    words = {"top_n": "3", "flag": "true", "levels": "[5, 6]"}
    first, second = (run("page", words, project / place) for place in "ab")
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text()
    assert "tiny 3 0.5 True [5, 6] None" in text
    assert "image/svg+xml;base64" in text
    assert sorted(path.name for path in (project / "a").iterdir()) == ["page.ipynb"]


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


def test_unknown_notebook_names_the_nearest(project):
    with pytest.raises(NotFound, match="nearest: 'page'"):
        run("paeg", {}, project / "out")


@pytest.mark.parametrize(
    "line", ["top_n = 4", "top_n: int", "top_n: dict = {}", "print(1)", "top_n: int = f()"]
)
def test_untyped_parameter_cells_are_refused(project, write_notebook, line):
    write_notebook(project / "notebooks" / "bad.ipynb", parameters=line)
    with pytest.raises(ConfigError, match="name: type = default"):
        declared(project / "notebooks" / "bad.ipynb")


def test_failing_cell_is_named_and_partial_notebook_kept(project, write_notebook):
    write_notebook(project / "notebooks" / "bad.ipynb", "print('before')", "int('x')", "print(3)")
    with pytest.raises(NotebookFailed, match=r"bad.ipynb: cell \d+ \(\"int\('x'\)\"\).*ValueError"):
        run("bad", {}, project / "out")
    (kept,) = (project / "out").iterdir()
    assert kept.name == "bad.failed.ipynb"
    assert "before" in kept.read_text()


def test_dead_process_is_said_so(project, write_notebook):
    write_notebook(project / "notebooks" / "bad.ipynb", "import os; os._exit(1)")
    with pytest.raises(NotebookFailed, match="bad.ipynb: its process died"):
        run("bad", {}, project / "out")


def test_execute_all_passes_the_scale_only_where_it_is_followed(project, write_notebook):
    write_notebook(project / "notebooks" / "page.ipynb", "print('at', scale)")
    write_notebook(
        project / "notebooks" / "real.ipynb",
        "print('at', scale)",
        parameters='scale: str = "real-hh"',
    )
    page, real = (path.read_text() for path in execute_all("smoke", project / "out"))
    assert "at smoke" in page
    assert "at real-hh" in real


def test_normalise_joins_streams_and_drops_addresses():
    output = nbformat.v4.new_output
    cell = nbformat.v4.new_code_cell(
        outputs=[
            output("stream", name="stdout", text="a"),
            output("stream", name="stdout", text="b"),
            output("display_data", data={"text/plain": "<object at 0x7f12>"}),
            output("stream", name="stderr", text="/any/ipykernel_12/345.py:1: UserWarning"),
        ]
    )
    outputs = normalise(nbformat.v4.new_notebook(cells=[cell]), "page").cells[0].outputs
    assert outputs[0].text == "ab"
    assert outputs[1].data["text/plain"] == "<object>"
    assert outputs[2].text == "<cell>:1: UserWarning"
