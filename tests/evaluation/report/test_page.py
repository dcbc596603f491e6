import base64
import hashlib
import re
import shutil
import subprocess
from itertools import product

import pytest
from bs4 import BeautifulSoup
from tests.evaluation.report import made

from proxyreward.evaluation.report.page import cells, page
from proxyreward.evaluation.report.tables import Cell

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def text():
    return page(made.evaluation())


@pytest.fixture(scope="module")
def soup(text):
    return BeautifulSoup(text, "html.parser")


@pytest.fixture(scope="module")
def in_turn():
    return BeautifulSoup(page(made.in_turn()), "html.parser")


def headings(soup):
    return [heading.text for heading in soup.find_all(re.compile("^h[1-6]$"))]


def test_the_verdict_and_the_alarms_come_before_all_tables(text):
    places = [text.index(part) for part in ('class="verdict"', 'class="alarms"', "<table")]
    assert places == sorted(places)


def test_the_page_tells_everything_in_order(soup):
    assert headings(soup) == [
        "Which reward model is safe to optimise against",
        "Alarms: 2",
        "Against gold-rm",
        "Best-of-n: golden and own reward",
        "Equal accuracy, different regret",
        "Categories",
        "All measures",
        "Calibration",
        "How good the golden model is itself",
        "Symptoms",
        "What was read and left out",
        "How it was computed",
        "Settings",
    ]
    shown = soup.text
    for part in ("Score in float32", "3 prompts have one response", "16,800", "level"):
        assert part in shown


