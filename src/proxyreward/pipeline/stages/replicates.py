"""Stage `replicates`: independent runs of the pipeline beside the default one.

In: parameters and ``outputs/<scale>/inputs/``.  Out:
``outputs/<scale>/replicates/<number>/``, each with ``outputs/`` and ``results/`` of its own,
without models.
"""

import shutil

from proxyreward.pipeline import replicates
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, run_items


def run(params: Params) -> None:
    """Run the replicates that are missing."""
    items = replicates.items(params)
    run_items(params, "replicates", items, replicates.run, [outputs(params, "inputs")])
    # Half-done ones that are not asked for any more.
    shutil.rmtree(outputs(params, replicates.WORKPLACES), ignore_errors=True)


if __name__ == "__main__":
    main("replicates", run)
