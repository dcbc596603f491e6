"""Loader for the published format of ``Anthropic/hh-rlhf``.

A record is a JSON object with two whole transcripts, ``chosen`` and ``rejected``, that share
everything before the final Assistant turn. In: a ``.jsonl[.gz]`` file, a folder laid out like the
hub (``<subset>/<split>.jsonl.gz``) or a hub name. Out: pairs and a report. Called by
:mod:`proxyreward.data.load`.

Source: Bai et al. 2022, https://github.com/anthropics/hh-rlhf.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from proxyreward.data import jsonl, transcripts
from proxyreward.data.pairs import Pair
from proxyreward.data.report import FLAGS, DataError, LoadReport, Problem, RecordError

SUBSETS = ("harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled")
SPLITS = ("train", "test")

Record = Callable[[], Mapping[str, Any]]


def load(
    source: str, name: str, subset: str | None, split: str, max_records: int | None
) -> tuple[list[Pair], LoadReport]:
    """Load pairs; arguments as in :func:`proxyreward.data.load.load_pairs`.

    On the hub, ``subset=None`` means what it means there: all subsets mixed.
    """
    _check_names(subset, split)
    if source == "hub":
        file, records = f"{name}/{subset or 'all'}/{split}", _hub_records(name, subset, split)
    else:
        path = find(Path(name), subset, split)
        folder = path.absolute().parent.name
        subset = subset or (folder if folder in SUBSETS else None)
        file = f"{folder}/{path.name}"
        records = ((line, partial(jsonl.parse, raw)) for line, raw in jsonl.lines(path))
    return _collect(records, file, subset or "hh", max_records)


def find(path: Path, subset: str | None, split: str) -> Path:
    """Path of the file for a subset and split: ``path`` itself, or inside the folder ``path``.

    Raises
    ------
    DataError
        If nothing is there, naming what was looked for, or if a file's name contradicts the
        subset or split asked for.
    """
    if not path.is_dir():
        _check_agreement(path, subset, split)
        return path
    if subset is None:
        raise DataError(f"{path} is a folder; set data.subset to one of {', '.join(SUBSETS)}")
    wanted = [path / subset / f"{split}{suffix}" for suffix in reversed(jsonl.SUFFIXES)]
    for candidate in wanted:
        if candidate.is_file():
            return candidate
    raise DataError(f"{path}: holds neither {' nor '.join(str(w) for w in wanted)}; download one")


def parse_record(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """Turn one record into ``(prompt, chosen, rejected)``.

    Raises
    ------
    RecordError
        With the reason and the field at fault.
    """
    halves = {field: _split_field(record, field) for field in ("chosen", "rejected")}
    (prompt, chosen), (other, rejected) = halves["chosen"], halves["rejected"]
    if prompt != other:
        raise RecordError("contexts_differ", "rejected")
    return prompt, chosen, rejected


def _split_field(record: Mapping[str, Any], field: str) -> tuple[str, str]:
    value = record.get(field)
    # `datasets` fills a field that a record lacks with None, so null and absent are one reason.
    if value is None:
        raise RecordError("missing_field", field)
    if not isinstance(value, str):
        raise RecordError("not_a_string", field)
    try:
        value.encode("utf-8")  # JSON can spell lone surrogates, which no UTF-8 file can hold
        return transcripts.split(value)
    except UnicodeEncodeError as error:
        raise RecordError("wrong_encoding", field) from error
    except transcripts.TranscriptError as error:
        raise RecordError(error.reason, field) from error


def _check_names(subset: str | None, split: str) -> None:
    if subset == "red-team-attempts":
        raise DataError(
            "subset 'red-team-attempts' holds single rated transcripts, not preference pairs; "
            f"choose one of {', '.join(SUBSETS)}"
        )
    if subset is not None and subset not in SUBSETS:
        raise DataError(f"subset {subset!r} is unknown; choose one of {', '.join(SUBSETS)}")
    if split not in SPLITS:
        raise DataError(f"split {split!r} is unknown; choose one of {', '.join(SPLITS)}")


def _check_agreement(path: Path, subset: str | None, split: str) -> None:
    folder, stem = path.absolute().parent.name, path.name.split(".")[0]
    if subset is not None and folder in SUBSETS and folder != subset:
        raise DataError(
            f"{path}: lies in {folder!r}, not in subset {subset!r}; correct one of them"
        )
    if stem in SPLITS and stem != split:
        raise DataError(f"{path}: is the {stem!r} split, not {split!r}; correct one of them")


def _hub_records(name: str, subset: str | None, split: str) -> Iterator[tuple[int, Record]]:
    import datasets

    try:
        rows = datasets.load_dataset(name, data_dir=subset, split=split)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise DataError(
            f"{name} (subset {subset}, split {split}) cannot be loaded from the hub: {error}; "
            "check name and network, or download the file and use source 'local', "
            "which reports damaged records line by line"
        ) from error
    return ((line, partial(dict, row)) for line, row in enumerate(rows, start=1))


def _collect(
    records: Iterable[tuple[int, Record]], file: str, source: str, max_records: int | None
) -> tuple[list[Pair], LoadReport]:
    pairs: list[Pair] = []
    problems: list[Problem] = []
    flagged = dict.fromkeys(FLAGS, 0)
    for line, record in records:
        try:
            prompt, chosen, rejected = parse_record(record())
        except RecordError as error:
            problems.append(Problem(file, line, error.field, error.reason))
            continue
        flagged["empty_response"] += not (chosen and rejected)
        flagged["identical_pair"] += chosen == rejected
        pairs.append(Pair(prompt, chosen, rejected, source, {"file": file, "line": line}))
        if len(pairs) == max_records:
            break
    read = len(pairs) + len(problems)
    report = LoadReport("hh", file, max_records, read, len(pairs), flagged, tuple(problems))
    return pairs, report
