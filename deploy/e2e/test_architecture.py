"""Each contract of the architecture breaks when somebody breaks it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "gateway", "libs", "deploy")

# Contract -> a module that breaks it.
PLANTED = {
    "Services never import each other": ("services/crm/planted.py", "import services.orders.manifest"),
    "The libraries know no service and no gateway": ("libs/common/planted.py", "import services.crm.db"),
    "The gateway knows no service": ("gateway/planted.py", "import services.identity.db"),
    "Services know neither the gateway nor what surrounds them": (
        "services/catalog/planted.py",
        "import gateway.routes",
    ),
    "The published language knows events, not how they travel": (
        "libs/contracts/planted.py",
        "import libs.common.db.engine",
    ),
    "Rules and rows import no web framework": ("services/analytics/planted/service.py", "import fastapi"),
}


def lint(root: Path) -> str:
    """What import-linter says of a tree."""
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_contract_notices_its_breach(tmp_path: Path) -> None:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("tests", "__pycache__", "versions")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert "BROKEN" not in lint(tmp_path)

    for path, line in PLANTED.values():
        planted = tmp_path / path
        planted.parent.mkdir(exist_ok=True)
        (planted.parent / "__init__.py").touch()
        planted.write_text(f"{line}\n")
    said = lint(tmp_path)

    for contract in PLANTED:
        assert f"{contract} BROKEN" in said, said
