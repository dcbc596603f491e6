"""Pretrained bases that a run is about to use: checked once, before anything is trained.

In: parameters, names of bases and a folder. Out: ``bases.json`` in it, the fingerprint of each
base, so that whatever reads the folder is redone when a base changes; or a `DataError` in one line.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from proxyreward.files import write_whole
from proxyreward.models import base as bases
from proxyreward.models.precision import check_precision
from proxyreward.models.tokenizer import SCRATCH
from proxyreward.pipeline.params import Params, is_size
from proxyreward.pipeline.stage import naming

FILE = "bases.json"


def write_bases(params: Params, names: Iterable[str], policy: bool, folder: Path) -> None:
    """Check the bases that are no sizes and not ``scratch``, and note what they are.

    Parameters
    ----------
    policy
        Whether policies are made of them beside reward models.

    Raises
    ------
    DataError
        If models cannot be made of a base, or not in the precision asked for on this machine.
    """
    if params.runner.backend != "dask":  # the workers of a cluster have GPUs of their own
        check_precision(params.model.precision)
    pretrained = [name for name in dict.fromkeys(names) if name != SCRATCH and not is_size(name)]
    found = {}
    for name in pretrained:
        with naming("model.base" if name == params.model.base else "mixes.bases"):
            bases.check(name, params.model.max_length, policy)
            found[name] = bases.fingerprint(name)
    write_whole(folder / FILE, json.dumps(found, indent=2, ensure_ascii=False) + "\n")
