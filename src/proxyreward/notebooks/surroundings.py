"""The environment of the processes that execute notebooks and build pages.

In: the variables that are set where a command runs.  Out: those variables without the ones by which
a user's own tools are set up, so that bytes depend on code, parameters and results alone.
"""

import os
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from proxyreward.findings.core.style import own_settings
from proxyreward.notebooks.places import ROOT_VARIABLE, project_root

# Settings of a user's Python, IPython, Jupyter, matplotlib, Sphinx and locale.
_PERSONAL = ("PYTHON", "IPYTHON", "JUPYTER_", "MPLBACKEND", "FORCE_COLOR", "SOURCE_DATE_EPOCH")
_PERSONAL += ("LANG", "LC_", "TZ", "COLUMNS", "LINES")
# Where Python finds code.
_KEPT = ("PYTHONPATH", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONPYCACHEPREFIX")


def shielded(**given: str) -> dict[str, str]:
    """Return the environment without personal settings, and with the variables `given`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not name.startswith(_PERSONAL)
    }
    # A fixed hash seed keeps the order of sets, and so the bytes, the same.
    fixed = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "TZ": "UTC", "MATPLOTLIBRC": own_settings()}
    return kept | fixed | given


def own_kernel(folder: Path) -> type:
    """Return a kernel manager that runs this very interpreter, whatever kernels are registered.

    What a kernel leaves behind, and where it looks for settings, lies in `folder`.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class OwnKernel(AsyncKernelManager):
        def _kernel_spec_manager_default(self) -> KernelSpecManager:
            return KernelSpecManager(parent=self, kernel_dirs=[])

        def _connection_file_default(self) -> str:
            return str(folder / "kernel.json")

        def _transport_encryption_default(self) -> str:
            return "auto"  # without it the kernel warns, and other users could read along

        async def start_kernel(self, **options: Any) -> None:
            # The notebook imports this very package.
            package = str(Path(__file__).resolve().parents[2])
            path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
            root = {ROOT_VARIABLE: str(project_root())}
            environment = shielded(PYTHONPATH=path, IPYTHONDIR=str(folder / "ipython"), **root)
            # What the kernel itself says is noise here; a cell's own stderr arrives as output.
            await super().start_kernel(**{**options, "env": environment, "stderr": DEVNULL})

    return OwnKernel
