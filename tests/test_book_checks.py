"""Tests that the checks of the book find what they are for."""

import pytest

from proxyreward.book_checks import check_html, typed_numbers

GOOD = """<html><head><link rel="stylesheet" href="a.css"></head><body id="top">
<a href="https://example.org">out</a> <a href="other.html#part">in</a> <a href="#top">up</a>
<a href="mailto:a@example.org">mail</a> <img src="a.svg" alt="A curve"></body></html>"""


@pytest.fixture()
def site(tmp_path):
    (tmp_path / "a.css").write_text("p { background: url(a.svg) }")
    (tmp_path / "page.html").write_text(GOOD)
    (tmp_path / "other.html").write_text('<p id="part"></p>')
    return tmp_path


def test_a_sound_page_has_no_problems(site):
    assert check_html(site) == []


@pytest.mark.parametrize(
    "piece",
    [
        '<script src="https://example.org/a.js"></script>',
        '<img src="//example.org/a.svg" alt="x y">',
        '<link rel="preconnect" href="https://example.org">',
        "<style>@import 'https://e.org/a';</style>",
        '<p style="background: url(http://e.org/a)">',
        '<script>const u = "https://e.org/a";</script>',
        '<iframe src="http://e.org"></iframe>',
    ],
)
def test_remote_assets_are_found(site, piece):
    (site / "page.html").write_text(GOOD + piece)
    (problem,) = check_html(site)
    assert problem.startswith("page.html: loads")


def test_remote_style_sheets_are_found(site):
    (site / "a.css").write_text("@import url('https://example.org/f.css');")
    assert check_html(site) == ["a.css: loads https://example.org/f.css"]


@pytest.mark.parametrize("alt", ["", 'alt=""', 'alt="images/a.svg"'])
def test_mute_images_are_found(site, alt):
    (site / "page.html").write_text(f'<img src="a.svg" {alt}>')
    assert "without alternative text" in check_html(site)[0]


@pytest.mark.parametrize("link", ["gone.html", "other.html#gone", "#gone"])
def test_links_that_lead_nowhere_are_found(site, link):
    (site / "page.html").write_text(f'<a href="{link}">x</a>')
    assert check_html(site) == [f"page.html: link leads nowhere: {link}"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("accuracy was 0.75 here", ["0.75"]),
        ("some 62% of them", ["62%"]),
        ("some 62 percent", ["62 percent"]),
        ("of 2,312 pairs", ["2,312"]),
        ("n = 1280", ["1280"]),
        ("It is 0.75.", ["0.75"]),
        (":::{note}\nnearly 0.5\n:::", ["0.5"]),
        ("```{note}\nnearly 0.5\n```", ["0.5"]),
        ("| a | 0.5 |", ["0.5"]),
    ],
)
def test_typed_numbers_are_found(text, found):
    assert typed_numbers(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "two cores and 12 stages",
        "in 2024",
        "Python 3.11",
        "`0.75`",
        "{glue:text}`x:0.2f`",
        "$p < 0.05$",
        "$$\n0.5\n$$",
        "```python\nx = 0.5\n```",
        "```{code-block} python\n0.5\n```",
        "[arXiv](https://arxiv.org/abs/2410.05584)",
        "<!-- 0.5 -->",
        "```{image} a\n:width: 100%\n```",
    ],
)
def test_what_is_no_prose_is_left_alone(text):
    assert typed_numbers(text) == []
