"""Logs that carry ids and no secrets."""

import json
import logging

import pytest

from entrepot.telemetry import configure_logs, get_logger, request_id_from


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> "list[dict[str, str]]":
    root = logging.getLogger()
    kept = (root.handlers[:], root.level)
    configure_logs("info", "json")
    log = get_logger("test")
    log.info(
        "fetching",
        url="https://user:hunter2@example.com/x",
        authorization="Bearer abc",
        api_key="k",
        note="a\nb\x1b[31m",
    )
    logging.getLogger("foreign").warning("from elsewhere")
    log.debug("not shown")
    root.handlers[:], root.level = kept
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_secrets_are_struck_out(lines: "list[dict[str, str]]") -> None:
    text = json.dumps(lines)
    assert "hunter2" not in text
    assert "Bearer" not in text
    assert lines[0]["api_key"] == "[struck out]"


def test_control_characters_cannot_forge_a_line(lines: "list[dict[str, str]]") -> None:
    assert len(lines) == 2
    assert "\x1b" not in lines[0]["note"]
    assert "\n" not in lines[0]["note"]


def test_foreign_logs_take_the_same_form(lines: "list[dict[str, str]]") -> None:
    assert lines[1]["event"] == "from elsewhere"
    assert lines[1]["level"] == "warning"


@pytest.mark.parametrize("offered", ["abc-123", "a" * 64, "0:1.2_3"])
def test_a_sane_request_id_is_taken(offered: str) -> None:
    assert request_id_from(offered) == offered


@pytest.mark.parametrize("offered", [None, "", "a" * 65, "a b", "a\r\nSet-Cookie: x", "é"])
def test_any_other_request_id_is_replaced(offered: str | None) -> None:
    assert len(request_id_from(offered)) == 32
