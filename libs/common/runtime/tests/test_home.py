"""The folder of local state: its secrets can be exchanged while the suite runs."""

import json
import os
from pathlib import Path

import pytest

from libs.common.runtime.home import Home

KEY, RING, OTHER = "PILLARS_SECRET_KEY", "PILLARS_ENCRYPTION_KEYS", "PILLARS_ACCEPTED_SECRET_KEYS"


def test_secrets_are_made_once_and_taken_up_again_when_they_were_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RING, "k1:given")
    # Whatever is set below is taken away again after the test.
    monkeypatch.setenv(KEY, "")
    monkeypatch.setenv(OTHER, "")
    del os.environ[KEY], os.environ[OTHER]
    home, file = Home(tmp_path), tmp_path / "secrets.json"

    home.load_secrets()
    first = os.environ[KEY]
    assert json.loads(file.read_text())[KEY] == first
    assert file.stat().st_mode & 0o077 == 0

    file.write_text(json.dumps({KEY: "new", OTHER: first, RING: "k2:changed"}))
    home.load_secrets()
    # What the environment had before any of it wins, as it did at the start.
    assert (os.environ[KEY], os.environ[OTHER], os.environ[RING]) == ("new", first, "k1:given")

    file.write_text(json.dumps({KEY: "new"}))
    home.load_secrets()
    assert os.environ[KEY] == "new"
    assert OTHER not in os.environ
