"""What a killed run left, mended before the next: above all `dvc.lock`, if DVC was writing it.

In: the project's folder.  Out: a `dvc.lock` that DVC reads, paths that no ended process holds, and
shared memory that is free again.  ``make reproduce`` runs this module before ``dvc repro``, which
stops at a file that is empty or cut off, and at a path whose holder's number a process still has.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proxyreward.files import write_whole
from proxyreward.pipeline import remains

LOCK = "dvc.lock"
HELD = ".dvc/tmp/rwlock"
"""Where DVC notes which process reads or writes which path."""


def mend(root: str | Path = ".") -> str | None:
    """Bring back the lock file that Git tracks if the present one is damaged; say what was done.

    Without one in Git the damaged file is removed, and DVC writes it anew.  Either way stages run
    again whose finish was noted in the damaged file alone; their finished items are kept.
    """
    path = Path(root) / LOCK
    if not path.exists() or is_whole(path):
        return None
    restored = subprocess.run(
        ["git", "checkout", "--", LOCK], cwd=root, capture_output=True, check=False
    )
    if restored.returncode == 0 and is_whole(path):
        return f"{LOCK}: was cut off by a killed run; the one in Git is back, finished items stay"
    path.unlink()
    return f"{LOCK}: was cut off by a killed run; removed, DVC writes it anew, finished items stay"


def is_whole(path: Path) -> bool:
    """Whether DVC can read a lock file: YAML, UTF-8, of DVC's own schema."""
    import yaml
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (Invalid, ValueError, yaml.YAMLError):
        return False
    return True


def free(root: str | Path = ".") -> str | None:
    """Free the paths that DVC holds for processes that have ended; say what was done.

    DVC takes a process to live as long as any has its number: also one that has ended and waits for
    its parent to ask how, and one that got the number after a restart of the machine.
    """
    path = Path(root) / HELD
    if not path.exists():
        return None
    from dvc.lock import make_lock
    from dvc.rwlock import RWLOCK_LOCK, SCHEMA
    from voluptuous import Invalid

    with make_lock(str(path.with_name(RWLOCK_LOCK)), tmp_dir=str(path.parent)):
        try:
            held = SCHEMA(json.loads(path.read_text(encoding="utf-8")))
        except (Invalid, ValueError):
            path.unlink()
            return f"{HELD}: was cut off by a killed run; removed, DVC writes it anew"
        reading = {name: list(filter(_works, holders)) for name, holders in held["read"].items()}
        kept = {
            "read": {name: holders for name, holders in reading.items() if holders},
            "write": {name: holder for name, holder in held["write"].items() if _works(holder)},
        }
        if kept == held:
            return None
        write_whole(path, json.dumps(kept))
    return f"{HELD}: a killed run held paths; they are free again"


def _works(holder: Mapping[str, Any]) -> bool:
    return remains.runs(holder["pid"], holder["cmd"])


if __name__ == "__main__":
    for told in filter(None, (mend(), free())):
        print(told, file=sys.stderr)
    remains.sweep(Path("outputs"))
