"""Writes the directory a private RabbitMQ node runs from, and the environment that keeps it away from any other."""

import os
from pathlib import Path
from typing import NamedTuple

from libs.common.runtime.embedded.private_file import secret_in, write_private

USER = "pillars"


class Ports(NamedTuple):
    """The TCP ports of one node, all on 127.0.0.1."""

    amqp: int
    distribution: int
    epmd: int


def write_config(base_dir: Path, ports: Ports) -> str:
    """Write the node's files below `base_dir` (data is left alone) and return its user's password."""
    for name in ("home", "data", "conf.d"):
        (base_dir / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    # Erlang refuses a cookie that others can read.
    secret_in(base_dir / "home" / ".erlang.cookie")
    password = secret_in(base_dir / "password")
    settings = {
        "listeners.tcp.local": f"127.0.0.1:{ports.amqp}",
        # With another default user, `guest` is never made.
        "default_user": USER,
        "default_pass": password,
        "default_user_tags.administrator": "true",
        "log.file": "false",
        "log.console": "true",
        "log.console.level": "info",
        "log.console.use_colors": "off",
        "vm_memory_high_watermark.absolute": "1GB",
        "disk_free_limit.absolute": "100MB",
        # The default keeps half a gigabyte of quorum-queue log in memory.
        "raft.wal_max_size_bytes": str(64 * 1024 * 1024),
    }
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    write_private(base_dir / "rabbitmq.conf", lines)
    # An empty list of our own, or the machine-wide one would be read.
    (base_dir / "enabled_plugins").write_text("[].\n")
    # Likewise.
    (base_dir / "rabbitmq-env.conf").touch()
    return password


def node_environment(base_dir: Path, ports: Ports, node: str) -> dict[str, str]:
    """Return the environment of the node: nothing of /etc/rabbitmq and nothing of the caller's Erlang settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
    for name in ("NOTIFY_SOCKET", "CONF_ENV_FILE", "NODENAME"):
        kept.pop(name, None)
    return {
        **kept,
        "HOME": str(base_dir / "home"),
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_CRASH_DUMP": str(base_dir / "erl_crash.dump"),
        "RABBITMQ_NODENAME": f"{node}@localhost",
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        "RABBITMQ_MNESIA_BASE": str(base_dir / "data"),
        "RABBITMQ_LOG_BASE": str(base_dir / "data"),
        "RABBITMQ_CONF_ENV_FILE": str(base_dir / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(base_dir / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(base_dir / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(base_dir / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(base_dir / "enabled_plugins"),
        "RABBITMQ_SCHEDULER_BIND_TYPE": "u",
        "RABBITMQ_MAX_NUMBER_OF_PROCESSES": "262144",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
        # Makes the script exec the Erlang VM in its own process instead of watching over it from a shell.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
