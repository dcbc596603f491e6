"""The files that install the project agree with each other, the code and this environment."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def lock(root):
    lines = (root / "requirements.lock").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in lines)
    pinned = {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}
    assert len(pinned) == len(lines)
    return pinned


def declared(project):
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(text) for texts in lists for text in texts]


def make(root, *words):
    return subprocess.run(["make", "-C", str(root), *words], capture_output=True, text=True)


def test_pyproject_pins_what_the_lock_pins(project, lock):
    pins = {canonicalize_name(item.name): str(item.specifier) for item in declared(project)}
    assert pins == {name: f"=={lock.get(name)}" for name in pins}


def needs(requirement):
    """What an installed distribution asks for on this platform, with the extras in use."""
    for text in importlib.metadata.requires(requirement.name) or []:
        inner = Requirement(text)
        # Builds of torch differ in the GPU libraries that they bring along and pin by themselves.
        if requirement.name == "torch" and "platform_system" in str(inner.marker):
            continue
        extras = {"", *requirement.extras}
        if not inner.marker or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
            yield inner


def test_lock_holds_all_that_is_needed_and_nothing_else(project, lock):
    seen, waiting = {}, declared(project)
    while waiting:
        item = waiting.pop()
        key = (canonicalize_name(item.name), *sorted(item.extras))
        if key not in seen:
            seen[key] = item
            waiting.extend(needs(item))
    assert {name for name, *_ in seen} == set(lock)


def test_environment_is_the_locked_one(lock):
    installed = {name: importlib.metadata.version(name).partition("+")[0] for name in lock}
    assert installed == lock


def test_conda_installs_from_the_lock_on_the_same_python(project, root):
    conda = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    assert conda == ["python=3.11", "pip", {"pip": ["-r requirements.lock", "-e ."]}]
    assert project["requires-python"] == "==3.11.*"
    for path in (root / ".github" / "workflows").glob("*.yml"):
        assert re.findall(r'python-version: "(.+)"', path.read_text()) == ["3.11"]


def test_every_imported_library_is_declared(project, root):
    providers = importlib.metadata.packages_distributions()
    names = {canonicalize_name(item.name) for item in declared(project)}
    imported = set()
    for path in [*(root / "src").rglob("*.py"), *(root / "tests").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.partition(".")[0])
    foreign = {name for name in imported - sys.stdlib_module_names if name in providers}
    undeclared = {
        name
        for name in foreign - {"proxyreward"}
        if not names & {canonicalize_name(dist) for dist in providers[name]}
    }
    assert undeclared == set()


def test_every_data_file_of_the_package_is_installed(root):
    setuptools = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]
    package = root / "src" / "proxyreward"
    shipped = {
        path for each in setuptools["package-data"]["proxyreward"] for path in package.glob(each)
    }
    files = (path for path in package.rglob("*.*") if "__pycache__" not in path.parts)
    assert shipped == {path for path in files if path.suffix != ".py"}


def test_citation_and_package_give_one_version(project, root):
    assert yaml.safe_load((root / "CITATION.cff").read_text())["version"] == project["version"]


def test_readme_links_lead_somewhere(root):
    links = re.findall(r"\]\(([^)#]+)\)", (root / "README.md").read_text())
    assert [link for link in links if not (root / link).exists()] == []


def test_readme_and_help_know_the_same_make_targets(root):
    listed = set(re.findall(r"^make (\w+)", make(root, "help").stdout, flags=re.MULTILINE))
    named = set(re.findall(r"`make (\w+)`", (root / "README.md").read_text()))
    assert named == listed - {"help"} and {"reproduce", "test"} <= named


def test_without_python_make_says_what_to_do(root, tmp_path):
    done = make(root, "test", "PYTHON=", f"VENV={tmp_path / 'venv'}")
    assert done.returncode != 0
    assert "Python 3.11 is needed" in done.stderr and "make PYTHON=" in done.stderr


def test_continuous_integration_runs_the_test_command_of_the_readme(root):
    script = root / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().splitlines()[-1] == "make test"
