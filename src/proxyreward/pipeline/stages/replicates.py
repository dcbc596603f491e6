"""Stage `replicates`: independent runs of the pipeline beside the default one.

In: parameters.  Out: ``outputs/<scale>/replicates/<number>/``, each with ``outputs/`` and
``results/`` of its own, without models.
"""

from proxyreward.pipeline import replicates
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, run_items


def run(params: Params) -> None:
    """Run the replicates that are missing."""
    run_items(params, "replicates", replicates.items(params), replicates.run, [])


if __name__ == "__main__":
    main("replicates", run)
