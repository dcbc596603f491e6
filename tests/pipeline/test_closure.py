import pytest

from proxyreward.pipeline.closure import closure, fingerprint


@pytest.fixture
def toy(tmp_path):
    """A package `toy` whose module `toy.deep.a` imports in every way that Python offers."""

    root = tmp_path / "toy"
    files = {
        "__init__": "",
        "deep/__init__": "from . import sibling",
        "deep/sibling": "",
        "deep/a": "import toy.plain\nfrom ..up import y\ndef f():\n    from toy.late import x",
        "plain": "import numpy",
        "up": "from .deep import a",
        "late": "from toy import plain, x",
        "unused": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{name}.py").write_text(text)
    return tmp_path


def test_closure_follows_every_form_of_import(toy):
    found = [path.as_posix() for path in closure("toy.deep.a", toy)]
    names = ["__init__", "deep/__init__", "deep/a", "deep/sibling", "late", "plain", "up"]
    assert found == [f"toy/{name}.py" for name in names]


def test_closure_of_a_leaf_is_itself_and_its_package(toy):
    assert [path.name for path in closure("toy.plain", toy)] == ["__init__.py", "plain.py"]


def test_missing_module_names_file_and_line(toy):
    (toy / "toy" / "plain.py").write_text("\nimport toy.nowhere\n")
    with pytest.raises(ModuleNotFoundError, match=r"plain\.py, line 2: no module toy\.nowhere"):
        closure("toy.plain", toy)
    with pytest.raises(ModuleNotFoundError, match="no module toy.absent"):
        closure("toy.absent", toy)


@pytest.mark.parametrize(
    ("name", "changes"), [("late", True), ("deep/sibling", True), ("unused", False)]
)
def test_fingerprint_changes_exactly_with_the_closure(toy, name, changes):
    before = fingerprint("toy.deep.a", toy)
    with open(toy / "toy" / f"{name}.py", "a") as file:
        file.write("\n# other bytes\n")
    assert (fingerprint("toy.deep.a", toy) != before) == changes


def test_own_package_resolves():
    paths = closure("proxyreward.pipeline.closure")
    assert "proxyreward/pipeline/closure.py" in {path.as_posix() for path in paths}
