"""Installs from Debian's archive on request what tests use beside Python; nothing here runs by itself."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from libs.common.runtime.embedded.child import run
from libs.common.runtime.embedded.rabbitmq_binaries import find_rabbitmq

_POLICY = Path("/usr/sbin/policy-rc.d")
# Source: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt: 101 = action forbidden by policy.
_NO_SERVICE_STARTS = "#!/bin/sh\nexit 101\n"


def install_rabbitmq_if_possible() -> bool:
    """Return whether RabbitMQ is installed afterwards; installs it when we are root on a Debian-like system.

    The system's own RabbitMQ service is not started. Takes up to some minutes; needs the package archive.
    """
    return bool(find_rabbitmq()) or _install("rabbitmq-server")


def install_promtool_if_possible() -> bool:
    """Return whether promtool, which tests the alerts, is installed afterwards; likewise."""
    return bool(shutil.which("promtool")) or _install("prometheus")


def install_nginx_if_possible() -> bool:
    """Return whether nginx, which the benchmark compares the gateway with, is installed afterwards; likewise."""
    return bool(shutil.which("nginx")) or _install("nginx-light")


def _install(package: str) -> bool:
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None or not Path("/etc/debian_version").exists():
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "-y", "-q", "--no-install-recommends", package]
    with _services_stay_down():
        # A fresh list may be out of reach while the packages are at hand in a mirror or the cache.
        run([apt, "update", "-q"], env=quiet)
        return run(install, env=quiet).returncode == 0


@contextmanager
def _services_stay_down() -> Iterator[None]:
    """Forbid packages to start services meanwhile, and put back what the machine's owner had."""
    aside = _POLICY.with_name("policy-rc.d.before-pillars")
    if _POLICY.exists() and not aside.exists():
        _POLICY.rename(aside)
    try:
        _POLICY.write_text(_NO_SERVICE_STARTS)
        _POLICY.chmod(0o755)
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
        if aside.exists():
            aside.rename(_POLICY)


def main() -> None:
    """Install what is not here (RabbitMQ unless a broker is named); say in one line where that is not possible."""
    if not os.environ.get("AMQP_URL") and not install_rabbitmq_if_possible():
        sys.stderr.write(
            "RabbitMQ is not installed: its tests will be skipped. "
            "Install rabbitmq-server, or set AMQP_URL, to run them.\n"
        )
    if "--bench" in sys.argv and not install_nginx_if_possible():
        sys.stderr.write(
            "nginx is not installed: what is measured beside it will be left out. Install nginx-light.\n"
        )
    if "--tests" in sys.argv and not install_promtool_if_possible():
        sys.stderr.write(
            "promtool is not installed: the tests of alerts will be skipped. Install prometheus.\n"
        )


if __name__ == "__main__":
    main()
