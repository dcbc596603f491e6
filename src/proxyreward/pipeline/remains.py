"""What a killed run leaves in the machine's memory, and how the next one removes it.

In: a file that notes which processes work. Out: the entries that dead ones left are gone. Loky's
semaphores and folders are removed by the process that made them or by its tracker; when the whole
process group is killed, nobody is left to do so.
"""

import contextlib
import glob
import os
import platform
import shutil
import tempfile
from pathlib import Path

SHARED = "/dev/shm"
NOTE = ".{}.processes"
PATTERNS = ("sem.loky-{}-*", "joblib_memmapping_folder_{}_*", "proxyreward-{}-*")


def take_over(note: Path) -> None:
    """Remove what the processes in `note` left, as far as they are gone, and note this one instead.

    The note stays when a run ends: it may be killed between its work and its end. Only entries that
    bear a dead process's id are touched, and only on the machine that it ran on.
    """
    with contextlib.suppress(FileNotFoundError):
        living = _remove_dead(note)
        note.write_text("".join(f"{line}\n" for line in living), encoding="utf-8")
    enter(note)


def sweep(outputs: Path) -> None:
    """Remove what dead processes left that the notes below `outputs` name; the notes stay.

    For families that do not run again, because DVC takes their results from its cache.
    """
    for note in outputs.glob("**/" + NOTE.format("*")):
        _remove_dead(note)


def enter(note: Path) -> None:
    """Add this process to `note`."""
    with note.open("a", encoding="utf-8") as stream:
        stream.write(f"{os.getpid()} {platform.node()}\n")


def runs(pid: int, command: str = "") -> bool:
    """Whether a process of that number runs, and its command line ends with `command`.

    One that has ended keeps its number until its parent has asked how; it does not run any more.
    One that this user may not look at counts as running.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        ended = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return not ended and " ".join(process.cmdline()).endswith(command)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _remove_dead(note: Path) -> list[str]:
    """Remove what dead processes in `note` left; returns its other lines, sorted."""
    others = []
    for line in sorted(set(note.read_text(encoding="utf-8").splitlines())):
        process, _, machine = line.partition(" ")
        if not process.isdecimal():
            continue
        if machine == platform.node() and not runs(int(process)):
            _remove(process)
        else:
            others.append(line)
    return others


def _remove(process: str) -> None:
    for folder in {SHARED, tempfile.gettempdir()}:
        for pattern in PATTERNS:
            for path in map(Path, glob.glob(pattern.format(process), root_dir=folder)):
                entry = folder / path
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    with contextlib.suppress(OSError):
                        entry.unlink()
