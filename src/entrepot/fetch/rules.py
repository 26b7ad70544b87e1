"""What operators write about egress: allow and block rules, and the ports that may be reached. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from entrepot.errors import InvalidURL
from entrepot.fetch.host import Address, parse_address, parse_host

# https://fetch.spec.whatwg.org/#port-blocking, from 1024 on: a range never opens them, a port named by itself does.
BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
    | {1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109}
    | {110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530}
    | {531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995}
)  # fmt: skip

_BRACKETED = re.compile(r"\[(?P<inner>[^\[\]]*)\](?::(?P<port>[0-9]+))?")
_PLAIN = re.compile(r"(?P<inner>[^\[\]:]*)(?::(?P<port>[0-9]+))?")
_PORTS = re.compile(r"(?P<first>[0-9]{1,5})(?:-(?P<last>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a network, a host, or all names below a domain; `port` None means every port."""

    network: IPv4Network | IPv6Network | None
    host: str
    below: bool
    port: int | None

    def names(self, host: str) -> bool:
        """Whether the rule is about this name."""
        if self.network is not None:
            return False
        return host.endswith("." + self.host) if self.below else host == self.host

    def holds(self, address: Address) -> bool:
        """Whether the rule is about this address."""
        return self.network is not None and address in self.network


class Rules:
    """A list of rules, as `ENTREPOT_EGRESS_ALLOW` and `ENTREPOT_EGRESS_BLOCK` give them."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Raises ValueError that names the first bad rule."""
        self._rules = tuple(parse_rule(text) for text in texts)

    def naming(self, host: str, port: int) -> tuple[Rule, ...]:
        """The rules about this name at this port."""
        return tuple(rule for rule in self._rules if rule.port in (None, port) and rule.names(host))

    def holding(self, address: Address, port: int) -> tuple[Rule, ...]:
        """The rules about this address at this port."""
        return tuple(rule for rule in self._rules if rule.port in (None, port) and rule.holds(address))

    def networks(self, port: int) -> tuple[Rule, ...]:
        """The rules about any address at this port."""
        return tuple(rule for rule in self._rules if rule.port in (None, port) and rule.network is not None)


class PortPolicy:
    """Which ports may be reached where no rule names one."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Takes ports and ranges, such as `443` and `1024-65535`; raises ValueError that names the first bad one."""
        self._ranges = tuple(_parse_ports(text) for text in texts)

    def permits(self, port: int) -> bool:
        """Whether a range or a port named by itself opens this port."""
        return any(
            first <= port <= last and (first == last or port not in BAD_PORTS) for first, last in self._ranges
        )


def parse_rule(text: str) -> Rule:
    """Reads `host`, `*.domain`, an address or a CIDR, each with an optional `:port`; IPv6 with a port in brackets.

    Raises ValueError that names the rule.
    """
    subject, port = _split_port(text)
    network = _parse_network(subject)
    if network is not None:
        return Rule(network, "", False, port)
    if "/" in subject:
        raise _bad_rule(text, "not a network, or bits are set to the right of its prefix")
    below = subject.startswith("*.")
    try:
        host = parse_host(subject.removeprefix("*."))
    except InvalidURL as error:
        raise _bad_rule(text, "not a host, *.domain, address or CIDR") from error
    if parse_address(host) is not None:
        raise _bad_rule(text, "write addresses in their plain form")
    return Rule(None, host, below, port)


def _split_port(text: str) -> tuple[str, int | None]:
    if text.count(":") > 1 and not text.startswith("["):
        return text, None
    match = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text)
    if match is None:
        raise _bad_rule(text, "the port or the brackets are wrong")
    if match["port"] is None:
        return match["inner"], None
    port = int(match["port"]) if len(match["port"]) <= 5 else 0
    if not 1 <= port <= 65535:
        raise _bad_rule(text, "ports lie between 1 and 65535")
    return match["inner"], port


def _parse_network(subject: str) -> IPv4Network | IPv6Network | None:
    if "%" in subject:
        return None
    try:
        return ip_network(subject)
    except ValueError:
        return None


def _bad_rule(text: str, reason: str) -> ValueError:
    return ValueError(f"egress rule {text!r}: {reason}")


def _parse_ports(text: str) -> tuple[int, int]:
    match = _PORTS.fullmatch(text)
    first, last = (int(match["first"]), int(match["last"] or match["first"])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"egress ports {text!r}: write a port or a range between 1 and 65535")
    return first, last
