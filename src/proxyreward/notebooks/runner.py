"""The typed notebook runner: papermill's Python API behind strict parameters and stable bytes.

In: a notebook's name and ``key=value`` words.  Out: an executed notebook whose bytes depend on
nothing but code, parameters and results.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proxyreward.files import write_whole
from proxyreward.notebooks.parameters import check_values, declared, notebook_path, read_notebook
from proxyreward.notebooks.places import project_root
from proxyreward.notebooks.surroundings import own_kernel
from proxyreward.scratch import scratch, turn
from proxyreward.vocabulary import DEFAULT_SCALE

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
# Memory addresses and the kernel's temporary file names differ from run to run.
_VOLATILE = (
    (re.compile(r" at 0x[0-9a-f]+"), ""),
    (re.compile(r"\S*ipykernel_\d+/\d+\.py"), "<cell>"),
)


class NotebookFailed(RuntimeError):
    """A cell raised, or the outcome cannot be written; the message says where, and the remedy."""


def run(name: str, values: Mapping[str, str], output_dir: str | Path) -> Path:
    """Execute ``notebooks/<name>.ipynb`` and return the path of the executed notebook.

    Parameters
    ----------
    name : notebook's file name without suffix.
    values : texts of ``key=value`` words; each must be one of the notebook's typed parameters.
    output_dir : folder for ``<name>.ipynb``, made where missing.

    Raises
    ------
    NotFound
        If there is no such notebook; names the nearest.
    ConfigError
        If a parameter is unknown or ill-typed; lists the known ones with their defaults.
    NotebookFailed
        If `output_dir` cannot be written, or a cell raises; the partial notebook is then kept as
        ``<name>.failed.ipynb``.
    """
    import nbformat
    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError, execute_notebook

    source = notebook_path(name)
    parameters = check_values(name, source, values)
    folder = Path(output_dir)
    _keep(folder)
    with scratch() as own:
        draft = own / source.name
        try:
            execute_notebook(
                str(source),
                str(draft),
                parameters=parameters,
                kernel_name=KERNEL["name"],
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                cwd=str(source.parent),
                kernel_manager_class=own_kernel(own),
            )
        except PapermillExecutionError as error:
            text = draft.read_text(encoding="utf-8")
            failed = _keep(folder, f"{name}.failed.ipynb", text)
            first_line = (error.source.strip().splitlines() or [""])[0]
            raise NotebookFailed(
                f"{source}: cell {error.cell_index + 1} ({first_line!r}) raised {error.ename}: "
                f"{' '.join(error.evalue.split())}. Remedy: the cells up to it are in {failed}"
            ) from None
        except DeadKernelError:
            raise NotebookFailed(
                f"{source}: its process died, most often for lack of memory. Remedy: "
                "run it with smaller parameters"
            ) from None
        executed = normalise(read_notebook(draft), name)
    return _keep(folder, f"{name}.ipynb", nbformat.writes(executed) + "\n")


def _keep(folder: Path, name: str = "", text: str = "") -> Path:
    """Write a file of `folder` in one step; without a name, find out whether that can be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with turn(folder):
            if name:
                write_whole(folder / name, text)
    except OSError as error:
        raise NotebookFailed(
            f"{folder}: cannot be written ({error}). Remedy: mend that, and run it again"
        ) from None
    return folder / name


def execute_all(scale: str, dest: str | Path) -> list[Path]:
    """Execute every notebook into `dest`, with `scale` where a notebook follows the default scale.

    A notebook whose own default is another scale is about that scale's data (real pairs, say) and
    keeps it.
    """
    executed = []
    for source in sorted((project_root() / "notebooks").glob("*.ipynb")):
        follows = getattr(declared(source)(), "scale", None) == DEFAULT_SCALE
        words = {"scale": scale} if follows and scale != DEFAULT_SCALE else {}
        try:
            executed.append(run(source.stem, words, dest))
        except NotebookFailed as error:  # `dest` may be gone when this is read
            again = " ".join([source.stem, *(f"{key}={value}" for key, value in words.items())])
            raise NotebookFailed(
                f"{str(error).partition(' Remedy:')[0]} Remedy: run `proxyreward notebook "
                f"{again}`, which keeps the cells up to it"
            ) from None
    return executed


def normalise(notebook: Any, name: str) -> Any:
    """Drop what differs between equal runs: times, random cell ids, addresses, versions."""
    language = notebook.metadata.get("language_info", {})
    notebook.metadata = {
        "kernelspec": KERNEL,
        "language_info": {key: value for key, value in language.items() if key != "version"},
    }
    for position, cell in enumerate(notebook.cells):
        cell.id = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:48] + f"-{position}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(cell.outputs)
    return notebook


def _joined_streams(outputs: list[Any]) -> list[Any]:
    """Join neighbouring pieces of one stream: where they are cut depends on timing."""
    joined: list[Any] = []
    for output in outputs:
        if output.output_type != "stream":
            text = output.get("data", {}).get("text/plain")
            if text is not None:
                output.data["text/plain"] = _steady(text)
        elif joined and joined[-1].get("name") == output.name:
            joined[-1].text += _steady(output.text)
            continue
        else:
            output.text = _steady(output.text)
        joined.append(output)
    return joined


def _steady(text: str) -> str:
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return text
