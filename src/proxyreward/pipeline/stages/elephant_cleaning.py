"""Stage `elephant_cleaning`: defects of preference data and their cleaning (*elephant*).

In: ``outputs/<scale>/cleaning/``.  Out: ``results/<scale>/elephant_cleaning/``: tables and
quantities.
"""

import pandas as pd

from proxyreward.data import pairs
from proxyreward.findings.core.reading import read_table
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.elephant.elephant_cleaning import claims, voting
from proxyreward.findings.elephant.elephant_cleaning import measure as cleaning
from proxyreward.pipeline.experiment import ELEPHANT
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import outputs
from proxyreward.vocabulary import CLEANED, MIXED, TRAIN

TEXT = ("prompt", "chosen", "rejected", "source", "split", "type")


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    folder = outputs(params, "cleaning")
    records = read_table(folder / "records.parquet", TEXT, ["margin"])
    sets = cleaning.by_set(records)
    training, tested = sets[TRAIN], records[records["split"] != TRAIN]
    missed = sum(
        cleaning.differences(rows, pairs.read(folder / f"{name}.parquet"))
        for rows, name in ((training, CLEANED), (tested, "tests"))
    )
    estimates: dict[str, pd.DataFrame] = {
        "types": cleaning.types(sets, load_registry()),
        "truth": cleaning.truth(sets),
        "rule": voting.rule(sets),
        "judges": voting.judges(training),
        "toxic": cleaning.toxic(sets),
        "agreement": voting.agreement(sets),
        "consistency": voting.consistency(sets[MIXED], params.seed),
    }
    return Measured(
        claims.quantities(*estimates.values(), missed),
        estimates=estimates,
        tables={"examples": cleaning.examples(training)},
    )


if __name__ == "__main__":
    measure("elephant_cleaning", compute, ELEPHANT)
