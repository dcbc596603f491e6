import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding2


@pytest.fixture(scope="module")
def shown(evidence, tmp_path_factory):
    """Summaries as the notebook has them: written and read back."""
    folder = tmp_path_factory.mktemp("finding2")
    tables = finding2.compute(evidence, draws=3, bins=5, rng=np.random.default_rng(0))
    for name, table in finding2.summarise(tables).items():
        table.to_csv(folder / name, index=False, float_format="%.6g")
    return {name: pd.read_csv(folder / name) for name in tables}


def test_each_source_stands_beside_the_papers_value(shown, registry):
    paper = finding2.paper_sources(registry)
    figure = finding2.plot_sources(shown["sources"], paper)
    axis = figure.axes[0]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[-2:] == ["own policy*", "mixed (Origin)"]
    ours, printed = axis.lines[0], axis.lines[1]
    rows = shown["sources"].query("optimiser == 'best-of-n' and statistic == 'spearman'")
    np.testing.assert_allclose(ours.get_xdata(), rows["mean"])
    star = registry.printed("rethinking.table2", "Llama3-8B*", "bon_spearman")["mean"]
    assert printed.get_xdata()[4] == star
    assert np.isnan(printed.get_xdata()[:4]).all()


def test_cells_lie_above_the_diagonal_and_the_papers_region_is_outlined(shown):
    figure = finding2.plot_bins(shown["bins"])
    for axis, where in zip(figure.axes[:2], ({(2, 3), (2, 4)}, {(0, 2), (1, 2)})):
        texts = [text.get_text() for text in axis.texts]
        assert len(texts) == 10
        outlined = {(int(patch.get_y()), int(patch.get_x()) + 1) for patch in axis.patches}
        assert outlined == where
    cell = shown["bins"].query("chosen == 0 and rejected == 1 and optimiser == 'best-of-n'")
    assert figure.axes[0].texts[0].get_text() == f"{cell['mean'].item():.2f}"


def test_many_bins_take_the_whole_width(evidence):
    tables = finding2.compute(evidence, draws=2, bins=8, rng=np.random.default_rng(0))
    figure = finding2.plot_bins(finding2.summarise(tables)["bins"])
    first, second = (axis.get_subplotspec() for axis in figure.axes[:2])
    assert (first.rowspan.start, second.rowspan.start) == (0, 1)
