"""Entry points that `dvc.yaml` calls, one thin module a stage."""

import sys


def _stopped(kind, error, trace) -> None:
    """Say in one line that a stage was stopped while it was still importing."""
    if issubclass(kind, KeyboardInterrupt):
        print("stopped before anything was begun", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _stopped
