"""Checks that migrations match models and isolate every tenant's rows: `python -m libs.common.db.check`."""

import sys
import tempfile
from pathlib import Path

from sqlalchemy import create_engine

from libs.common.db.differences import differences
from libs.common.db.migrate import migrate
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
from libs.common.runtime.registry import load_all
from libs.common.settings import CommonSettings


def main() -> None:
    """Migrate an empty database and compare; exit code 1 on any difference."""
    services = load_all()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", durable=False)
        settings = CommonSettings(database_url=server.start(), role_prefix="check")
        try:
            migrate(services, settings)
            engine = create_engine(settings.sqlalchemy_url)
            with engine.connect() as connection:
                found = {service.name: differences(service, connection) for service in services}
            engine.dispose()
        finally:
            server.stop()
    for name, items in found.items():
        for item in items:
            sys.stdout.write(f"{name}: {item}\n")
    if any(found.values()):
        sys.exit("models and migrations differ; write one with `make migration SERVICE=… MESSAGE=…`")
    sys.stdout.write("migrations match the models\n")


if __name__ == "__main__":
    main()
