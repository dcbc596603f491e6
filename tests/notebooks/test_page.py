"""Tests of what a notebook opens."""

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import replicates
from proxyreward.notebooks import Page


@pytest.fixture()
def page(project):
    """A page with a table over two replicates and one of the default run."""
    folder = project / "results" / "tiny" / "finding1"
    runs = {seed: pd.DataFrame({"n": [4, 16], "value": [seed, 2.0]}) for seed in (0, 1)}
    replicates.write(folder, 0, {seed: {"gains": table} for seed, table in runs.items()}, "x")
    (folder / "texts.csv").write_text("text,number\nNA,1\n,\n")
    return Page("my_page", "tiny", "finding1")


def test_a_page_reads_the_tables_of_its_finding(page):
    gains = page.estimates("gains")
    assert gains["estimate"].tolist() == [0.5, 2.0] and gains["own"].tolist() == [0.0, 2.0]
    assert page.table("texts").isna().values.tolist() == [[False, False], [True, True]]
    assert Page("finding1", "tiny").estimates("gains").equals(gains)
    with pytest.raises(ValueError, match="nothing.csv: .*`dvc repro"):
        page.estimates("nothing")
    with pytest.raises(FileNotFoundError, match="nothing.csv: .*Remedy: .*`dvc repro`"):
        page.table("nothing")


def test_a_page_reads_what_findings_read(page):
    with pytest.raises(FileNotFoundError, match=r"evidence/rms\.csv: no such table"):
        _ = page.evidence
    with pytest.raises(FileNotFoundError, match=r"mixes/rms\.csv: no such table"):
        _ = page.mixtures


def test_glued_names_begin_with_the_page(page, glued):
    page.numbers({"n": 4, "missing": np.nan, "of": "a text"}, "d")
    page.interval("gain", page.estimates("gains").iloc[0], ".1f", 100)
    page.ends("loss", pd.Series([np.nan, 2.0, 0.5, 1.0]), ".1f")
    assert {name: text.text for name, text in glued.items()} == {
        "my-page-n": "4",
        "my-page-missing": "–",
        "my-page-of": "a text",
        "my-page-gain": "50.0",
        "my-page-gain-low": "−585.3",
        "my-page-gain-high": "685.3",
        "my-page-loss-low": "0.5",
        "my-page-loss-high": "2.0",
    }


def test_a_figure_has_its_line_and_both_can_be_pasted_as_one(page, drawn, shown, glued):
    page.figure(drawn(), "two points", n=4)
    assert repr(shown[0]).startswith(
        "two points\nstage finding1 · notebook my_page · parameters n=4"
    )
    assert shown[0].html.startswith("<img") and shown[0].html.endswith("</p>")
    page.figure(drawn(), "two points", stage="other", glue="picture")
    assert "stage other" in repr(glued["picture"]) and len(shown) == 1


def test_verdicts_are_those_of_the_finding_or_the_ones_asked_for(page, shown):
    (page.results / "scorecard.json").write_text("[]")
    page.verdicts()
    every = [claim.id for claim in page.registry.measured_by("finding1")]
    assert len(every) > 1
    assert [line.partition(":")[0] for line in repr(shown[0]).splitlines()] == every
    assert "stage scorecard" in repr(shown[1])
    page.verdicts(every[1].partition(".")[2])
    assert repr(shown[2]) == f"{every[1]}: not recorded"
