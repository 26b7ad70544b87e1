"""The guard's verdicts: by name, by every answer of a look-up, by port, by the operator's rules."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import closing

import pytest

from entrepot.errors import DestinationForbidden, HostNotFound
from entrepot.fetch.guard import DEFAULT_PORTS, MAX_TARGETS, Endpoint, Guard, Target, is_own
from entrepot.fetch.host import parse_address
from entrepot.fetch.url import parse_url
from tests.fetch.fetching import Scripted

PUBLIC = "93.184.215.14"
EVERYTHING = ("0.0.0.0/0", "::/0")


def admit(guard: Guard, url: str) -> Target:
    return asyncio.run(guard.admit(parse_url(url)))


def refuses(guard: Guard, url: str) -> bool:
    try:
        admit(guard, url)
    except DestinationForbidden:
        return True
    return False


# --- addresses as they are written ------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [PUBLIC, "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]", "0x5db8d70e"])
def test_public_address_is_admitted_as_it_is(host: str) -> None:
    resolver = Scripted()
    url = parse_url(f"http://{host}/")
    assert admit(Guard(resolver=resolver), f"http://{host}/") == Target(url, (url.host,))
    assert resolver.asked == []


FORBIDDEN = [
    "127.0.0.1", "127.1", "0", "2130706433", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
    "168.63.129.16", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]",
    "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::127.0.0.1]", "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[fe80::5efe:127.0.0.1]", "[2606:4700::5efe:127.0.0.1]", "[fc00::1]",
    "[fe80::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", FORBIDDEN)
def test_address_that_is_not_public_is_refused(host: str) -> None:
    assert refuses(Guard(), f"http://{host}/")


@pytest.mark.parametrize("host", FORBIDDEN)
def test_name_for_such_an_address_is_refused(host: str) -> None:
    answer = parse_url(f"http://{host}/").host
    assert refuses(Guard(resolver=Scripted([answer])), "http://name.example/")


# --- names ------------------------------------------------------------------------------------------------------------


def test_all_answers_are_admitted_in_their_order() -> None:
    answers = ["2606:4700::1", PUBLIC, "1.1.1.1"]
    assert admit(Guard(resolver=Scripted(answers)), "http://name.example/").addresses == tuple(answers)


def test_only_the_first_of_many_answers_are_tried() -> None:
    answers = [f"1.1.1.{number}" for number in range(1, 60)]
    assert admit(Guard(resolver=Scripted(answers)), "http://name.example/").addresses == tuple(
        answers[:MAX_TARGETS]
    )


@pytest.mark.parametrize(
    "answers",
    [[PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [PUBLIC, "::1"], ["2606:4700::1", "10.0.0.1"],
     [PUBLIC, "::ffff:10.0.0.1"], [f"1.1.1.{number}" for number in range(1, 60)] + ["127.0.0.1"], [PUBLIC, "what"],
     [PUBLIC, "fe80::1%eth0"], [""]],
)  # fmt: skip
def test_one_forbidden_answer_refuses_the_name(answers: Sequence[str]) -> None:
    assert refuses(Guard(resolver=Scripted(answers)), "http://name.example/")


def test_every_admission_looks_up_anew() -> None:
    guard = Guard(resolver=Scripted([PUBLIC], ["127.0.0.1"]))
    assert admit(guard, "http://name.example/").addresses == (PUBLIC,)
    assert refuses(guard, "http://name.example/")


def test_name_without_addresses_is_not_found() -> None:
    with pytest.raises(HostNotFound):
        admit(Guard(resolver=Scripted()), "http://name.example/")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost.", "redis", "printer.local", "metadata.google.internal", "metadata.goog"]
)
def test_local_name_is_refused_without_a_look_up(host: str) -> None:
    resolver = Scripted([PUBLIC])
    assert refuses(Guard(resolver=resolver), f"http://{host}/")
    assert resolver.asked == []


# --- ports ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [80, 443, 1024, 8080, 65535])
def test_ordinary_port_is_open(port: int) -> None:
    assert not refuses(Guard(resolver=Scripted([PUBLIC])), f"http://name.example:{port}/")
    assert not refuses(Guard(), f"http://{PUBLIC}:{port}/")


@pytest.mark.parametrize("port", [1, 22, 25, 81, 1023, 6000, 6667, 10080])
def test_other_port_is_refused_without_a_look_up(port: int) -> None:
    resolver = Scripted([PUBLIC])
    assert refuses(Guard(resolver=resolver), f"http://name.example:{port}/")
    assert refuses(Guard(resolver=resolver), f"http://{PUBLIC}:{port}/")
    assert resolver.asked == []


def test_ports_are_the_operators_choice() -> None:
    guard = Guard(ports=["8443"], resolver=Scripted([PUBLIC]))
    assert not refuses(guard, "https://name.example:8443/")
    assert refuses(guard, "https://name.example/")


# --- rules ------------------------------------------------------------------------------------------------------------

RULED = [  # allow, block, what the name means, the URL, whether it is admitted
    (["inner.example"], [], ["10.0.0.5"], "http://inner.example/", True),
    (["inner.example"], [], ["10.0.0.5"], "http://other.example/", False),
    (["*.inner.example"], [], ["10.0.0.5"], "http://a.inner.example/", True),
    (["*.inner.example"], [], ["10.0.0.5"], "http://inner.example/", False),
    (["inner.example:8080"], [], ["10.0.0.5"], "http://inner.example:8080/", True),
    (["inner.example:8080"], [], ["10.0.0.5"], "http://inner.example/", False),
    (["inner.example"], [], ["::ffff:10.0.0.5"], "http://inner.example/", True),
    (["10.0.0.0/8"], [], ["10.0.0.5"], "http://inner.example/", True),
    (["10.0.0.0/8"], [], ["10.0.0.5", "192.168.0.1"], "http://inner.example/", False),
    (["10.0.0.0/8"], [], [], "http://10.0.0.5/", True),
    (["10.0.0.0/8"], [], [], "http://[::ffff:10.0.0.5]/", False),
    (["10.0.0.0/8", "::ffff:0:0/96"], [], [], "http://[::ffff:10.0.0.5]/", True),
    (["::ffff:0:0/96"], [], [], "http://[::ffff:10.0.0.5]/", False),
    (["64:ff9b::/96"], [], [], "http://[64:ff9b::8.8.8.8]/", True),
    (["64:ff9b::/96"], [], [], "http://[64:ff9b::127.0.0.1]/", False),
    (["10.0.0.5"], [], [], "http://10.0.0.6/", False),
    (["10.0.0.0/8:8080"], [], [], "http://10.0.0.5:8080/", True),
    (["10.0.0.0/8:8080"], [], [], "http://10.0.0.5/", False),
    (["10.0.0.0/8"], [], [], "http://10.0.0.5:22/", False),
    (["10.0.0.0/8:22"], [], [], "http://10.0.0.5:22/", True),
    (["10.0.0.0/8:22"], [], ["10.0.0.5"], "http://inner.example:22/", True),
    (["10.0.0.0/8:22"], [], [PUBLIC], "http://inner.example:22/", False),
    (["inner.example:22"], [], [PUBLIC], "http://inner.example:22/", True),
    (["inner.example"], [], [PUBLIC], "http://inner.example:22/", False),
    (["redis"], [], ["10.0.0.5"], "http://redis/", True),
    (["redis:6379"], [], ["10.0.0.5"], "http://redis/", False),
    (["10.0.0.0/8"], [], ["10.0.0.5"], "http://redis/", True),
    (["10.0.0.0/8"], [], [PUBLIC], "http://redis/", False),
    (["127.0.0.0/8"], [], ["127.0.0.1"], "http://localhost/", True),
    (["localhost"], [], ["127.0.0.1", "::1"], "http://localhost/", True),
    (EVERYTHING, [], ["127.0.0.1"], "http://inner.example/", True),
    ([], ["name.example"], [PUBLIC], "http://name.example/", False),
    ([], ["name.example"], [PUBLIC], "http://www.name.example/", True),
    ([], ["*.name.example"], [PUBLIC], "http://www.name.example/", False),
    ([], ["name.example:443"], [PUBLIC], "http://name.example/", True),
    ([], ["name.example:443"], [PUBLIC], "https://name.example/", False),
    ([], ["93.184.0.0/16"], [PUBLIC], "http://name.example/", False),
    ([], ["93.184.0.0/16"], ["1.1.1.1", PUBLIC], "http://name.example/", False),
    ([], ["93.184.0.0/16:443"], [], f"http://{PUBLIC}/", True),
    ([], ["93.184.0.0/16:443"], [], f"https://{PUBLIC}/", False),
    ([], EVERYTHING, [PUBLIC], "http://name.example/", False),
    (["name.example"], ["name.example"], [PUBLIC], "http://name.example/", False),
    (["*.name.example"], ["bad.name.example"], [PUBLIC], "http://bad.name.example/", False),
    (["inner.example"], ["10.0.0.0/8"], ["10.0.0.5"], "http://inner.example/", False),
    (["10.0.0.0/8"], ["10.0.0.5"], [], "http://10.0.0.5/", False),
    (["10.0.0.0/8"], ["10.0.0.5"], [], "http://10.0.0.6/", True),
    (EVERYTHING, ["10.0.0.0/8"], [], "http://[::ffff:10.0.0.5]/", False),
    (EVERYTHING, ["10.0.0.0/8"], [], "http://[2002:a00:5::]/", False),
]  # fmt: skip


@pytest.mark.parametrize(("allow", "block", "answers", "url", "is_admitted"), RULED)
def test_rules_decide(
    allow: Sequence[str], block: Sequence[str], answers: Sequence[str], url: str, is_admitted: bool
) -> None:
    guard = Guard(allow=allow, block=block, resolver=Scripted(answers))
    assert refuses(guard, url) is not is_admitted


def test_blocked_name_is_not_looked_up() -> None:
    resolver = Scripted([PUBLIC])
    assert refuses(Guard(block=["name.example"], resolver=resolver), "http://name.example/")
    assert resolver.asked == []


def test_local_name_that_does_not_exist_looks_like_one_that_is_refused() -> None:
    assert refuses(Guard(allow=["10.0.0.0/8"], resolver=Scripted()), "http://redis/")


def test_allowed_local_name_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(HostNotFound):
        admit(Guard(allow=["redis"], resolver=Scripted()), "http://redis/")


@pytest.mark.parametrize("settings", [{"allow": ["10.0.0.1/8"]}, {"block": ["*"]}, {"ports": ["0"]}])
def test_bad_setting_is_no_guard(settings: dict[str, Sequence[str]]) -> None:
    with pytest.raises(ValueError, match="egress"):
        Guard(
            allow=settings.get("allow", ()),
            block=settings.get("block", ()),
            ports=settings.get("ports", DEFAULT_PORTS),
        )


# --- the service itself -----------------------------------------------------------------------------------------------

OWN = [  # where the service listens, the host asked for, whether that is the service
    (("127.0.0.1", 8080), "127.0.0.1", True),
    (("127.0.0.1", 8080), "[::ffff:127.0.0.1]", True),
    (("127.0.0.1", 8080), "0", True),
    (("127.0.0.1", 8080), "[::]", True),
    (("127.0.0.1", 8080), "127.0.0.2", False),
    (("127.0.0.1", 8081), "127.0.0.1", False),
    (("::1", 8080), "[::1]", True),
    (("0.0.0.0", 8080), "127.0.0.1", True),
    (("0.0.0.0", 8080), "127.9.9.9", True),
    (("::", 8080), "127.0.0.1", True),
    (("::", 8080), "[::1]", True),
    (("0.0.0.0", 8080), "198.51.100.7", False),
    (("localhost", 8080), "127.0.0.1", True),
    (("localhost", 8080), "198.51.100.7", False),
    (("", 8080), "127.0.0.1", True),
]  # fmt: skip


@pytest.mark.parametrize(("listening", "host", "is_service"), OWN)
def test_own_address_is_refused_whatever_the_rules_say(
    listening: Endpoint, host: str, is_service: bool
) -> None:
    guard = Guard(allow=EVERYTHING, own=lambda: [listening])
    assert refuses(guard, f"http://{host}:8080/") is is_service


def test_own_address_under_a_name_is_refused() -> None:
    guard = Guard(allow=["me.example"], resolver=Scripted(["127.0.0.1"]), own=lambda: [("127.0.0.1", 8080)])
    assert refuses(guard, "http://me.example:8080/")


def test_own_address_of_this_machine_on_its_network() -> None:
    """Found out without sending anything: an address that can be bound is the machine's."""
    address = parse_address("127.0.0.53")
    assert address is not None
    assert is_own(address, 80, [("0.0.0.0", 80)])


