"""Where records come from: a file on disk, or a data set on the hub.

In: the data settings. Out: a short name of the place for reports, and numbered records, each
behind a function that reads it or raises :class:`~proxyreward.data.report.RecordError`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from proxyreward.data.report import DataError
from proxyreward.messages import visible

SPLITS = ("train", "test")
PARQUET = "refs/convert/parquet"
"""The hub's own conversion, ``<subset>/<split>/0000.parquet``, of a data set whose main branch
holds a loading script: `datasets` 4 and later run none."""

Read = Callable[[], Any]
Records = Iterable[tuple[int, Read]]


def from_file(
    name: str,
    split: str,
    lines: Callable[[Path], Iterator[tuple[int, Any]]],
    parse: Callable[[Any], Any],
) -> tuple[str, Records]:
    """Records of one file: ``lines`` numbers the raw ones, ``parse`` reads one of them.

    Raises
    ------
    DataError
        If the file's name contradicts ``split``. A name that speaks of no split is taken at the
        caller's word.
    """
    path = Path(name)
    told = set(path.name.split(".")) & set(SPLITS)
    if told and split not in told:
        raise DataError(f"{path}: is the {told.pop()!r} split, not {split!r}; correct one of them")
    records = ((number, partial(parse, raw)) for number, raw in lines(path))
    return visible(f"{path.absolute().parent.name}/{path.name}"), records


def from_hub(
    name: str, subset: str | None, split: str, revision: str | None = None
) -> tuple[str, Records]:
    """Rows of a hub data set; ``subset`` is the folder that holds it, None the whole data set.

    Raises
    ------
    DataError
        If `datasets` cannot load it.
    """
    import datasets

    try:
        rows = datasets.load_dataset(name, data_dir=subset, split=split, revision=revision)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        raise DataError(
            f"{name} (subset {subset}, split {split}) cannot be loaded from the hub: {error}; "
            "check name and network, or download the file and use source 'local', "
            "which reports damaged records line by line"
        ) from error
    records = ((number, partial(dict, row)) for number, row in enumerate(rows, start=1))
    return visible(f"{name}/{subset or 'all'}/{split}"), records


def only_local(data_format: str, source: str, where: str) -> None:
    """Refuse the hub for a format that is published as files elsewhere."""
    if source == "hub":
        raise DataError(
            f"data format {data_format!r} is not on the hub; download the file from {where} and "
            "use source 'local' with its path"
        )


def no_subset(data_format: str, subset: str | None) -> None:
    """Refuse a subset for a format that has none."""
    if subset is not None:
        raise DataError(
            f"subset {subset!r} is unknown: data format {data_format!r} has none; "
            "set data.subset to null"
        )