def test_the_page_loads_nothing_and_allows_its_own_script_and_style_alone(soup, text):
    policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    for kind in ("script", "style"):
        (own,) = soup.find_all(kind)
        digest = base64.b64encode(hashlib.sha256(own.string.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not soup.find_all(["link", "img", "iframe", "object"])
    assert not re.findall(r"""(?:src|href)=["'](?!#)|url\(|@import|\sstyle=|\son\w+=""", text)


def test_a_name_is_shown_as_it_is_and_is_no_element(soup):
    assert len(soup.find_all("script")) == 1
    heads = [head.text for head in soup.select("tbody th")]
    assert made.SCRIPT in heads and made.MODELS[4] in heads
    assert "more & <b>scores</b>.parquet" in soup.text and not soup.find_all("b")


def test_a_name_cannot_leave_an_attribute_and_hides_nothing():
    name = "\"><img src=x onerror=alert(1)>' \u202egnp\n\x00{{ 7 * 7 }}"
    golden = made.golden(name)
    text = page(made.evaluation(golden, made.golden()))
    soup = BeautifulSoup(text, "html.parser")
    assert not soup.find_all("img") and not {"\u202e", "\x00"} & set(text)
    assert not [tag for tag in soup.find_all(True) for key in tag.attrs if key.startswith("on")]
    assert r"\u202egnp\n\x00{{ 7 * 7 }}" in soup.text


def test_a_row_says_what_is_sorted_by_struck_through_and_noted():
    row = Cell("a<b>\u200b", "a<b>\u200b", null=True), Cell("0.50", 0.5, "a, b", struck=True)
    assert cells((*row, Cell("–", None, "c"))) == (
        r'<th scope="row" class="null" data-value="a&lt;b&gt;\u200b">a&lt;b&gt;\u200b</th>'
        '<td data-value="0.5"><s>0.50</s><sup>a, b</sup></td><td>–<sup>c</sup></td>'
    )


def test_models_with_the_same_drawing_have_a_panel_each(in_turn):
    drawn = len(in_turn.select("figure"))
    assert drawn == 4 * len(made.MODELS) and len(in_turn.select("figure svg")) == 2 * drawn
    assert len(in_turn.select("figure use")) == drawn  # the golden panels alone


def test_tables_have_a_caption_heads_with_a_scope_and_a_box_to_scroll_in(soup):
    for table in soup.find_all("table"):
        assert table.caption.text
        assert {head["scope"] for head in table.thead.find_all("th")} == {"col"}
        for row in table.tbody.find_all("tr"):
            assert row.th["scope"] == "row" and row.find() is row.th
        box = table.parent
        assert box["class"] == ["scroll"] and box["tabindex"] == "0" and box["aria-label"]


def test_every_mark_has_its_note(soup):
    for table in soup.find_all("table"):
        marks = {mark.text for mark in table.find_all("sup")}
        notes = table.parent.find_next_sibling()
        own = notes.name == "ul" and "notes" in notes.get("class", [])
        assert marks == ({note.text for note in notes.find_all("sup")} if own else set())


def test_figures_have_texts_instead_and_ids_are_unique(in_turn):
    panels = in_turn.select("figure svg")
    assert panels and all(panel["role"] == "img" and panel["aria-label"] for panel in panels)
    assert all(figure.figcaption.text for figure in in_turn.find_all("figure"))
    ids = [tag["id"] for tag in in_turn.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {use["href"][1:] for use in in_turn.find_all("use")} <= set(ids)


def test_headings_skip_no_level(soup, in_turn):
    for found in (soup, in_turn):
        levels = [int(heading.name[1]) for heading in found.find_all(re.compile("^h[1-6]$"))]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))


def test_many_golden_models_are_a_matrix_and_a_folded_section_each(in_turn):
    assert "NDR of each model" in in_turn.find("table").caption.text
    folded = in_turn.select("main > details")
    assert [one.summary.text for one in folded] == [f"Against {name}" for name in made.MODELS]
    assert not any(one.has_attr("open") for one in folded)


def test_without_signal_the_page_says_why_nothing_is_ranked():
    found = page(made.evaluation(made.unranked(), alarms=(), symptoms=()))
    soup = BeautifulSoup(found, "html.parser")
    assert "nothing is ranked" in soup.select_one(".verdict").text
    assert "Nothing alarming was found." in soup.text
    assert "Highest accuracy that a model can reach" not in soup.text


def test_the_same_evaluation_gives_the_same_bytes(text):
    assert page(made.evaluation()) == text


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_what_is_behind(soup, scheme):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    blocks = re.findall(r":root \{(.*?)\}", soup.style.string, flags=re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", blocks[scheme]))
    texts = ("text", "quiet", "link")
    pairs = [*product(texts, ("page", "raised")), ("alarm", "page"), ("alarm", "raised")]
    pairs += [("text", "alarm-page"), ("text", "good-page")]
    for front, back in pairs:
        assert contrast(colours[front], colours[back]) >= 4.5, (front, back)
    for line in ("golden", "own", "best", "null"):
        assert contrast(colours[line], colours["page"]) >= 3, line


@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser")
def test_in_a_browser_tables_can_be_sorted_all_is_printed_and_no_name_runs(text, tmp_path):
    press = """
      const button = document.querySelector("thead th:nth-child(4) button");
      button.click(); button.click();
      const folded = [...document.querySelectorAll("details")];
      const open = () => folded.filter((one) => one.open).length;
      const counts = [folded.length, open()];
      for (const event of ["beforeprint", "afterprint"]) {
        dispatchEvent(new Event(event));
        counts.push(open());
      }
      document.body.dataset.open = counts.join(" ");
      document.body.dataset.wide = document.documentElement.scrollWidth > innerWidth;
    """
    digest = base64.b64encode(hashlib.sha256(press.encode()).digest()).decode()
    probed = text.replace("script-src ", f"script-src 'sha256-{digest}' ")
    (tmp_path / "page.html").write_text(
        probed.replace("</body>", f"<script>{press}</script></body>")
    )
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    words += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=500,900"]
    done = subprocess.run(
        [*words, (tmp_path / "page.html").as_uri()], capture_output=True, text=True, timeout=120
    )
    soup = BeautifulSoup(done.stdout, "html.parser")
    assert soup.title.text.startswith("Which reward model")
    table = soup.find("table")
    assert table.thead.find_all("th")[3]["aria-sort"] == "descending"
    values = [row.find_all(["th", "td"])[3].get("data-value") for row in table.tbody.find_all("tr")]
    known = [float(value) for value in values if value is not None]
    assert known == sorted(known, reverse=True) and values[-1] is None and len(known) == 7
    assert soup.body["data-wide"] == "false"
    # What is folded is printed, and folded again after.
    assert soup.body["data-open"] == "1 0 1 0"
