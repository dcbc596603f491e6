"""Stage `finding1`: accuracy against best-of-n regret, and the claims that this decides.

In: ``outputs/<scale>/{data,scores}/``.  Out: ``results/<scale>/finding1/``: tables,
``claims.json`` and the picture of the README.
"""

import numpy as np
import pandas as pd

from proxyreward.data import flips, pairs
from proxyreward.data.seeds import generator
from proxyreward.findings import finding1, verdict
from proxyreward.findings.registry import load_registry
from proxyreward.findings.style import svg, use_style
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results, write_tables


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    scores, folder = outputs(params, "scores"), results(params, "finding1")
    rms = pd.read_csv(scores / "rms.csv")
    resamples = params.finding1.resamples
    tables = finding1.compute(
        np.load(scores / "pool.npy"),
        np.load(scores / "bench.npy"),
        rms,
        resamples=resamples,
        rng=generator("finding1 association", params.seed),
    )
    labels = len(pairs.read(outputs(params, "data") / "pairs.parquet"))
    registry = load_registry()
    decisions = finding1.decide(
        tables,
        disagreement=flips.disagreement(params.reward.flip_rates, labels, params.seed),
        n_labels=labels,
        resamples=resamples,
        rng=generator("finding1 claims", params.seed),
        registry=registry,
    )
    write_tables(tables, folder)
    use_style()
    top = [finding1.at_n(tables[name]) for name in ("pairs", "association")]
    picture = finding1.plot_scatter(*top, rng=generator("finding1 band", params.seed))
    (folder / "scatter.svg").write_text(svg(picture), encoding="utf-8")
    verdict.write_scorecard(folder / "claims.json", decisions, registry)


if __name__ == "__main__":
    main("finding1", run)
