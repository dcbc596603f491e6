"""Tests of the typed notebook runner."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import nbformat
import pytest

from proxyreward.notebooks.places import NotFound
from proxyreward.notebooks.runner import NotebookFailed, execute_all, normalise, run


def test_same_inputs_give_same_bytes(project):
    words = {"top_n": "3", "flag": "true", "levels": "[5, 6]"}
    first, second = (run("page", words, project / place) for place in "ab")
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text()
    assert "tiny 3 0.5 True [5, 6] None" in text
    assert "image/svg+xml;base64" in text
    assert sorted(path.name for path in (project / "a").iterdir()) == ["page.ipynb"]


def test_a_users_own_settings_have_no_part(project, tmp_path, monkeypatch):
    plain = run("page", {}, project / "plain").read_bytes()
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("print('hello'); import pandas")
    (tmp_path / "start.py").write_text("print('hello')")
    (tmp_path / "matplotlibrc").write_bytes(b"lines.linewidth: \xff")
    for name, value in {
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "PYTHONSTARTUP": str(tmp_path / "start.py"),
        "PYTHONWARNINGS": "error",
        "PYTHONHASHSEED": "7",
        "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"),
        "MPLBACKEND": "nonsense",
        "JUPYTER_RUNTIME_DIR": "/dev/null/runtime",
        "JUPYTER_CONFIG_DIR": "/dev/null/config",
        "LC_ALL": "C",
        "TZ": "Asia/Kathmandu",
    }.items():
        monkeypatch.setenv(name, value)
    assert run("page", {}, project / "set-up").read_bytes() == plain


def test_equal_runs_at_once_all_succeed(project):
    # New processes, because threads and event loops do not survive a fork.
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(run, "page", {"top_n": "3"}, project / "out") for _ in range(3)]
        assert {path.result() for path in runs} == {project / "out" / "page.ipynb"}
    assert [path.name for path in (project / "out").iterdir()] == ["page.ipynb"]


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(project, write_notebook):
    write_notebook(project / "notebooks" / "page.ipynb", f"open({str(project / 'ran')!r}, 'w')")
    (project / "file").write_text("x")
    with pytest.raises(NotebookFailed, match="file/out: cannot be written .*Remedy"):
        run("page", {}, project / "file" / "out")
    assert not (project / "ran").exists()


def test_unknown_notebook_names_the_nearest(project):
    with pytest.raises(NotFound, match="nearest: 'page'"):
        run("paeg", {}, project / "out")


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


def test_a_notebook_that_fails_among_all_is_run_alone_by_the_remedy(project, write_notebook):
    write_notebook(project / "notebooks" / "page.ipynb", "raise KeyError(scale)")
    with pytest.raises(NotebookFailed, match="KeyError.*`proxyreward notebook page scale=smoke`"):
        execute_all("smoke", project / "out")


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
