"""The guard as the settings describe it."""

import asyncio

import pytest

from entrepot.config import Settings
from entrepot.errors import BadSetting, DestinationForbidden
from entrepot.fetch.url import parse_url
from entrepot.wiring.reach import build_guard


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("egress_allow", "10.0.0.0/33", "10.0.0.0/33"),
        ("egress_block", "a b", "a b"),
        ("egress_ports", "80-", "80-"),
    ],
)
def test_bad_rule_is_named(name: str, value: str, named: str) -> None:
    settings = Settings.model_validate({name: (value,)})
    with pytest.raises(BadSetting, match=named):
        build_guard(settings, ())


def test_own_address_is_refused_though_it_is_allowed() -> None:
    guard = build_guard(Settings(egress_allow=("127.0.0.1",)), [("127.0.0.1", 8080)])
    asyncio.run(guard.admit(parse_url("http://127.0.0.1:8081/")))
    with pytest.raises(DestinationForbidden):
        asyncio.run(guard.admit(parse_url("http://127.0.0.1:8080/")))
