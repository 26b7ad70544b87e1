"""Hosts as the WHATWG URL standard reads them: IPv4 in all its number forms, bracketed IPv6, names through UTS #46."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote_to_bytes

import idna

from entrepot.errors import InvalidURL

Address = IPv4Address | IPv6Address

MAX_HOST_CHARACTERS = 253
_MAX_WRITTEN_CHARACTERS = 3 * 1024  # as written, percent-encoded, before it is mapped
_LABEL = re.compile(r"[a-z0-9_][a-z0-9_-]{0,62}")
_NUMBER = re.compile(r"0x(?P<hexadecimal>[0-9a-f]*)|0(?P<octal>[0-7]*)|(?P<decimal>[1-9][0-9]*)")
_RADIX = {"hexadecimal": 16, "octal": 8, "decimal": 10}
_LOOKS_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPV6_CHARACTERS = re.compile(r"[0-9A-Fa-f:.]+")


def parse_host(text: str) -> str:
    """The host in its one normal form: dotted IPv4, compressed IPv6 without brackets, or a lower-case ASCII name.

    Source: https://url.spec.whatwg.org/#host-parsing, made stricter where other parsers read it otherwise: no zone ids,
    no empty labels, no label that begins with a hyphen, only letters, digits, `-` and `_`, and IDNA 2008 for the rest;
    one root dot at the end is dropped. Raises InvalidURL.
    """
    if text.startswith("["):
        return _parse_ipv6(text)
    name = _map_to_ascii(_decode_percent(text)).removesuffix(".")
    labels = name.split(".")
    if len(name) > MAX_HOST_CHARACTERS:
        raise InvalidURL("The host's name is too long.")
    if _LOOKS_NUMERIC.fullmatch(labels[-1]):
        return str(_parse_ipv4(labels))
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidURL("The host is not a valid name or address.")
    return name


@lru_cache(maxsize=4096)  # asked several times for each request
def parse_address(text: str) -> Address | None:
    """The address that `text` writes in full, with or without brackets; None for a name or a zoned address."""
    try:
        address = ip_address(text.removeprefix("[").removesuffix("]") if text.startswith("[") else text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id is not None else address


def _parse_ipv6(text: str) -> str:
    inner = text[1:-1]
    if not text.endswith("]") or not _IPV6_CHARACTERS.fullmatch(inner):
        raise InvalidURL("The host is not a valid IPv6 address.")
    try:
        return _write_ipv6(IPv6Address(inner))
    except ValueError as error:
        raise InvalidURL("The host is not a valid IPv6 address.") from error


def _write_ipv6(address: IPv6Address) -> str:
    """RFC 5952 without its dotted tail, so that mapped addresses look alike under every Python."""
    if address.ipv4_mapped is None:
        return address.compressed
    low = int(address) & 0xFFFFFFFF
    return f"::ffff:{low >> 16:x}:{low & 0xFFFF:x}"


def _decode_percent(text: str) -> str:
    if len(text) > _MAX_WRITTEN_CHARACTERS:
        raise InvalidURL("The host's name is too long.")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidURL("The host is not valid UTF-8.") from error


def _map_to_ascii(name: str) -> str:
    try:
        mapped = idna.uts46_remap(name, std3_rules=False)
        return ".".join(_encode_label(label) for label in mapped.split("."))
    except UnicodeError as error:  # idna's own errors are UnicodeErrors too
        raise InvalidURL("The host is not a valid international name.") from error


def _encode_label(label: str) -> str:
    """Plain labels stay as they are, since real ones (`r3---sn-x`) break IDNA's rule on hyphens."""
    if label.isascii() and not label.startswith("xn--"):
        return label
    return idna.alabel(label).decode("ascii")


def _parse_ipv4(labels: list[str]) -> IPv4Address:
    """Source: https://url.spec.whatwg.org/#concept-ipv4-parser."""
    numbers = [_parse_number(label) for label in labels]
    *leading, last = numbers
    if len(numbers) > 4 or any(number > 255 for number in leading) or last >= 256 ** (5 - len(numbers)):
        raise InvalidURL("The host is not a valid IPv4 address.")
    return IPv4Address(last + sum(number << 8 * (3 - place) for place, number in enumerate(leading)))


def _parse_number(label: str) -> int:
    match = _NUMBER.fullmatch(label)
    if match is None or match.lastgroup is None:
        raise InvalidURL("The host is not a valid IPv4 address.")
    return int(match[match.lastgroup] or "0", _RADIX[match.lastgroup])
