import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding3

CATEGORIES = ["Chat", "Math", "Safety"]


def cells(optimisers=("best-of-n", "ppo"), offset=0.0):
    rows = [
        (optimiser, a, b, offset + 0.1 * i + 0.01 * j, 0.02)
        for optimiser in optimisers
        for i, a in enumerate(CATEGORIES)
        for j, b in enumerate(CATEGORIES)
    ]
    return pd.DataFrame(rows, columns=["optimiser", "downstream", "accuracy_on", "mean", "sd"])


def test_ours_and_the_papers_matrix_share_one_colour_scale():
    figure = finding3.plot_categories(cells(), cells(offset=0.4))
    titles = [axis.get_title() or axis.get_title(loc="left") for axis in figure.axes[:4]]
    assert titles == ["Best-of-n, ours", "Best-of-n, paper", "PPO, ours", "PPO, paper"]
    for axis in figure.axes[:4]:
        assert axis.collections[0].get_clim() == pytest.approx((0.0, 0.62))
    texts = [text.get_text() for text in figure.axes[1].texts]
    assert texts[3] == "0.50"  # second row, first column


@pytest.fixture
def shares():
    rows = [
        (strategy, share, optimiser, 0.5 - share / 5, 0.0, 0.8)
        for strategy in ("paraphrase", "rewrite")
        for share in (0.0, 0.5, 1.0)
        for optimiser in ("best-of-n", "ppo")
    ]
    return pd.DataFrame(rows, columns=["strategy", "share", "optimiser", "mean", "low", "high"])


def test_a_panel_per_strategy_and_a_line_with_intervals_per_optimiser(shares):
    figure = finding3.plot_shares(shares)
    assert len(figure.axes) == 2
    for axis in figure.axes:
        assert len(axis.containers) == 2
        data, _, (bars,) = axis.containers[0]
        assert list(data.get_ydata()) == pytest.approx([0.5, 0.4, 0.3])
        assert list(bars.get_segments()[0][:, 1]) == pytest.approx([0, 0.8])
    assert len(finding3.plot_shares(shares, ["rewrite"]).axes) == 1
    with pytest.raises(ValueError, match="no strategy 'reword'; choose one of"):
        finding3.plot_shares(shares, ["reword"])


def test_prompts_by_category_with_intervals():
    rows = [
        (category, measure, 10, 0.5, 0.4, 0.6)
        for category in ("all", *CATEGORIES)
        for measure in ("paraphrase", "rewrite", "guess", "guess_rewrite")
    ]
    columns = ["category", "measure", "prompts", "estimate", "low", "high"]
    left, right = finding3.plot_prompts(pd.DataFrame(rows, columns=columns), 0.8).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["all", *CATEGORIES]
    np.testing.assert_allclose(left.lines[0].get_xdata(), 0.5)
    np.testing.assert_allclose(right.collections[0].get_segments()[0][:, 0], [40, 60])
    assert [line.get_xdata()[0] for line in right.lines if line.get_label() == "high"] == [80]
