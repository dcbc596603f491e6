"""What a killed run left, mended before the next: above all `dvc.lock`, if DVC was writing it.

In: the project's folder.  Out: a `dvc.lock` that DVC reads, and shared memory that is free again.
``make reproduce`` runs this module before ``dvc repro``, which stops at a lock file that is empty
or cut off.
"""

import subprocess
import sys
from pathlib import Path

from proxyreward.pipeline import remains

LOCK = "dvc.lock"


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


if __name__ == "__main__":
    if told := mend():
        print(told, file=sys.stderr)
    remains.sweep(Path("outputs"))
