"""Stage `elephant_replicates`: independent runs beside the default one, for paper *elephant*.

In: parameters and ``outputs/<scale>/inputs/``.  Out:
``outputs/<scale>/elephant_replicates/<number>/``, each with ``outputs/`` and ``results/`` of its
own, without models.
"""

from proxyreward.pipeline import run_elephant
from proxyreward.pipeline.experiment import ELEPHANT
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.replicates import run_missing
from proxyreward.pipeline.stage import main


def run(params: Params) -> None:
    """Run the replicates that are missing."""
    run_missing(params, ELEPHANT, run_elephant.run)


if __name__ == "__main__":
    main(ELEPHANT, run)
