"""What operators may write, and what it then says about names, addresses and ports."""

from ipaddress import ip_address

import pytest

from entrepot.fetch.rules import BAD_PORTS, PortPolicy, Rules, parse_rule

NAMED = [
    ("example.org", "example.org", True), ("example.org", "www.example.org", False), ("EXAMPLE.org.", "example.org", True),
    ("*.example.org", "www.example.org", True), ("*.example.org", "a.b.example.org", True),
    ("*.example.org", "example.org", False), ("*.example.org", "badexample.org", False),
    ("b\xfccher.example", "xn--bcher-kva.example", True), ("*.b\xfccher.example", "a.xn--bcher-kva.example", True),
    ("example.org:8080", "example.org", True), ("example.org:81", "example.org", False),
    ("*.example.org:8080", "a.example.org", True), ("*.example.org:81", "a.example.org", False),
    ("redis", "redis", True), ("127.0.0.1", "127.0.0.1", False),
]  # fmt: skip
HELD = [
    ("10.0.0.0/8", "10.255.0.1", True), ("10.0.0.0/8", "11.0.0.1", False), ("127.0.0.1", "127.0.0.1", True),
    ("127.0.0.1", "127.0.0.2", False), ("127.0.0.1:8080", "127.0.0.1", True), ("127.0.0.1:81", "127.0.0.1", False),
    ("10.0.0.0/8:8080", "10.1.1.1", True), ("10.0.0.0/8:81", "10.1.1.1", False), ("::1", "::1", True),
    ("[::1]", "::1", True), ("[::1]:8080", "::1", True), ("[::1]:81", "::1", False), ("fd00::/8", "fd12::1", True),
    ("[fd00::/8]:8080", "fd12::1", True), ("[fd00::/8]:81", "fd12::1", False), ("fd00::/8", "10.0.0.1", False),
    ("0.0.0.0/0", "::1", False), ("::/0", "::ffff:1.2.3.4", True), ("example.org", "127.0.0.1", False),
]  # fmt: skip
BAD = [
    "", "*", "*.", "*.*.org", "a.*.org", "10.0.0.1/8", "10.0.0.0/33", "10/8", "10.0.0.0/8/8", "example.org/8",
    "http://example.org", "example.org:", "example.org:0", "example.org:65536", "example.org:999999", "example.org:http",
    "127.1", "0x7f000001", "2130706433", "[127.1]", "[::1", "::1]", "[::1]x", "[::1]:", "[::1]:x", "[]", "[[::1]]",
    "fe80::1%eth0", "[fe80::1%eth0]:80", "1:2:3", "a b", "user@example.org", "-a.org", "*.127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize(("rule", "host", "is_about"), NAMED)
def test_rule_about_a_name(rule: str, host: str, is_about: bool) -> None:
    assert bool(Rules([rule]).naming(host, 8080)) is is_about


@pytest.mark.parametrize(("rule", "address", "is_about"), HELD)
def test_rule_about_an_address(rule: str, address: str, is_about: bool) -> None:
    assert bool(Rules([rule]).holding(ip_address(address), 8080)) is is_about


@pytest.mark.parametrize("rule", BAD)
def test_bad_rule_is_named(rule: str) -> None:
    with pytest.raises(ValueError, match="egress rule") as caught:
        parse_rule(rule)
    assert repr(rule) in str(caught.value)


def test_first_bad_rule_of_a_list_is_named() -> None:
    with pytest.raises(ValueError, match=r"'10\.0\.0\.1/8'"):
        Rules(["example.org", "10.0.0.1/8", "*"])


def test_rules_about_networks_at_a_port() -> None:
    rules = Rules(["10.0.0.0/8", "[fd00::/8]:81", "example.org", "*.example.org:81"])
    assert [str(rule.network) for rule in rules.networks(80)] == ["10.0.0.0/8"]
    assert [str(rule.network) for rule in rules.networks(81)] == ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("ports", "port", "may"),
    [(["443"], 443, True), (["443"], 80, False), (["80", "443"], 80, True), (["1024-65535"], 1023, False),
     (["1024-65535"], 1024, True), (["1024-65535"], 65535, True), (["1024-65535"], 6000, False), (["6000"], 6000, True),
     (["1024-65535", "6000"], 6000, True), (["6000-6000"], 6000, True), (["1-65535"], 25, False), (["25"], 25, True),
     ([], 443, False)],
)  # fmt: skip
def test_ports(ports: list[str], port: int, may: bool) -> None:
    assert PortPolicy(ports).permits(port) is may


@pytest.mark.parametrize(
    "ports", ["", "0", "65536", "443-80", "0-80", "80-70000", "http", "80-", "-80", "80,443", "+80", "123456"]
)
def test_bad_ports_are_named(ports: str) -> None:
    with pytest.raises(ValueError, match="egress ports") as caught:
        PortPolicy(["443", ports])
    assert repr(ports) in str(caught.value)


def test_no_range_opens_a_bad_port() -> None:
    policy = PortPolicy(["1-65535"])
    assert [port for port in range(1, 65536) if not policy.permits(port)] == sorted(BAD_PORTS)
