"""Stage `real_outputs`: best-of-n over real responses, judged by a strong judge, by many proxies.

In: the files of ``tables.alpaca_eval`` and ``mixes.origins``.  Out:
``outputs/<scale>/real_outputs/`` (responses, pairs, scorers) and
``results/<scale>/real_outputs/``: tables without any text.
"""

from proxyreward.findings.real.real_outputs import heuristics, measure, published
from proxyreward.findings.real.real_outputs.outputs import judged
from proxyreward.findings.real.real_outputs.scorer import score
from proxyreward.pipeline import outputs_family
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, naming, results, run_items, write_tables


def run(params: Params) -> None:
    """Train scorers, score every response by all of them, and measure."""
    with naming("tables.alpaca_eval"):
        read = published.read(params.tables.alpaca_eval)
    found = judged(read, params.seed)
    training = outputs_family.prepare(params, found)
    scorers = outputs_family.scorers(params)
    items = [item for _, item in scorers]
    inputs = [outputs_family.folder(params) / "data"]
    places = run_items(params, "real_outputs/scorers", items, score, inputs)
    asked = [found.prompts[number] for number in found.prompt]
    proxies = heuristics.scores(asked, found.texts) | outputs_family.gathered(scorers, places)
    tables = measure.tables(found, proxies, params.seed)
    write_tables({"training": training} | tables, results(params, "real_outputs"))


if __name__ == "__main__":
    main("real_outputs", run)
