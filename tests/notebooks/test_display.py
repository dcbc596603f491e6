"""Tests of what notebooks show."""

import json

import pandas as pd
import pytest

from proxyreward.files import content_hash
from proxyreward.findings.core.verdict import COLUMNS
from proxyreward.notebooks import display
from proxyreward.notebooks.display import figure, provenance, verdict_row


def test_equal_figures_are_equal_bytes(drawn):
    assert figure(drawn(), "two points").html == figure(drawn(), "two points").html


def test_figure_wants_an_alt_text_and_escapes_it(drawn):
    html = figure(drawn(), 'a "b" <c>').html
    assert 'alt="a &quot;b&quot; &lt;c&gt;"' in html
    with pytest.raises(ValueError, match="alt is empty"):
        figure(drawn(), " ")


def test_fragments_are_shown_as_one_or_glued_for_other_pages(shown, glued):
    parts = [display.Fragment("<p>a</p>", "a"), display.Fragment("<p>b</p>", "b")]
    display.show(parts)
    assert (shown[0]._repr_html_(), repr(shown[0])) == ("<p>a</p><p>b</p>", "a\nb") and not glued
    display.show(parts, "both")
    assert glued["both"].html == shown[0].html and len(shown) == 1


@pytest.fixture()
def recorded(project):
    """A stage's results and the record of the run that wrote them."""
    folder = project / "results" / "tiny" / "finding1"
    folder.mkdir()
    (folder / "pairs.csv").write_text("a,b\n")

    def record(**entry):
        entry = {"commit": "0123456789abcdef", "results": content_hash(folder)} | entry
        text = json.dumps({"stages": {"finding1": entry}})
        (folder.parent / "run.json").write_text(text)

    record()
    return record


def test_provenance_names_all_five_parts(recorded):
    assert repr(provenance("finding1", "page", {"top_n": 4}, "tiny")) == (
        "stage finding1 · notebook page · parameters top_n=4 · commit 0123456789 · scale tiny"
    )


def test_provenance_says_what_is_not_known(project, recorded):
    line = repr(provenance("other", "page", {}, "tiny"))
    assert "commit not recorded" in line and "parameters defaults" in line
    recorded(commit="abc", dirty=True)
    line = repr(provenance("finding1", "page", {}, "tiny"))
    assert "commit abc with local changes" in line
    (project / "results" / "tiny" / "finding1" / "pairs.csv").write_text("a,c\n")
    line = repr(provenance("finding1", "page", {}, "tiny"))
    assert "commit not recorded (results were restored or edited since)" in line


def test_verdict_table_reads_scorecard_and_registry(project, shown):
    row = {"claim_id": "rethinking.table1.c1", "verdict": "reproduced", "reason": "so", "n": 90}
    row |= {"estimate": 0.5, "low": 0.4, "high": 0.6, "paper_value": None}
    (project / "results" / "tiny" / "scorecard.json").write_text(json.dumps([row]))
    display.verdict_table(["rethinking.table1.c1", "rethinking.table1.c2"], "tiny")
    assert repr(shown[0]) == (
        "rethinking.table1.c1: reproduced\nrethinking.table1.c2: not recorded"
    )


def test_of_published_data_n_counts_what_is_left_out_and_no_run_is_the_default(project, shown):
    """A table of both kinds says both, and counts as replicates only what is one."""
    row = {"verdict": "reproduced", "reason": "so", "estimate": 0.5, "low": 0.4, "high": 0.6}
    rows = [
        row | {"claim_id": name, "n": n, "paper_value": None}
        for name, n in (("rethinking.fig13.c1", 13), ("rethinking.table1.c1", 4))
    ]
    folder = project / "results" / "tiny"
    (folder / "scorecard.json").write_text(json.dumps(rows))
    beside = COMPARED.iloc[[0, 3]].assign(claim="rethinking.fig13.c1")
    beside.to_csv(folder / "comparisons.csv", index=False)
    display.verdict_table([row["claim_id"] for row in rows], "tiny")
    display.verdict_table(["rethinking.fig13.c1"], "tiny")
    both, alone = (table.html for table in shown)
    for html in (both, alone):
        assert ">13 reward models<" in html and "Where n counts reward models" in html
        assert "default run" not in html and "beside: e = 0" in html
    assert "4 independent replicates" in both and "replicates of the pipeline" not in alone


