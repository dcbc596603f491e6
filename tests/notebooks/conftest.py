"""A miniature project: one notebook, one scale, nothing else."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

CELLS = """
scale: str = "tiny"
top_n: int = 4
rate: float = 0.5
flag: bool = False
levels: list[int] = [1, 2]
golden: int | None = None
"""
SHOW = """
import sys
from proxyreward.notebooks import Page
print(scale, top_n, rate, flag, levels, golden)
print("warned", file=sys.stderr)
page = Page("page", scale)
page.numbers({"share": rate}, ".0%")
"""
DRAW = """
import matplotlib.pyplot as plt
fig, axes = plt.subplots()
axes.plot([1, 2, top_n])
page.figure(fig, "A rising line & more", top_n=top_n)
object()
"""


def _write(path, *code, parameters=CELLS):
    cells = [
        new_markdown_cell("# A page"),
        new_code_cell(parameters.strip(), metadata={"tags": ["parameters"]}),
    ]
    cells += [new_code_cell(text.strip()) for text in code]
    nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture(autouse=True)
def look():
    """Leave matplotlib as other tests expect it: a page sets the look of every figure."""
    import matplotlib

    with matplotlib.rc_context():
        yield


@pytest.fixture()
def write_notebook():
    return _write


@pytest.fixture()
def shown(monkeypatch):
    """Collect what would be displayed."""
    fragments = []
    monkeypatch.setattr("IPython.display.display", fragments.append)
    return fragments


@pytest.fixture()
def glued(monkeypatch):
    """Collect what would be glued, by name."""
    values = {}
    monkeypatch.setattr("myst_nb.glue", lambda name, value, **_: values.update({name: value}))
    return values


@pytest.fixture()
def drawn():
    """Makes equal figures."""
    import matplotlib

    from proxyreward.findings.core.style import use_style

    def draw():
        matplotlib.use("agg")
        use_style()
        fig, axes = matplotlib.pyplot.subplots()
        axes.scatter([1, 2], [3, 4], label="a")
        axes.legend()
        return fig

    return draw


@pytest.fixture()
def project(tmp_path, monkeypatch):
    """Root folder with notebooks/page.ipynb and results/tiny/."""
    (tmp_path / "notebooks").mkdir()
    results = tmp_path / "results" / "tiny"
    results.mkdir(parents=True)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (results / "run.json").write_text(
        json.dumps({"stages": {"finding1": {"seconds": 1.5, "commit": "0123456789abcdef"}}})
    )
    _write(tmp_path / "notebooks" / "page.ipynb", SHOW, DRAW)
    monkeypatch.setenv("PROXYREWARD_ROOT", str(tmp_path))
    return tmp_path
