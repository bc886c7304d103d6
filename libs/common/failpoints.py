"""Named moments at which a proof may end the process with SIGKILL; inert unless PILLARS_FAILPOINTS names a folder.

A file in that folder with the name of a moment arms it: the process that gets there first takes the file away and
dies, so one file is one death, whichever process it is and however often it starts again. A file that is not empty
stays (`always`): every process that gets there dies. `deploy/e2e/proof/steps.py` lists the moments that matter.
"""

import os
import signal
from pathlib import Path

from libs.common.settings import CommonSettings

_folder: Path | None = None


def arm(settings: CommonSettings) -> None:
    """Take the folder from the settings, once, at the start of a process.

    Raises:
        ValueError: in production, where nothing may end a process.
    """
    global _folder
    if settings.failpoints is not None and settings.is_production:
        raise ValueError("PILLARS_FAILPOINTS must not be set in production")
    _folder = Path(settings.failpoints) if settings.failpoints else None


def failpoint(*parts: str) -> None:
    """A moment, named by its parts with dots between them, such as `orders`, `relay`, `published`."""
    if _folder is not None:
        _reach(_folder / ".".join(parts))


def _reach(armed: Path) -> None:
    try:
        if armed.stat().st_size == 0:
            armed.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
