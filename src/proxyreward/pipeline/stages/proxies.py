"""Stage `proxies`: the reward models of paper *elephant*, and what they think of pairs and probes.

In: ``outputs/<scale>/{data,cleaning}/``.  Out: ``outputs/<scale>/proxies/<rm>/``, one folder a
model; ``outputs/<scale>/proxy_scores/``: texts, and each model's scores of them; and
``results/<scale>/proxies/``: which model is which, margins on the cleaned tests (with the type and
the oracle's margin of each pair) and on pairs of five categories, scores of probes, and the length
of the loss's gradient on records of each type.
"""

import pandas as pd

from proxyreward.files import content_hash
from proxyreward.pipeline import proxy_tables as tables
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.proxy_family import members, table
from proxyreward.pipeline.stage import main, outputs, results, run_items, write_tables
from proxyreward.reward.members import train
from proxyreward.reward.scorings import Scoring
from proxyreward.reward.scorings import run as score
from proxyreward.vocabulary import LARGE


def run(params: Params) -> None:
    """Train and score what is missing or changed; write what the findings read."""
    data, cleaning = outputs(params, "data"), outputs(params, "cleaning")
    length, folder = params.model.max_length, results(params, "proxies")
    models = run_items(params, "proxies", members(params), train, [data, cleaning])
    asked = tables.frames(data, cleaning, params.proxies.probes, params.seed)
    files = tables.write_asked(asked, outputs(params, "proxy_scores")).values()
    items = [
        Scoring(
            name=model.name,
            tokenizer=str(data / "tokenizer"),
            model=str(outputs(params, "proxies") / model.name),
            model_hash=content_hash(model),
            responses=tuple(map(str, files)),
            max_length=length,
        )
        for model in models
    ]
    scored = run_items(params, "proxy_scores", items, score, [data / "tokenizer", *files])
    folders = {one.name: one for one in scored}
    scores = {name: tables.read_scores(folders, name) for name in asked}
    records = pd.read_parquet(cleaning / "records.parquet")
    found = tables.answers(asked, scores) | {"pairs": tables.truth(records, asked[tables.TESTS])}
    for name, frame in found.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    large = outputs(params, "proxies") / LARGE
    steep = tables.gradients(records, large, data / "tokenizer", length)
    rms = tables.located(table(params), scores[tables.BENCH])
    write_tables({"rms": rms, "gradients": steep}, folder)


if __name__ == "__main__":
    main("proxies", run)
