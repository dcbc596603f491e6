"""AlpacaEval's published files: prompts, responses of many language models, verdicts of judges.

In: a folder with ``responses.jsonl.xz`` (a prompt a line: ``prompt_id, dataset, prompt,
responses``, the latter a text or null by model) and ``judges.npz`` (``preference`` of shape
(judges, models, prompts), ``judges``, ``models``). Out: `Published`.

Source: https://github.com/tatsu-lab/alpaca_eval (data CC BY-NC 4.0).
"""

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from proxyreward.data import fields
from proxyreward.data.jsonl import decode
from proxyreward.data.report import DataError, RecordError

RESPONSES, JUDGES = "responses.jsonl.xz", "judges.npz"
AGAIN = "download AlpacaEval's files again"


@dataclass(frozen=True)
class Published:
    """What the two files hold.

    Attributes
    ----------
    datasets, prompts : lists of texts, one a prompt.
    models, judges : names.
    texts : object array (prompts, models), None where a model gave no response.
    preference : (judges, prompts, models), from 1, the baseline wins, to 2, the model wins; NaN
        where a judge was not asked.
    """

    datasets: list[str]
    prompts: list[str]
    models: tuple[str, ...]
    judges: tuple[str, ...]
    texts: np.ndarray
    preference: np.ndarray


def read(folder: str | Path) -> Published:
    """Both files of a folder.

    Raises
    ------
    DataError
        A file is missing, damaged or not as described; names the file, the line or entry, the
        field, and a remedy.
    """
    models, judges, preference = _judges(Path(folder) / JUDGES)
    path = Path(folder) / RESPONSES
    rows = [_prompt(path, line, raw, models) for line, raw in _lines(path)]
    if len(rows) != preference.shape[2]:
        raise DataError(
            f"{path}: {len(rows)} prompts, but {JUDGES} has verdicts on {preference.shape[2]}; "
            f"{AGAIN}, both of one version"
        )
    datasets, prompts, texts = zip(*rows)
    return Published(
        list(datasets),
        list(prompts),
        models,
        judges,
        np.array(texts, dtype=object),
        preference.swapaxes(1, 2),
    )


def _judges(path: Path) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as found:
            judges, models = (tuple(found[name].tolist()) for name in ("judges", "models"))
            preference = found["preference"].astype(float)
    except KeyError as error:
        raise DataError(f"{path}: has no entry {error}; {AGAIN}") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: cannot be read as arrays ({error}); {AGAIN}") from None
    if preference.ndim != 3 or preference.shape[:2] != (len(judges), len(models)):
        raise DataError(
            f"{path}, entry preference: has shape {preference.shape} for {len(judges)} judges and "
            f"{len(models)} models; {AGAIN}"
        )
    wrong = np.argwhere((preference < 1) | (preference > 2))
    if len(wrong):
        judge, model, prompt = wrong[0]
        raise DataError(
            f"{path}, entry preference[{judge}, {model}, {prompt}]: is "
            f"{preference[tuple(wrong[0])]:g}, outside 1 to 2; {AGAIN}"
        )
    return models, judges, preference


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with lzma.open(path) as unpacked:
            for number, raw in enumerate(unpacked, 1):
                yield number, raw
    except (lzma.LZMAError, EOFError, OSError) as error:
        raise DataError(f"{path}: breaks after line {number} ({error}); {AGAIN}") from None


def _prompt(path: Path, line: int, raw: bytes, models: tuple[str, ...]) -> tuple[str, str, list]:
    """Data set, prompt and the response of each model on one line."""
    try:
        record = decode(raw)
        heads = fields.text(record, "dataset"), fields.request(record, "prompt")
        given = fields.mapping(record, "responses")
        return *heads, [_response(given, name) for name in models]
    except RecordError as error:
        field = f", field '{error.field}'" if error.field else ""
        raise DataError(f"{path}, line {line}{field}: {error.reason}; {AGAIN}") from None


def _response(given: Any, model: str) -> str | None:
    if model not in given:
        raise RecordError("missing_field", f"responses.{model}")
    text = given[model]
    return None if text is None else fields.text(given, model).strip()
