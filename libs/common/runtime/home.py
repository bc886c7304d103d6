"""The folder of local state: secrets, the embedded servers' data, logs, and what is running now."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Running:
    """What a running local suite tells other commands of the same checkout."""

    pid: int
    url: str
    database_url: str
    amqp_url: str | None = None
    is_separate: bool = False


@dataclass(frozen=True)
class Restart:
    """A rolling restart as it was asked for, and once it is done, which processes did not come up."""

    names: tuple[str, ...]
    is_done: bool = False
    failed: tuple[str, ...] = ()


_SECRETS = frozenset({"PILLARS_SECRET_KEY", "PILLARS_ENCRYPTION_KEYS"})


class Home:
    """`.pillars/` in the project, or the folder that PILLARS_HOME names. It is made by what is first put there."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or Path(os.environ.get("PILLARS_HOME", ".pillars"))).absolute()
        self._loaded: set[str] = set()

    @property
    def postgres(self) -> Path:
        """The data of the embedded Postgres."""
        return self._made() / "postgres"

    @property
    def rabbitmq(self) -> Path:
        """The data of the private RabbitMQ node."""
        return self._made() / "rabbitmq"

    @property
    def logs(self) -> Path:
        """The folder of log files."""
        (self._made() / "logs").mkdir(exist_ok=True)
        return self.folder / "logs"

    def _made(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def load_secrets(self) -> None:
        """Put this installation's own secrets into the environment, making them on first use.

        What the environment had before wins. Called again, it takes up what was changed in the file since.
        """
        path = self.folder / "secrets.json"
        if not path.exists():
            if os.environ.keys() >= _SECRETS and not self._loaded:
                # Given, as in a container, where nothing may be written here.
                return
            self._made()
            made = {
                "PILLARS_SECRET_KEY": secrets.token_urlsafe(32),
                "PILLARS_ENCRYPTION_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            }
            draft = path.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(made))
            draft.replace(path)
        found: dict[str, str] = json.loads(path.read_text())
        for name in self._loaded - found.keys():
            del os.environ[name]
        self._loaded = {name for name in found if name in self._loaded or name not in os.environ}
        os.environ.update({name: found[name] for name in self._loaded})

    def write_running(self, running: Running) -> None:
        """Say what runs, for `verify` and `bus`."""
        path = self._made() / "running.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(running)))

    def clear_running(self) -> None:
        """Say that nothing runs."""
        (self.folder / "running.json").unlink(missing_ok=True)

    def running(self) -> Running | None:
        """What runs, or None."""
        path = self.folder / "running.json"
        try:
            found = Running(**json.loads(path.read_text()))
            os.kill(found.pid, 0)
        except (OSError, ValueError, TypeError):
            return None
        return found

    def write_restart(self, restart: Restart) -> None:
        """Ask for a rolling restart, or say how it ended."""
        path = self._made() / "restart.json"
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(restart)))
        draft.replace(path)

    def restart(self) -> Restart | None:
        """The last rolling restart, or None."""
        try:
            found = json.loads((self.folder / "restart.json").read_text())
            return Restart(tuple(found["names"]), found["is_done"], tuple(found["failed"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
