"""Tables of scores, written in every format, and what reading them should give.

In: records, a tuple of prompt, response, model and score (None for none) each. Out: files; plain
dictionaries that a loop over the records makes.
"""

import csv
import gzip
import io
import json
import math
from pathlib import Path

import polars as pl

from proxyreward.evaluation.reading import Options, read

LONG = ("prompt_id", "response_id", "model", "score")


def rows(records, columns=LONG):
    """Objects of a long table."""
    return [dict(zip(columns, record)) for record in records]


def pivoted(records):
    """Objects of a wide table."""
    models = list(dict.fromkeys(model for _, _, model, _ in records))
    found = {}
    for prompt, response, model, score in records:
        start = {"prompt_id": prompt, "response_id": response} | dict.fromkeys(models)
        found.setdefault((prompt, response), start)[model] = score
    return list(found.values())


def as_csv(objects, separator=","):
    stream = io.StringIO()
    columns = list(objects[0])
    writer = csv.DictWriter(stream, columns, delimiter=separator, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(objects)
    return stream.getvalue().encode()


def as_jsonl(objects):
    return "".join(json.dumps(one) + "\n" for one in objects).encode()


def as_parquet(objects):
    stream = io.BytesIO()
    pl.DataFrame(objects, infer_schema_length=None).write_parquet(stream)
    return stream.getvalue()


WRITERS = {
    "scores.csv": as_csv,
    "scores.tsv": lambda objects: as_csv(objects, "\t"),
    "scores.csv.gz": lambda objects: gzip.compress(as_csv(objects)),
    "scores.parquet": as_parquet,
    "scores.jsonl": as_jsonl,
    "scores.jsonl.gz": lambda objects: gzip.compress(as_jsonl(objects)),
}


def write(folder: Path, name: str, objects) -> Path:
    """One file in the format that its name says."""
    path = folder / name
    path.write_bytes(WRITERS[name](objects))
    return path


def expected(records):
    """Scores by prompt, response and model in the order of first appearance."""
    found = {}
    for prompt, response, model, score in records:
        score = math.nan if score is None else score
        found.setdefault(prompt, {}).setdefault(response, {}).setdefault(model, score)
    lost = {model for _, _, model, _ in records} - {
        model for _, _, model, score in records if score is not None and not math.isnan(score)
    }
    return {
        prompt: {
            response: {model: score for model, score in by.items() if model not in lost}
            for response, by in responses.items()
        }
        for prompt, responses in found.items()
    }


def told(scores):
    """The same of what was read; a score that is not there is NaN."""
    found = {}
    for row, (prompt, response) in enumerate(zip(scores.prompt, scores.response_ids)):
        responses = found.setdefault(scores.prompt_ids[prompt], {})
        assert scores.position is None or scores.position[row] == len(responses)
        responses[response] = dict(zip(scores.models, scores.values[:, row].tolist()))
    return found


def same(one, other):
    """Whether two such dictionaries agree in order and values; a missing score is NaN."""
    if list(one) != list(other):
        return False
    for prompt, responses in one.items():
        if list(responses) != list(other[prompt]):
            return False
        for response, mine in responses.items():
            its = other[prompt][response]
            for model in {*mine, *its}:
                a, b = mine.get(model, math.nan), its.get(model, math.nan)
                if a != b and not (math.isnan(a) and math.isnan(b)):
                    return False
    return True


def table(path, *golden, **options):
    """Scores of one file."""
    return read([path], Options(golden=golden, **options))