def test_menus_count_the_claims_that_they_choose(project, shown):
    """Each row says to what it belongs, in the order of the menus."""
    rows = [
        {"claim_id": f"rethinking.{name}", "verdict": verdict, "reason": "so", "n": 4}
        | {"estimate": 0.5, "low": 0.4, "high": 0.6, "paper_value": None}
        for name, verdict in (("table1.c1", "reproduced"), ("fig2.c2", "definition"))
    ]
    (project / "results" / "tiny" / "scorecard.json").write_text(json.dumps(rows))
    claims = ["rethinking.table1.c1", "rethinking.fig2.c2", "more.table1.c1"]
    kinds = display.kinds_of_claims(claims, "tiny").set_index("claim")
    assert kinds["verdict"].tolist() == ["reproduced", "definition", display.NOT_RECORDED]
    assert kinds["paper"].tolist() == ["rethinking", "rethinking", "more"]
    assert kinds["kind"].tolist()[:2] == ["printed", "definition"]
    display.verdict_table(claims, "tiny", {"paper": "Paper", "verdict": "Verdict"})
    html = shown[0]._repr_html_()
    assert html.count("<select>") == 2 and "all (3)" in html and "rethinking (2)" in html
    assert 'data-kinds="rethinking|reproduced"' in html and "more|not recorded" in html
    display.verdict_table(claims, "tiny")
    assert "data-kinds" not in shown[1].html and "<form" not in shown[1].html


def test_glued_number_keeps_its_digits(glued):
    display.glue_number("a", -0.256, ".2f")
    display.glue_number("b", float("nan"), ".2f")
    assert [repr(glued[name]) for name in "ab"] == ["'−0.26'", "'–'"]


def test_verdict_row_words_the_verdict_and_escapes_data():
    found = {"verdict": "not reproduced", "estimate": -0.25, "low": -0.5, "high": 0.125, "n": 90}
    row = verdict_row("p.t.c1", "a < b", found | {"paper_value": 0.75, "reason": "<script>"})
    for part in (
        "a &lt; b", "verdict-not-reproduced", ">not reproduced<", ">0.75<", ">90<",
        "−0.25<br><small>[−0.5\u00a0to\u00a00.125]</small>", "&lt;script&gt;",
    ):  # fmt: skip
        assert part in row


def test_undecided_claim_is_said_so():
    assert f">{display.NOT_RECORDED}<" in verdict_row("p.t.c1", "s", None)


def test_table_escapes_texts_and_marks_numbers(shown):
    frame = pd.DataFrame({"a<b": ["<i>", "x"], "n": [1000, -2], "r": [0.126, float("nan")]})
    display.table(frame, {"r": ".3f"})
    html = shown[0]._repr_html_()
    assert "&lt;i&gt;" in html and "<i>" not in html and "a&lt;b" in html
    assert [repr(shown[0]).split("\n")[1:]] == [["&lt;i&gt; | 1,000 | 0.126", "x | −2 | –"]]
    assert html.count('class="number"') == 6 and "cards" not in html


NAN = float("nan")
COMPARED = pd.DataFrame(
    [
        ("c", 1, "a < b", 1.0, 0.5, 1.5, ">", 0, NAN, 0.95, 0.975, "holds", 4, 1.25, NAN),
        ("c", 2, "c", 0.0, -1.0, 1.0, "~", 0, 0.1, 0.9833, 0.975, "open", 4, NAN, 0.5),
        ("c", -1, "d", 1.0, NAN, NAN, ">", 0, NAN, 0.95, 0.95, "open", 1, 1.0, NAN),
        ("c", 0, "e", 0.0, -1.0, 1.0, "beside", NAN, NAN, 0.95, 0.95, "beside", 4, NAN, 0.5),
    ],
    columns=COLUMNS,
)


def test_comparisons_open_below_a_claim_of_several():
    found = display._comparisons(COMPARED)
    for part in (
        "<summary>4 quantities</summary><small>Intervals of level 0.95; to hold by one of level "
        "0.95 or 0.9833, to fail by one of level 0.95 or 0.975.<ul>",
        "a &lt; b = 1 [0.5\u00a0to\u00a01.5], default run 1.25, asked &gt; 0: <b>holds</b>",
        "<li>c = 0 [−1\u00a0to\u00a01], default run –, paper 0.5, asked within 0.1 of 0: <b>open",
        "<li>positive control: d = 1, default run 1, asked &gt; 0: <b>open</b></li>",
        "<li>beside: e = 0 [−1\u00a0to\u00a01], default run –, paper 0.5</li>",
    ):
        assert part in found
    assert "<li>one of: c" in display._comparisons(COMPARED.assign(group=1))


def test_a_single_comparison_is_spelled_out_by_the_reason_and_a_number_beside_is_not():
    assert display._comparisons(COMPARED.iloc[:1]) == display._comparisons(None) == ""
    found = display._comparisons(COMPARED.iloc[3:])
    assert "<summary>1 quantity</summary><small>Intervals of level 0.95.<ul><li>beside: e" in found


@pytest.mark.parametrize(
    ("counts", "said"),
    [([0, 1], "the default run alone"), ([4, 0], "4 independent replicates of the pipeline, pre"),
     ([20], "20 independent replicates of the pipeline.")],
)  # fmt: skip
def test_how_many_replicates_decide_is_said(counts, said):
    assert said in display._replicates([{"n": n} for n in counts])
