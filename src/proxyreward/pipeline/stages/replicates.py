"""Stage `replicates`: independent runs beside the default one, for the other two papers.

In: parameters and ``outputs/<scale>/inputs/``.  Out:
``outputs/<scale>/replicates/<number>/``, each with ``outputs/`` and ``results/`` of its
own, without models.
"""

from proxyreward.pipeline import run_others
from proxyreward.pipeline.experiment import REPLICATES
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.replicates import run_missing
from proxyreward.pipeline.stage import main


def run(params: Params) -> None:
    """Run the replicates that are missing."""
    run_missing(params, REPLICATES, run_others.run)


if __name__ == "__main__":
    main(REPLICATES, run)
