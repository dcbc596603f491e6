"""Notebooks: the typed runner that executes them, and the helpers that they call.

In: `notebooks/*.ipynb` (source only) and the small tables under `results/<scale>/`.
Out: executed notebooks, for the book and for ``proxyreward notebook``.

A notebook's first code cell calls the helpers from here::

    from proxyreward.notebooks import figure, glue_number, provenance, results_dir, use_style
    from proxyreward.notebooks import verdict_table

    use_style()                                          # one look for every figure
    folder = results_dir(scale)                          # pathlib.Path of results/<scale>/
    settings("mixes", scale)                             # parameters that a stage ran with
    glue_number("spearman-bon", value, ".2f")            # prose: {glue:text}`spearman-bon`
    figure(fig, alt="…what the picture shows…", glue="scatter-bon")
    table(frame)                                         # a data frame, fit for a phone
    verdict_table(["rethinking.table1.c1"], scale)
    provenance("finding1", "finding1", {"top_n": top_n}, scale)
"""

from proxyreward.findings.core.style import use_style
from proxyreward.notebooks.display import (
    figure,
    glue_number,
    glue_text,
    provenance,
    table,
    verdict_table,
)
from proxyreward.notebooks.places import project_root, results_dir, run_record, settings
from proxyreward.notebooks.runner import execute_all, run

__all__ = [
    "execute_all",
    "figure",
    "glue_number",
    "glue_text",
    "project_root",
    "provenance",
    "results_dir",
    "run",
    "run_record",
    "settings",
    "table",
    "use_style",
    "verdict_table",
]
