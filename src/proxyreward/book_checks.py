"""What must hold of the book: nothing remote is loaded, links resolve, pictures speak, no typed
result numbers.

In: a folder of built HTML, or the Markdown of a page.  Out: a list of problems, empty when all is
well.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from proxyreward.notebooks.parameters import read_notebook

# Attributes through which a browser fetches something by itself; <a href> only follows a click.
_LOADS = {"src", "srcset", "data", "poster", "background", "action"}
_REMOTE = re.compile(r"^\s*(?:https?:|ftp:|wss?:)?//|^\s*(?:https?|ftp|wss?):", re.IGNORECASE)
_CSS_REMOTE = re.compile(r"""(?:url\(|@import)\s*["']?\s*(?:https?:)?//[^)"'\s]*""", re.IGNORECASE)
_SCRIPT_REMOTE = re.compile(r"""https?://[^"'\s]+""")

# Names and versions, not results.
_ALLOWED = ("Python 3.11", "Llama 3.1")
_TYPED = re.compile(
    r"(?<![\w.])(?:\d+\.\d+|\d+(?:\.\d+)?\s?(?:%|per\s?cent)|\d{1,3}(?:,\d{3})+|"
    r"(?!(?:19|20)\d\d\b)\d{3,})(?!\.?\w)"
)
_NOT_PROSE = (
    re.compile(
        r"^(`{3,}|~{3,})(?:\{(?:code|code-block|math|glue\S*|bibliography)\})?[^{\n]*\n"
        r".*?^\1\s*$",
        re.DOTALL | re.MULTILINE,
    ),  # fences, except prose directives
    re.compile(r"^---\n.*?^---\n", re.DOTALL | re.MULTILINE),  # front matter
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"\$\$.*?\$\$", re.DOTALL),
    re.compile(r"\{[\w:-]+\}`[^`]*`"),  # roles
    re.compile(r"(`+).*?\1"),
    re.compile(r"(?<!\\)\$[^$\n]+\$"),
    re.compile(r"\]\([^)]*\)|<https?://[^>]*>|^:[\w-]+:.*$", re.MULTILINE),  # links, options
)


class _Page(HTMLParser):
    """One HTML page: its anchors, links, images and what it loads."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.images: list[dict[str, str]] = []
        self.loads: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attributes}
        self._inside = tag
        self.ids.update(given[key] for key in ("id", "name") if key in given)
        if tag == "img":
            self.images.append(given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.loads += [
            value for key, value in given.items() if key in _LOADS or (key == "href" and tag != "a")
        ]
        self.loads += _css_loads(given.get("style", ""))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        self._inside = ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.loads += _css_loads(data)
        if self._inside == "script":
            self.loads += _SCRIPT_REMOTE.findall(data)


def check_html(folder: Path) -> list[str]:
    """Return every problem of the HTML pages and style sheets under `folder`."""
    pages = {
        path.resolve(): _Page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    }
    problems = []
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        problems += [f"{name}: loads {place}" for place in page.loads if _REMOTE.match(place)]
        problems += [
            f"{name}: image without alternative text: {image.get('src', '')[:80]}"
            for image in page.images
            if not _speaks(image)
        ]
        problems += [
            f"{name}: link leads nowhere: {link}"
            for link in page.links
            if not _REMOTE.match(link) and not _resolves(path, link, pages)
        ]
    for path in sorted(folder.rglob("*.css")):
        problems += [
            f"{path.relative_to(folder)}: loads {place}"
            for place in _css_loads(path.read_text(encoding="utf-8"))
        ]
    return problems


def typed_numbers(markdown: str) -> list[str]:
    """Return the numbers typed in the prose of a page.

    Forbidden are decimal numbers, percentages and whole numbers of three or more digits that are
    no year.  Code, math, roles (such as glue), link targets and comments are not prose.
    """
    for pattern in _NOT_PROSE:
        markdown = pattern.sub(" ", markdown)
    for words in _ALLOWED:
        markdown = markdown.replace(words, "")
    return _TYPED.findall(markdown)


def check_sources(root: Path) -> list[str]:
    """Return every typed number in ``book/*.md`` and ``notebooks/*.ipynb``."""
    return [
        f"{path.relative_to(root)}: number typed in prose: {number!r}; glue it from results/"
        for path, text in _prose(root)
        for number in typed_numbers(text)
    ]


def _prose(root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted((root / "book").glob("*.md")):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        for cell in read_notebook(path).cells:
            if cell.cell_type == "markdown":
                yield path, cell.source


def _css_loads(text: str) -> list[str]:
    return [
        place.split("(")[-1].split("@import")[-1].strip(" \"'")
        for place in _CSS_REMOTE.findall(text)
    ]


def _speaks(image: dict[str, str]) -> bool:
    """Sphinx falls back on the file name, which tells a listener nothing."""
    alt = image.get("alt", "").strip()
    return bool(alt) and not re.fullmatch(r"\S+\.(svg|png|jpe?g|gif)", alt)


def _resolves(page: Path, link: str, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme:  # mailto and the like
        return True
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not parts.fragment or target not in pages:
        return target.exists()
    return unquote(parts.fragment) in pages[target].ids
