"""Stage `truth`: golden models beside the oracle.

In: ``results/<scale>/evidence/``.  Out: ``results/<scale>/truth/``: tables.
"""

import pandas as pd

from proxyreward.findings.core.quantity import measured
from proxyreward.findings.core.reading import read_table
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.truth.measure import (
    NAMES,
    WORTH,
    along,
    foretold,
    hidden,
    judged,
    kept,
    predicted,
    reached,
    shared,
)
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results
from proxyreward.vocabulary import APART


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    folder = results(params, "evidence")
    evidence = Evidence.read(folder)
    numbers = [name for name in WORTH if name not in NAMES]
    worth = read_table(folder / "worth.csv", NAMES, numbers)
    errors = read_table(folder / "errors.csv", ["first", "second"], ["scores", "errors"])
    ndrs, pairs = kept(evidence, worth), judged(evidence, errors)
    return Measured(
        {name: measured(value) for name, value in hidden(ndrs).items()},
        estimates={
            "reached": reached(worth),
            "along": along(worth),
            "kept": ndrs,
            "predicted": predicted(evidence, ndrs),
            "shared": shared(errors, evidence.names(), evidence.names(APART)),
            "foretold": foretold(pairs),
        },
        tables={
            "judged": pairs,
            "texts": pd.read_csv(folder / "texts.csv", keep_default_na=False),
        },
    )


if __name__ == "__main__":
    measure("truth", compute)