def test_own_addresses_are_asked_for_each_time() -> None:
    own: list[Endpoint] = []
    guard = Guard(allow=EVERYTHING, own=lambda: own)
    assert not refuses(guard, "http://127.0.0.1:8080/")
    own.append(("127.0.0.1", 8080))
    assert refuses(guard, "http://127.0.0.1:8080/")


# --- what it says -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "port"), [("10.1.2.3", 80), (PUBLIC, 25), ("::1", 80), ("::ffff:10.1.2.3", 443)]
)
def test_refusals_are_all_alike(answer: str, port: int) -> None:
    """Neither the reason nor the address that was resolved."""
    with pytest.raises(DestinationForbidden) as caught:
        admit(Guard(resolver=Scripted([answer])), f"http://name.example:{port}/")
    assert caught.value.as_dict() == DestinationForbidden().as_dict()
    assert caught.value.__cause__ is None


def test_judge_refuses_an_address_at_the_last_moment() -> None:
    guard = Guard()
    guard.judge("name.example", PUBLIC, 80)
    for address, port in ((PUBLIC, 25), ("127.0.0.1", 80), ("name.example", 80), ("::1%lo", 80)):
        with pytest.raises(DestinationForbidden):
            guard.judge("name.example", address, port)


def test_guard_asks_the_system_by_default() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        target = admit(Guard(allow=["localhost"]), f"http://localhost:{port}/")
    assert "127.0.0.1" in target.addresses
