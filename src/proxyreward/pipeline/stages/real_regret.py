"""Stage `real_regret`: accuracy and regret of reward models that others have published.

In: the folder ``tables.rewardmath``.  Out: ``results/<scale>/real_regret/``: tables without any
text, and ``left_out.csv``, the quantities that claims compare.
"""

from pathlib import Path

from proxyreward.data.seeds import generator
from proxyreward.findings.core import left_out
from proxyreward.findings.real.real_regret import measure, published
from proxyreward.findings.real.real_regret.study import Study
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, naming, results, write_tables


def run(params: Params) -> None:
    """Read, evaluate and measure."""
    folder = Path(params.tables.rewardmath)
    with naming("tables.rewardmath"):
        read = (published.scores(folder), published.pairs(folder), published.verdicts(folder))
    study = Study.of(*read, params.seed)
    tables, quantities = measure.tables(study, generator("real_regret/halves", params.seed))
    tables[left_out.FILE] = left_out.as_table(quantities, study.reward_models)
    write_tables(tables, results(params, "real_regret"))


if __name__ == "__main__":
    main("real_regret", run)
