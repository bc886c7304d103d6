"""Finds the RabbitMQ server script on this machine."""

import os
import shutil
from pathlib import Path

_PACKAGED = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def find_rabbitmq() -> Path | None:
    """Return the real `rabbitmq-server` script, or None when it, `erl` or `epmd` is missing.

    Looked for in $RABBITMQ_SBIN, Debian's place, and PATH; a distribution's wrapper, which insists on a system user
    of its own, does not count.
    """
    if not (shutil.which("erl") and shutil.which("epmd")):
        return None
    explicit, on_path = os.environ.get("RABBITMQ_SBIN"), shutil.which("rabbitmq-server")
    candidates = [Path(explicit) / "rabbitmq-server"] if explicit else [_PACKAGED]
    if on_path and not explicit:
        candidates.append(Path(on_path).resolve())
    for candidate in candidates:
        if os.access(candidate, os.X_OK) and candidate.resolve().name == "rabbitmq-server":
            return candidate
    return None
