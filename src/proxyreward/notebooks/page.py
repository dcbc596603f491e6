"""A page of the book: what a notebook opens in its first cell, and shows everything through.

In: ``results/<scale>/``. Out: tables over replicates, figures with the line that says where they
come from, glued numbers and verdicts.

::

    page = Page("finding1", scale)
    association = page.estimates("association")        # over replicates: estimate, low, high
    pairs = page.table("pairs")                        # of the default run
    page.numbers({"n": 64}, "d")                       # {glue:text}`finding1-n`
    page.figure(show.plot_scatter(pairs), alt="…", n=64)
    page.show(show.table1(association))
    page.verdicts()

`page.evidence` and `page.mixtures` are what the findings of a paper read, in the default run.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from proxyreward.findings.core import controls, replicates
from proxyreward.findings.core.registry import EXPLAINED, Registry, load_registry
from proxyreward.findings.core.style import use_style
from proxyreward.notebooks import display
from proxyreward.notebooks.places import damaged, results_dir, scorecard

if TYPE_CHECKING:
    from proxyreward.findings.more.mixtures import Mixtures
    from proxyreward.findings.rethinking.evidence import Evidence


class Page:
    """The page of a notebook.

    Parameters
    ----------
    name
        The notebook's, without suffix; with hyphens it heads the names of its glued numbers.
    scale
        Whose results it shows.
    finding
        Folder below ``results/<scale>/`` that it reads, also the stage that wrote it; default: the
        notebook's name.
    """

    def __init__(self, name: str, scale: str, finding: str = ""):
        use_style()
        self.name, self.scale, self.finding = name, scale, finding or name
        self.results: Path = results_dir(scale)
        self.registry: Registry = load_registry()

    def estimates(self, name: str) -> pd.DataFrame:
        """A table over replicates, see :func:`proxyreward.findings.core.replicates.read`."""
        return replicates.read(self.results / self.finding, name)

    def table(self, name: str) -> pd.DataFrame:
        """A table of the default run; only empty cells are missing values."""
        path = self.results / self.finding / f"{name}.csv"
        try:
            return pd.read_csv(path, keep_default_na=False, na_values=[""])
        except (OSError, ValueError) as error:
            raise damaged(path, " ".join(str(error).split())) from None

    @cached_property
    def evidence(self) -> "Evidence":
        """What the findings on accuracy and regret read."""
        from proxyreward.findings.rethinking.evidence import Evidence

        return Evidence.read(self.results / "evidence")

    @cached_property
    def mixtures(self) -> "Mixtures":
        """What the findings on several sources of preference read."""
        from proxyreward.findings.more.mixtures import Mixtures

        return Mixtures.read(self.results / "mixes")

    def numbers(self, values: Mapping[str, Any], form: str) -> None:
        """Glue numbers as ``<page>-<key>``, formatted by `form`; texts as they are."""
        for key, value in values.items():
            name = f"{self.name.replace('_', '-')}-{key}"
            if isinstance(value, str):
                display.glue_text(name, value)
            else:
                display.glue_number(name, value, form)

    def interval(self, key: str, row: Any, form: str, unit: float = 1) -> None:
        """Glue a row's estimate and its ends as ``<page>-<key>``, ``…-low`` and ``…-high``."""
        ends = {f"{key}-low": unit * row.low, f"{key}-high": unit * row.high}
        self.numbers({key: unit * row.estimate} | ends, form)

    def ends(self, key: str, values: Collection[float], form: str) -> None:
        """Glue the smallest and the largest of the known ones of some values as
        ``<page>-<key>-low`` and ``…-high``."""
        known = pd.Series(list(values))
        self.numbers({f"{key}-low": known.min(), f"{key}-high": known.max()}, form)

    def figure(
        self, drawn: Any, alt: str, *, stage: str = "", glue: str = "", **parameters: Any
    ) -> None:
        """Show a figure, and below it the line that says where it comes from.

        Parameters
        ----------
        alt
            What the picture shows, for readers who cannot see it.
        stage
            That wrote what the figure shows; default: the page's finding.
        glue
            Name under which other pages paste both.
        parameters
            Of the notebook, as far as they shaped the figure.
        """
        line = display.provenance(stage or self.finding, self.name, parameters, self.scale)
        display.show([display.figure(drawn, alt), line], glue)

    def show(self, frame: pd.DataFrame, formats: Mapping[str, str] | None = None) -> None:
        """Show a table for readers, see :func:`proxyreward.notebooks.display.table`."""
        display.table(frame, formats)

    def verdicts(self, *claims: str) -> None:
        """Show verdicts: of these claims, each without the name of its paper, or of the finding."""
        known = [claim.id for claim in self.registry.measured_by(self.finding)]
        if claims:
            known = [self.registry.claim(f"{known[0].split('.')[0]}.{name}").id for name in claims]
        self._verdicts(known)

    def every_verdict(self) -> None:
        """Show the verdicts of all claims that a finding measures, with menus to choose some."""
        self._verdicts(self.measured, display.MENUS)

    def controls(self) -> pd.DataFrame:
        """How the positive controls stand over replicates, see :func:`controls.standing`."""
        return controls.standing(controls.load_controls(), controls.measured(self.results))

    def explained(self) -> pd.Series:
        """Of all claims that did not come out as the paper has them, whether a reason is given."""
        rows = scorecard(self.scale)
        unlike = {name: row for name, row in rows.items() if row["verdict"] in EXPLAINED}
        return pd.Series({name: "why" in row for name, row in unlike.items()}, dtype=bool)

    @property
    def measured(self) -> list[str]:
        """All claims that a finding measures, of any paper."""
        return [claim.id for claim in self.registry.claims() if claim.finding]

    def _verdicts(self, known: Sequence[str], menus: Mapping[str, str] | None = None) -> None:
        display.verdict_table(known, self.scale, menus)
        line = display.provenance("scorecard", self.name, {}, self.scale)
        display.show([line])
