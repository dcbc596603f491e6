"""Stage `inputs`: a file or folder outside the code that decides results, by its content.

In: a name of ``watched``, as the command's one word.  Out:
``outputs/<scale>/inputs/<name>.json``: its path and a hash of its bytes; or a line that names
parameter, path and remedy.
"""

import json
import sys

from proxyreward.data.report import DataError
from proxyreward.files import content_hash, write_whole
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, naming, outputs


def run(params: Params) -> None:
    """Hash what is watched under the name."""
    [name] = sys.argv[1:]
    file = {file.name: file for file in params.watched}[name]
    with naming(file.parameter):
        found = {"path": file.path, "sha256": _hash(file.path)}
    write_whole(outputs(params, "inputs") / f"{name}.json", json.dumps(found) + "\n")


def _hash(path: str) -> str:
    try:
        return content_hash(path)
    except OSError as error:
        raise DataError(
            f"{error.filename or path}: {error.strerror}; correct the path, or see that it is "
            "there and can be read"
        ) from None


if __name__ == "__main__":
    main("inputs", run)
