import numpy as np
import pytest

from proxyreward.findings.core import replicates
from proxyreward.findings.rethinking.finding2 import measure, show
from proxyreward.findings.rethinking.repeats import alone, with_sd


@pytest.fixture
def paper(registry):
    return alone(measure.printed_sources(registry))


@pytest.fixture(scope="module")
def tables(evidence, tmp_path_factory):
    """Tables over three replicates."""
    folder, rng = tmp_path_factory.mktemp("finding2"), np.random.default_rng(0)
    own = measure.estimates(measure.draw(evidence, draws=3, bins=5, rng=rng))
    found = {
        seed: {name: table.assign(value=table["value"] * scale) for name, table in own.items()}
        for seed, scale in enumerate((1, 0.9, 0.7))
    }
    replicates.write(folder, 0, found, "x")
    return {name: replicates.read(folder, name) for name in own}


def test_each_source_stands_beside_the_papers_value(tables, registry, paper):
    axis = show.plot_sources(tables["sources"], paper).axes[0]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[-2:] == ["own policy*", "mixed (Origin)"]
    rows = with_sd(tables["sources"]).query("optimiser == 'best-of-n' and statistic == 'spearman'")
    lines, points = axis.collections[:2]
    np.testing.assert_allclose(points.get_offsets()[:, 0], rows["estimate"])
    ends = np.array(lines.get_segments())[:, :, 0]
    np.testing.assert_allclose(ends, rows[["low", "high"]])
    printed = axis.lines[0].get_xdata()
    star = registry.printed("rethinking.table2", "Llama3-8B*", "bon_spearman")["mean"]
    assert printed[4] == star and np.isnan(printed[:4]).all()


def test_table2_has_the_papers_rows_beside_ours(tables, paper):
    ours, printed = (show.table2(rows).set_index("Source") for rows in (tables["sources"], paper))
    assert ours.index.tolist()[-3:] == ["timid", "own policy*", "mixed (Origin)"]
    assert ours.columns.tolist() == printed.columns.tolist()
    assert printed.loc["mixed (Origin)", "Best-of-n, Spearman"] == "0.75"
    assert printed.loc["own policy*", "PPO, MRR"] == "0.55 ±\u00a00.06"
    assert "±" not in ours.loc["mixed (Origin)", "PPO, MRR"]  # a fixed pair: every draw the same


def test_cells_lie_above_the_diagonal_and_the_papers_region_is_outlined(tables):
    figure = show.plot_bins(tables["bins"])
    for axis, where in zip(figure.axes[:2], ({(2, 3), (2, 4)}, {(0, 2), (1, 2)})):
        assert len(axis.texts) == 10
        outlined = {(int(patch.get_y()), int(patch.get_x()) + 1) for patch in axis.patches}
        assert outlined == where
    cell = tables["bins"].query("chosen == 0 and rejected == 1 and optimiser == 'best-of-n'")
    assert figure.axes[0].texts[0].get_text() == f"{cell['estimate'].item():.2f}"
