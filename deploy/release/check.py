"""Checks that the migrations since the last release can be run beside it: `python -m deploy.release.check`."""

import sys
from collections.abc import Sequence

from deploy.release.record import Release, latest
from libs.common.db.online import Breach, breaches
from libs.common.runtime.registry import load_all
from libs.common.runtime.service import Service


def main() -> None:
    """Check all services; exit code 1 on a breach."""
    release = latest()
    found = found_breaches(load_all(), release)
    for breach in found:
        sys.stdout.write(f"{breach}\n")
    if found:
        sys.exit("accept one with a reason in its migration: ACCEPTED = {'<rule>': 'why it does no harm'}")
    sys.stdout.write(f"migrations can be run beside release {release.version}\n")


def found_breaches(services: Sequence[Service], release: Release) -> list[Breach]:
    """What breaks the order of a rollout since a release, in all services."""
    return [
        breach for service in services for breach in breaches(service, release.migrations.get(service.name))
    ]


if __name__ == "__main__":
    main()
