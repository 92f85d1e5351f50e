from __future__ import annotations

from cryonel.logs import redact
from cryonel.secrets import lookup


def test_a_docker_secret_comes_before_the_environment(tmp_path, monkeypatch):
    (tmp_path / "db_password").write_text("from-file\n")
    monkeypatch.setenv("DB_PASSWORD", "from-env")

    assert lookup("DB_PASSWORD", folder=tmp_path) == "from-file"


def test_the_environment_serves_where_no_file_is(tmp_path, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "from-env")

    assert lookup("DB_PASSWORD", folder=tmp_path) == "from-env"


def test_secrets_are_blanked_at_any_depth():
    event = {"event": "x", "api_key": "k", "credentials": {"secret": "s", "label": "l"}}

    assert redact(None, "info", event) == {
        "event": "x",
        "api_key": "[redacted]",
        "credentials": {"secret": "[redacted]", "label": "l"},
    }
