"""Notebooks: the typed runner that executes them, and the helpers that they call.

In: `notebooks/*.ipynb` (source only) and the small tables under `results/<scale>/`.
Out: executed notebooks, for the book and for ``proxyreward notebook``.

A notebook's first code cell opens a :class:`Page`, and shows everything through it.
"""

from proxyreward.notebooks.page import Page
from proxyreward.notebooks.places import (
    as_recorded,
    project_root,
    read_json,
    results_dir,
    run_record,
    settings,
    settings_by_scale,
)
from proxyreward.notebooks.runner import execute_all, run

__all__ = [
    "Page",
    "as_recorded",
    "execute_all",
    "project_root",
    "read_json",
    "results_dir",
    "run",
    "run_record",
    "settings",
    "settings_by_scale",
]
