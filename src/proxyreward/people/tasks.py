"""Tasks for people: which response is better, blind to the labels, sides drawn by a seed.

In: opened pairs. Out: a folder with the tasks, their setting, and the key in a file of its own. A
pair with an empty or with two equal responses is no task: its type is known without people.
"""

from pathlib import Path
from typing import TextIO

from proxyreward.data.cleaning import content_type
from proxyreward.data.collect import Opened
from proxyreward.data.report import DataError
from proxyreward.files import writing
from proxyreward.people import argilla, label_studio
from proxyreward.people.sides import COLUMNS, Sides
from proxyreward.people.tables import write_csv
from proxyreward.people.walk import batches, pairs_of

TOOLS = {"label-studio": label_studio, "argilla": argilla}
KEY = "key.csv"


def write_tasks(opened: Opened, tool: str, out: Path, *, annotators: int, seed: int) -> list[Path]:
    """Write the tasks for a tool of ``TOOLS``, their setting and the key; returns the files.

    Raises
    ------
    DataError
        If there is nothing to ask. No file is written then.
    """
    form = TOOLS[tool]
    files = [out / name for name in (*form.FILES, KEY)]
    sides, count = Sides(seed), 0
    with writing(*files) as (tasks, setting, key):
        setting.write(form.setting(annotators))
        write_csv(key, [COLUMNS])
        tasks.write("[")
        for batch in batches(opened):
            asked = [
                (pair_id, pair)
                for pair_id, pair in pairs_of(batch)
                if content_type(pair.chosen, pair.rejected) is None
            ]
            shown = list(sides.show(asked))
            _write(tasks, [form.task(each) for each in shown], first=not count)
            write_csv(key, [each.key() for each in shown])
            count += len(shown)
        tasks.write("\n]\n")
        if not count:
            raise DataError(f"{opened.file}: holds no pair to ask about; give another file")
    return files


def _write(stream: TextIO, texts: list[str], first: bool) -> None:
    for place, text in enumerate(texts):
        stream.write("\n" if first and not place else ",\n")
        stream.write(text)
