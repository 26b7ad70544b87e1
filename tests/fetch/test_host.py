"""Hosts in every spelling: one normal form, or a refusal."""

import socket
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import InvalidURL
from entrepot.fetch.host import Address, parse_address, parse_host

IPV4 = {
    "127.0.0.1": "127.0.0.1",
    "127.0.0.1.": "127.0.0.1",
    "2130706433": "127.0.0.1",
    "2130706433.": "127.0.0.1",
    "0x7f000001": "127.0.0.1",
    "0X7F000001": "127.0.0.1",
    "017700000001": "127.0.0.1",
    "0177.0.0.01": "127.0.0.1",
    "0x7f.0x0.0x0.0x1": "127.0.0.1",
    "0x7f.00.0.0x1": "127.0.0.1",
    "127.1": "127.0.0.1",
    "127.0.1": "127.0.0.1",
    "127.65535": "127.0.255.255",
    "127.16777215": "127.255.255.255",
    "1.2.65535": "1.2.255.255",
    "0": "0.0.0.0",
    "00": "0.0.0.0",
    "0x": "0.0.0.0",
    "0x.0x.0": "0.0.0.0",
    "4294967295": "255.255.255.255",
    "0000000000000000000177.1": "127.0.0.1",
    "%31%32%37.0.0.1": "127.0.0.1",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11": "127.0.0.1",
    "127\u30020\uff0e0\uff611": "127.0.0.1",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460": "127.0.0.1",
}
NOT_IPV4 = [
    "256.1.1.1", "1.256.1.1", "1.1.1.256", "1.1.65536", "1.16777216", "4294967296", "1.1.1.1.1", "08.8.8.8",
    "1.1.1.08", "0xg.1", "1.0x1g.1.1", "1..1", ".1", "a.1", "a.0x7f", "1.2.3.4..", "127.0.0.1.2130706433",
    "0xbaaaaaaaaaaaaaaaa7f000001", "1.-1.1.1", "1.2.3.4\u202e5",
]  # fmt: skip
IPV6 = {
    "[::1]": "::1",
    "[0:0:0:0:0:0:0:1]": "::1",
    "[0000:0000:0000:0000:0000:0000:0000:0001]": "::1",
    "[::0.0.0.1]": "::1",
    "[::]": "::",
    "[::FFFF:127.0.0.1]": "::ffff:7f00:1",
    "[::ffff:7f00:1]": "::ffff:7f00:1",
    "[::ffff:0:127.0.0.1]": "::ffff:0:7f00:1",
    "[2001:DB8::A]": "2001:db8::a",
    "[1:0:0:2:0:0:0:3]": "1:0:0:2::3",
}
NOT_IPV6 = [
    "[]", "[", "[::1", "[::1]x", "[:::1]", "[::1::]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[::12345]",
    "[::1%25lo]", "[::1%lo]", "[::1%]", "[v1.127.0.0.1]", "[127.0.0.1]", "[::ffff:0x7f.0.0.1]",
    "[::ffff:127.0.0.01]", "[::ffff:256.0.0.1]", "[ ::1]", "[::\uff11]", "[::1/64]", "[%3A%3A1]",
]  # fmt: skip
NAMES = {
    "example.org": "example.org",
    "EXAMPLE.Org.": "example.org",
    "ex%61mple.org": "example.org",
    "r3---sn-4g5e.example.org": "r3---sn-4g5e.example.org",
    "a-.example.org": "a-.example.org",
    "_dmarc.example.org": "_dmarc.example.org",
    "b\xfccher.example": "xn--bcher-kva.example",
    "b%C3%BCcher.example": "xn--bcher-kva.example",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "XN--BCHER-KVA.example": "xn--bcher-kva.example",
    "local\xadhost": "localhost",
    "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54": "localhost",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3": "localhost",
    "x" * 63 + ".org": "x" * 63 + ".org",
    "1.2.3.4.org": "1.2.3.4.org",
    "0x7f.0.0.1x": "0x7f.0.0.1x",
}
NOT_NAMES = [
    "", ".", "..", "a..b", ".a", "a..", "-a.org", "a b", "a\tb", "a\0b", "a%00b", "a%20b", "a/b", "a%2fb", "a?b",
    "a#b", "a@b", "a%40b", "a:b", "a%3a80", "a\\b", "a<b", "a|b", "a^b", "a%zz", "a%", "%ff%fe", "%ed%a0%80",
    "a[b", "a]b", "a\u2215b", "a\uff0fb", "a\uff20b", "a\uff03b", "a\uff1fb", "a\uff1a80", "\u2100.org",
    "xn--", "xn--a", "xn--localhost-", "xn--0.org", "\U0001f4a9.org", "\u202ea", "a\u200db", "a\u2024b", "\u0661", "\u2497example.org",
    "x" * 64 + ".org", ".".join(["x" * 62] * 5), "x" * 4000, "%78" * 2000,
]  # fmt: skip


@pytest.mark.parametrize(("written", "host"), [*IPV4.items(), *IPV6.items(), *NAMES.items()])
def test_host_has_one_normal_form(written: str, host: str) -> None:
    assert parse_host(written) == host


@pytest.mark.parametrize("written", NOT_IPV4 + NOT_IPV6 + NOT_NAMES)
def test_odd_host_is_refused(written: str) -> None:
    with pytest.raises(InvalidURL):
        parse_host(written)


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[0-9a-fA-FxX.]{1,40}", fullmatch=True))
def test_normal_form_is_stable(text: str) -> None:
    try:
        host = parse_host(text)
    except InvalidURL:
        return
    assert host.isascii()
    assert parse_host(f"[{host}]" if ":" in host else host) == host


@settings(deadline=None)
@given(
    st.from_regex(
        r"(0[xX][0-9a-fA-F]{1,8}|0[0-7]{1,10}|[0-9]{1,10})(\.(0[xX])?[0-9]{1,4}){0,3}", fullmatch=True
    )
)
def test_numbers_mean_what_the_system_takes_them_for(text: str) -> None:
    """What `getaddrinfo` would make of a number and we of it never differ, where both take it."""
    try:
        host = parse_host(text)
        packed = socket.inet_aton(text)
    except (InvalidURL, OSError):
        return
    assert host == socket.inet_ntoa(packed)


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1", ip_address("127.0.0.1")), ("::1", ip_address("::1")), ("[::1]", ip_address("::1")),
     ("::ffff:1.2.3.4", ip_address("::ffff:102:304")), ("example.org", None), ("127.1", None), ("", None),
     ("[127.0.0.1", ip_address("127.0.0.1")), ("fe80::1%eth0", None), ("127.0.0.1:80", None), ("127.0.0.01", None)],
)  # fmt: skip
def test_address_in_full(text: str, address: Address | None) -> None:
    assert parse_address(text) == address
