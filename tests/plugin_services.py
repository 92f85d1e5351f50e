"""pytest plugin (`-p tests.plugin_services`): real PostgreSQL and Valkey for the whole session.

A plugin and not a conftest, because pytest-django reads the settings before any conftest is
loaded, and the settings want DATABASE_URL and REDIS_URL. Preset ones are respected.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from cryonel import embedded

services = pytest.StashKey[embedded.TestServices]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    known = early_config.known_args_namespace
    needed = not (known.help or known.version or known.collectonly)
    try:
        started = embedded.for_tests(start=needed)
    except embedded.ServiceUnavailable as sentence:
        pytest.exit(str(sentence), returncode=4)
    if started is not None:
        early_config.stash[services] = started
        early_config.add_cleanup(started.close)
    return (yield)
