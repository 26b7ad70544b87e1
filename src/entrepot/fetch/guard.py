"""The guard: the one decision on where this service may connect to, by name, address and port."""

import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import NoReturn

from entrepot.errors import DestinationForbidden, HostNotFound
from entrepot.fetch.host import Address, parse_address
from entrepot.fetch.networks import carried_ipv4, is_local_name, is_public
from entrepot.fetch.resolver import Resolver, SystemResolver
from entrepot.fetch.rules import PortPolicy, Rule, Rules
from entrepot.fetch.url import URL
from entrepot.telemetry import get_logger

DEFAULT_PORTS = ("80", "443", "1024-65535")
MAX_TARGETS = 16

Endpoint = tuple[str, int]

_log = get_logger("fetch.guard")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL with the addresses that may be connected to for it, in the order to try them, and no others."""

    url: URL
    addresses: tuple[str, ...]


class Guard:
    """Decides on destinations. Every refusal is the same DestinationForbidden, which names neither reason nor address.

    `allow` and `block` are rules as in `fetch.rules`; block wins. An allow rule for a name permits it wherever it
    resolves; one for a network permits these addresses under any name; one with a port opens that port as well.
    `own` tells where this service itself listens: refused always, whatever the rules say.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        block: Sequence[str] = (),
        ports: Sequence[str] = DEFAULT_PORTS,
        resolver: Resolver | None = None,
        own: Callable[[], Collection[Endpoint]] = tuple,
    ) -> None:
        """Raises ValueError that names a bad rule or port."""
        self._allow = Rules(allow)
        self._block = Rules(block)
        self._ports = PortPolicy(ports)
        self._resolver = resolver or SystemResolver()
        self._own = own

    async def admit(self, url: URL) -> Target:
        """Resolves the host once and judges every answer; one that is forbidden refuses the host.

        Raises DestinationForbidden, or HostNotFound for an ordinary name that has no address.
        """
        literal = parse_address(url.host)
        if literal is not None:
            self.judge(url.host, url.host, url.port)
            return Target(url, (url.host,))
        self._judge_name(url.host, url.port)
        addresses = await self._resolve(url.host, url.port)
        for address in addresses:
            self.judge(url.host, address, url.port)
        return Target(url, tuple(addresses[:MAX_TARGETS]))

    def judge(self, host: str, address: str, port: int) -> None:
        """Judges one address that `host` has resolved to, or that it is. Raises DestinationForbidden."""
        objection = self._object(host, address, port)
        if objection:
            self._refuse(host, port, objection)

    def _judge_name(self, host: str, port: int) -> None:
        """Refuses what no address could mend, so that such names are never looked up."""
        if self._block.naming(host, port):
            self._refuse(host, port, "block rule")
        rules = self._allow.naming(host, port) + self._allow.networks(port)
        if not self._may_use(port, rules):
            self._refuse(host, port, "port")
        if is_local_name(host) and not rules:
            self._refuse(host, port, "local name")

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        try:
            return await self._resolver.resolve(host)
        except HostNotFound:
            if is_local_name(host) and not self._allow.naming(host, port):
                raise DestinationForbidden from None  # whether a local name exists is nobody's business
            raise

    def _object(self, host: str, address_text: str, port: int) -> str | None:
        """The reason to refuse, for the log alone; None where there is none."""
        address = parse_address(address_text)
        if address is None:
            return "address"
        if is_own(address, port, self._own()):
            return "own address"
        forms = _forms(address)
        if self._block.naming(host, port) or any(self._block.holding(form, port) for form in forms):
            return "block rule"
        return self._object_to_forms(host, forms, port)

    def _object_to_forms(self, host: str, forms: tuple[Address, ...], port: int) -> str | None:
        by_name = self._allow.naming(host, port)
        by_form = [by_name + self._allow.holding(form, port) for form in forms]
        is_local = parse_address(host) is None and is_local_name(host)
        for form, rules in zip(forms, by_form, strict=True):
            if not rules and (is_local or not is_public(form)):
                return "local name" if is_local else "network"
        return None if self._may_use(port, sum(by_form, ())) else "port"

    def _may_use(self, port: int, rules: tuple[Rule, ...]) -> bool:
        return self._ports.permits(port) or any(rule.port == port for rule in rules)

    def _refuse(self, host: str, port: int, reason: str) -> NoReturn:
        _log.info("destination refused", host=host, port=port, reason=reason)
        raise DestinationForbidden


def is_own(address: Address, port: int, own: Collection[Endpoint]) -> bool:
    """Whether a connection to this address and port would arrive at one of the endpoints in `own`."""
    return any(
        port == own_port and _reaches(form, host) for host, own_port in own for form in _forms(address)
    )


def _forms(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 address that it carries."""
    carried = carried_ipv4(address)
    return (address,) if carried is None else (address, carried)


def _reaches(address: Address, listening: str) -> bool:
    """Linux connects the unspecified address to loopback; a listener there, or with a name, has every local address."""
    listener = parse_address(listening)
    if address.is_unspecified or address == listener:
        return True
    return (listener is None or listener.is_unspecified) and _is_of_this_machine(address)


def _is_of_this_machine(address: Address) -> bool:
    """Only an address of this machine can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
