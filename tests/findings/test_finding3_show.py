import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking.finding3 import measure, show

CATEGORIES = ["Chat", "Math", "Safety"]
ENDS = {"low": 0.4, "high": 0.6}


def frame(rows, *columns):
    return pd.DataFrame(rows, columns=columns).assign(**ENDS)


@pytest.fixture
def categories():
    rows = [
        (optimiser, a, b, 0.4 + 0.1 * i + 0.01 * j, kind, mean)
        for optimiser in ("best-of-n", "ppo")
        for i, a in enumerate(CATEGORIES)
        for j, b in enumerate(CATEGORIES)
        for kind, mean in (("mean", 0.1 * i + 0.01 * j), ("sd", 0.02))
    ]
    return frame(rows, "optimiser", *measure.CELL, "paper", "measure", "estimate")


def test_ours_and_the_papers_matrix_share_one_colour_scale(categories):
    figure = show.plot_categories(categories)
    titles = [axis.get_title() or axis.get_title(loc="left") for axis in figure.axes[:4]]
    assert titles == ["Best-of-n, ours", "Best-of-n, paper", "PPO, ours", "PPO, paper"]
    for axis in figure.axes[:4]:
        assert axis.collections[0].get_clim() == pytest.approx((0.0, 0.62))
    texts = [axis.texts[3].get_text() for axis in figure.axes[:2]]
    assert texts == ["0.10", "0.50"]  # second row, first column


def test_tables_of_categories_and_of_leads(categories):
    wide = show.table3(categories, "ppo")
    assert wide.columns.tolist() == ["Downstream", *CATEGORIES]
    assert wide.loc[1, "Chat"] == "0.10 [0.40,\u00a00.60] ±\u00a00.02"
    rows = [("ppo", "same", 0.5, 0.41), ("ppo", "rows", 1.5, 2), ("separate", "same", 0.3, np.nan)]
    found = show.advantages(frame(rows, "optimiser", "measure", "estimate", "paper"))
    assert found["Policies"].tolist() == ["PPO", "PPO per category, fewer RMs"]
    assert found["Same category"].tolist() == [
        "0.50 [0.40,\u00a00.60] (0.41)", "0.30 [0.40,\u00a00.60]"
    ]  # fmt: skip
    assert found.loc[0, "Best rows"].endswith("(2.0)")


def test_a_panel_per_strategy_and_a_line_with_intervals_per_optimiser():
    rows = [
        (strategy, share, optimiser, 0.5 - share / 5)
        for strategy in ("paraphrase", "rewrite")
        for share in (0.0, 0.5, 1.0)
        for optimiser in ("best-of-n", "ppo")
    ]
    shares = frame(rows, "strategy", "share", "optimiser", "estimate")
    figure = show.plot_shares(shares)
    assert len(figure.axes) == 2
    for axis in figure.axes:
        assert list(axis.lines[1].get_ydata()) == pytest.approx([0.5, 0.4, 0.3])
        assert axis.collections[0].get_segments()[0][:, 1].tolist() == [0.4, 0.6]
    assert len(show.plot_shares(shares, ["rewrite"]).axes) == 1
    with pytest.raises(ValueError, match="no strategy 'reword'; choose one of"):
        show.plot_shares(shares, ["reword"])


def test_prompts_by_category_with_intervals():
    kinds = ("paraphrase", "rewrite", "guess", "guess_rewrite")
    rows = [(category, kind, 0.5) for category in ("all", *CATEGORIES) for kind in kinds]
    left, right = show.plot_prompts(frame(rows, "category", "measure", "estimate"), 0.8).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["all", *CATEGORIES]
    np.testing.assert_allclose(right.collections[0].get_segments()[0][:, 0], [40, 60])
    assert [line.get_xdata()[0] for line in right.lines if line.get_label() == "high"] == [80]


def test_examples_are_requests_in_the_order_of_categories(evidence):
    shown = show.examples(evidence.prompts)
    assert shown["Category"].tolist() == ["Chat", "ChatHard", "Code", "Math", "Safety"]
    assert shown["Rewrite"].str.startswith("rewrite prompt").all()
