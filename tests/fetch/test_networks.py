"""What is public: both edges of every network, every way to carry IPv4 in IPv6, names of local networks."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.fetch.networks import (
    _FORBIDDEN_IPV4_RANGES,
    FORBIDDEN_IPV4,
    FORBIDDEN_IPV6,
    UNICAST_IPV6,
    carried_ipv4,
    is_local_name,
    is_public,
)


@pytest.mark.parametrize("network", [*FORBIDDEN_IPV4, *FORBIDDEN_IPV6], ids=str)
def test_whole_network_is_not_public(network: IPv4Network | IPv6Network) -> None:
    assert not is_public(network[0])
    assert not is_public(network[network.num_addresses // 2])
    assert not is_public(network[-1])


BESIDE = [
    "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255",
    "192.0.1.0", "192.0.1.255", "192.0.3.0", "192.31.195.255", "192.31.197.0", "192.52.192.255", "192.52.194.0",
    "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "192.175.47.255", "192.175.49.0",
    "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0",
    "223.255.255.255", "2000::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::",
    "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::", "3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::",
    "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2606:4700::6810:1",
]  # fmt: skip


@pytest.mark.parametrize("text", BESIDE)
def test_neighbours_are_public(text: str) -> None:
    assert is_public(ip_address(text))


SPECIAL = [
    "0.0.0.0", "10.1.2.3", "100.100.100.200", "127.0.0.1", "127.127.127.127", "168.63.129.16", "169.254.169.254",
    "169.254.170.2", "172.17.0.1", "172.31.255.255", "192.0.0.192", "192.168.255.255", "198.19.255.255", "224.0.0.251",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "1fff:ffff::1", "4000::", "100::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "fec0::1", "ff02::1", "ff0e::1", "ffff::", "2001:20::1",
    "2001:1::1",
    "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1", "198.51.100.1", "203.0.113.1",
    "2001:db8::1", "2002:808:808::", "2620:4f:8000::1", "3ffe::1", "3fff:fff::1", "2606:4700::5efe:808:808",
]  # fmt: skip


@pytest.mark.parametrize("text", SPECIAL)
def test_special_address_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


CARRIED = {
    "::ffff:127.0.0.1": "127.0.0.1",
    "::ffff:8.8.8.8": "8.8.8.8",
    "::ffff:0:10.0.0.1": "10.0.0.1",
    "64:ff9b::169.254.169.254": "169.254.169.254",
    "64:ff9b::8.8.8.8": "8.8.8.8",
    "64:ff9b:1::192.168.0.1": "192.168.0.1",
    "64:ff9b:1:ffff:ffff:ffff:192.168.0.1": "192.168.0.1",
    "2002:7f00:1::": "127.0.0.1",
    "2002:a9fe:a9fe:1234::5": "169.254.169.254",
    "2001:0:4136:e378:8000:63bf:80ff:fffe": "127.0.0.1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "192.0.2.45",
    "::127.0.0.1": "127.0.0.1",
    "::1": "0.0.0.1",
    "fe80::5efe:10.0.0.1": "10.0.0.1",
    "2606:4700::5efe:10.0.0.1": "10.0.0.1",
    "2606:4700::200:5efe:10.0.0.1": "10.0.0.1",
    "2606:4700::100:5efe:10.0.0.1": "10.0.0.1",
    "2606:4700::300:5efe:8.8.8.8": "8.8.8.8",
}
CARRIERS = ["::ffff:{}", "::ffff:0:{}", "64:ff9b::{}", "64:ff9b:1::{}", "::{}", "2606:4700::5efe:{}",
            "2606:4700::200:5efe:{}"]  # fmt: skip


@pytest.mark.parametrize(("text", "carried"), CARRIED.items())
def test_carried_address_is_found(text: str, carried: str) -> None:
    assert carried_ipv4(ip_address(text)) == ip_address(carried)


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "2606:4700::1", "2606:4700::400:5efe:a00:1", "2003::1", "fe80::1", "64:ff9b:2::1"]
)
def test_ordinary_address_carries_none(text: str) -> None:
    assert carried_ipv4(ip_address(text)) is None


@settings(deadline=None)
@given(st.ip_addresses(v=4), st.sampled_from(CARRIERS))
def test_carrier_is_never_public_and_gives_its_address_away(address: IPv4Address, carrier: str) -> None:
    form = ip_address(carrier.format(address))
    assert not is_public(form)
    assert carried_ipv4(form) == address


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_tunnels_are_never_public_and_give_their_address_away(address: IPv4Address) -> None:
    six_to_four = IPv6Address((0x2002 << 112) | int(address) << 80 | 1)
    teredo = IPv6Address((0x20010000 << 96) | 0x41360000 << 64 | int(address) ^ 0xFFFFFFFF)
    assert not is_public(six_to_four)
    assert not is_public(teredo)
    assert carried_ipv4(six_to_four) == carried_ipv4(teredo) == address


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_table_agrees_with_the_list(address: IPv4Address) -> None:
    assert is_public(address) is not any(address in network for network in FORBIDDEN_IPV4)


@settings(deadline=None)
@given(st.ip_addresses(v=6))
def test_public_ipv6_is_ordinary_unicast(address: IPv6Address) -> None:
    if is_public(address):
        assert address in UNICAST_IPV6
        assert not any(address in network for network in FORBIDDEN_IPV6)
        assert carried_ipv4(address) is None


@settings(deadline=None)
@given(st.ip_addresses())
def test_what_the_library_calls_private_is_not_public(address: IPv4Address | IPv6Address) -> None:
    special = address.is_private or address.is_reserved or address.is_multicast or address.is_loopback
    if special or address.is_link_local or address.is_unspecified:
        assert not is_public(address)


def test_only_addresses_are_in_a_network() -> None:
    assert "127.0.0.1" not in _FORBIDDEN_IPV4_RANGES


@pytest.mark.parametrize(
    "host",
    ["localhost", "redis", "foo.localhost", "localhost.localdomain", "printer.local", "api.internal", "metadata",
     "metadata.google.internal", "router.home.arpa", "1.0.0.127.in-addr.arpa", "nas.lan", "x.onion", "host.corp",
     "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "x.test", "x.invalid", "x.private", "x.alt",
     "metadata.goog", "metadata.tencentyun.com", "metadata.packet.net", "localhost6"],
)  # fmt: skip
def test_local_name(host: str) -> None:
    assert is_local_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "localhost.example.org",
        "local.org",
        "metadata.example",
        "x.metadata.goog",
        "mylocal.net",
    ],
)
def test_public_name(host: str) -> None:
    assert not is_local_name(host)
