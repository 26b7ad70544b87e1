"""Which addresses and names belong to the public Internet: our own list, since `ipaddress.is_global` lets forms through.

Sources: the IANA special-purpose address registries (RFC 6890 and successors), RFC 6052 (NAT64), RFC 3056 (6to4),
RFC 4380 (Teredo), RFC 5214 (ISATAP), RFC 6761, 6762 appendix G, 7686, 8375, 9476 (names), providers' documents.
"""

from bisect import bisect_right
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from entrepot.fetch.host import Address

FORBIDDEN_IPV4 = (
    IPv4Network("0.0.0.0/8"),  # this network; Linux connects 0.0.0.0 to loopback
    IPv4Network("10.0.0.0/8"),  # private
    IPv4Network("100.64.0.0/10"),  # carrier-grade NAT, and clouds' metadata
    IPv4Network("127.0.0.0/8"),  # loopback
    IPv4Network("168.63.129.16/32"),  # Azure's WireServer
    IPv4Network("169.254.0.0/16"),  # link-local, and clouds' metadata
    IPv4Network("172.16.0.0/12"),  # private
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments
    IPv4Network("192.0.2.0/24"),  # documentation
    IPv4Network("192.31.196.0/24"),  # AS112
    IPv4Network("192.52.193.0/24"),  # AMT
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("192.168.0.0/16"),  # private
    IPv4Network("192.175.48.0/24"),  # AS112
    IPv4Network("198.18.0.0/15"),  # benchmarking
    IPv4Network("198.51.100.0/24"),  # documentation
    IPv4Network("203.0.113.0/24"),  # documentation
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv4Network("240.0.0.0/4"),  # reserved, and broadcast
)

UNICAST_IPV6 = IPv6Network("2000::/3")  # nothing outside is global unicast
FORBIDDEN_IPV6 = (
    IPv6Network("2001::/23"),  # IETF assignments: Teredo, benchmarking, ORCHID, DET
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("2620:4f:8000::/48"),  # AS112
    IPv6Network("3ffe::/16"),  # 6bone, given back
    IPv6Network("3fff::/20"),  # documentation
)

# Where an IPv6 address carries an IPv4 one: the prefix, how far its last bit is from the right, what it is xored with.
_CARRIERS = (
    (IPv6Network("::ffff:0:0/96"), 0, 0),  # mapped
    (IPv6Network("::ffff:0:0:0/96"), 0, 0),  # translated
    (IPv6Network("64:ff9b::/96"), 0, 0),  # NAT64
    (IPv6Network("64:ff9b:1::/48"), 0, 0),  # NAT64 for local use, with a prefix of 96 bits
    (IPv6Network("2002::/16"), 80, 0),  # 6to4
    (IPv6Network("2001::/32"), 0, 0xFFFFFFFF),  # Teredo's client
    (IPv6Network("::/96"), 0, 0),  # compatible
)
_ISATAP = 0x00005EFE  # upper half of the interface identifier, with any universal and group bits
_ISATAP_MASK = 0xFCFFFFFF

_LOCAL_SUFFIXES = (
    "alt", "arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localdomain4",
    "localdomain6", "localhost", "onion", "private", "svc", "test",
)  # fmt: skip
_METADATA_HOSTS = frozenset(
    {
        "api.metadata.cloud.ibm.com",
        "metadata.goog",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "metadata.tencentyun.com",
    }
)


class _Ranges:
    """Disjoint networks as a sorted table, so that a look-up is one bisection."""

    def __init__(self, networks: tuple[IPv4Network, ...] | tuple[IPv6Network, ...]) -> None:
        bounds = sorted((int(network[0]), int(network[-1])) for network in networks)
        self._first = [first for first, _ in bounds]
        self._last = [last for _, last in bounds]

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, IPv4Address | IPv6Address):
            return False
        place = bisect_right(self._first, int(address)) - 1
        return place >= 0 and int(address) <= self._last[place]


_FORBIDDEN_IPV4_RANGES = _Ranges(FORBIDDEN_IPV4)
_FORBIDDEN_IPV6_RANGES = _Ranges(FORBIDDEN_IPV6)


def is_public(address: Address) -> bool:
    """Whether the address is an ordinary one of the public Internet, in its plain form."""
    if isinstance(address, IPv4Address):
        return address not in _FORBIDDEN_IPV4_RANGES
    return address in UNICAST_IPV6 and address not in _FORBIDDEN_IPV6_RANGES and not _is_isatap(address)


def carried_ipv4(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for or tunnels to; None where there is none."""
    if isinstance(address, IPv4Address):
        return None
    for prefix, shift, mask in _CARRIERS:
        if address in prefix:
            return IPv4Address((int(address) >> shift & 0xFFFFFFFF) ^ mask)
    return IPv4Address(int(address) & 0xFFFFFFFF) if _is_isatap(address) else None


def is_local_name(host: str) -> bool:
    """Whether a name, lower-case and without a root dot, is for a local network or a cloud's metadata by its form."""
    if "." not in host:
        return True
    return host.rpartition(".")[2] in _LOCAL_SUFFIXES or host in _METADATA_HOSTS


def _is_isatap(address: IPv6Address) -> bool:
    return int(address) >> 32 & _ISATAP_MASK == _ISATAP
