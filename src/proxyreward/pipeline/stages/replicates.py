"""Stage `replicates`: independent runs of the pipeline beside the default one.

In: parameters and ``outputs/<scale>/inputs/``.  Out:
``outputs/<scale>/replicates/<number>/``, each with ``outputs/`` and ``results/`` of its own,
without models, and ``seeds.json``, which lists them.
"""

import json

from proxyreward.files import write_whole
from proxyreward.pipeline import replicates
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import SEEDS, main, outputs, run_items


def run(params: Params) -> None:
    """Run the replicates that are missing."""
    items = replicates.items(params)
    run_items(params, "replicates", items, replicates.run, [outputs(params, "inputs")])
    seeds = {item.name: item.params.seed for item in items}
    write_whole(outputs(params, "replicates") / SEEDS, json.dumps(seeds, indent=2) + "\n")


if __name__ == "__main__":
    main("replicates", run)
