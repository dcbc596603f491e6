"""Stage `controls`: what the positive controls show.

In: ``results/<scale>/<table>/controls.csv`` of the tables that controls name, as far as they are
there.  Out: ``results/<scale>/controls/quantities.csv``, over replicates.
"""

import numpy as np

from proxyreward.findings.core.controls import FOLDER, Control, load_controls
from proxyreward.findings.core.quantity import measured
from proxyreward.findings.core.reading import read_table
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """The quantity of every control in one run."""
    return Measured({c.comparison.name: measured(_value(params, c)) for c in load_controls()})


def _value(params: Params, control: Control) -> float:
    """What the control's table says; NaN without the table or its row."""
    path = results(params, control.table) / "controls.csv"
    if not path.is_file():
        return np.nan
    values = read_table(path, ["name"], ["value"]).set_index("name")["value"]
    return float(values.get(control.comparison.name, np.nan))


if __name__ == "__main__":
    measure(FOLDER, compute)
