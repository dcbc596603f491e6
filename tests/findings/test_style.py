"""Tests that a figure's bytes depend on the figure alone."""

import hashlib
import os
import subprocess
import sys

import matplotlib

from proxyreward.findings.core.style import svg, use_style

DRAW = """
import hashlib, sys
from proxyreward.findings.core.style import svg, use_style
use_style()
import matplotlib.pyplot as plt
fig, axes = plt.subplots()
axes.plot([1e-9, -2.5, 3], label="a")
axes.set(title="x", xlabel="$x^2$")
axes.imshow([[0, 1], [2, 3]])
axes.legend()
print(hashlib.sha256(svg(fig).encode()).hexdigest())
"""
SETTINGS = """
backend: tkagg
text.usetex: True
savefig.bbox: tight
savefig.facecolor: black
svg.fonttype: none
svg.id: mine
axes.unicode_minus: False
axes.prop_cycle: cycler('color', ['r'])
mathtext.fontset: stix
font.sans-serif: Liberation Sans
lines.linewidth: 7
"""


def drawn(folder, **variables):
    """Hash of the picture that a new process draws in `folder`."""
    given = {"PYTHONPATH": os.pathsep.join(sys.path), "MPLBACKEND": "", **variables}
    done = subprocess.run(
        [sys.executable, "-c", DRAW],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | given,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_users_settings_and_backend_have_no_part(tmp_path, capsys):
    (tmp_path / "matplotlibrc").write_text(SETTINGS)
    (tmp_path / "plain").mkdir()
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"lines.linewidth: \xff")
    with matplotlib.rc_context():
        exec(DRAW, {})
    expected = capsys.readouterr().out
    assert drawn(tmp_path, MPLBACKEND="qtagg") == expected
    given = {"MATPLOTLIBRC": str(damaged), "MPLBACKEND": "nonsense"}
    assert drawn(tmp_path / "plain", **given) == expected


def test_settings_changed_since_the_drawing_have_no_part():
    with matplotlib.rc_context():
        use_style()
        fig = matplotlib.figure.Figure()
        fig.subplots().plot([1, 2])
        before = hashlib.sha256(svg(fig).encode()).hexdigest()
        matplotlib.rcParams.update({"savefig.facecolor": "black", "svg.fonttype": "none"})
        assert hashlib.sha256(svg(fig).encode()).hexdigest() == before
        assert matplotlib.rcParams["svg.fonttype"] == "none"
