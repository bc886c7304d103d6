"""Files only their owner can read: passwords and cookies of the embedded servers."""

import os
import secrets
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600, replacing one that exists in a single step."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    staged.replace(path)


def secret_in(path: Path) -> str:
    """Return the secret kept in this file, making a random one (48 hexadecimal digits) at first."""
    if not path.exists():
        write_private(path, secrets.token_hex(24))
    return path.read_text()
