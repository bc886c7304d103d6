"""What tests stand on: databases from a template, clients, actors, and suites that brokers and providers pass."""

import pytest

# The assertions of the suites explain themselves as those of test modules do.
pytest.register_assert_rewrite("libs.common.testing.brokers", "libs.common.testing.resource_suite")
