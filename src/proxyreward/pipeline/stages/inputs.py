"""Stage `inputs`: a file or folder outside the code that decides results, by its content.

In: a name of ``watched``, as the command's one word.  Out:
``outputs/<scale>/inputs/<name>.json``: its path and a hash of its bytes.
"""

import json
import sys

from proxyreward.files import content_hash, write_whole
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs


def run(params: Params) -> None:
    """Hash what is watched under the name."""
    [name] = sys.argv[1:]
    path = {file.name: file.path for file in params.watched}[name]
    found = {"path": path, "sha256": content_hash(path)}
    write_whole(outputs(params, "inputs") / f"{name}.json", json.dumps(found) + "\n")


if __name__ == "__main__":
    main("inputs", run)
