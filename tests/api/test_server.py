"""Where the server listens, and what it says of that."""

import socket

import pytest

from entrepot.api.server import _listen, _page_url
from entrepot.errors import CannotListen


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("localhost", "http://localhost:8080"),
        ("::1", "http://[::1]:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
    ],
)
def test_page_has_an_address_that_a_browser_can_open(host: str, url: str) -> None:
    assert _page_url(host, 8080) == url


def test_listener_is_not_inherited_by_children() -> None:
    with _listen("127.0.0.1", 0) as listener:
        assert not listener.get_inheritable()
        with socket.create_connection(listener.getsockname(), 5):
            pass


@pytest.mark.parametrize("host", ["192.0.2.1", "name.invalid"])
def test_address_that_is_not_ours_is_named(host: str) -> None:
    with pytest.raises(CannotListen, match=host):
        _listen(host, 0)


def test_port_in_use_is_named() -> None:
    with _listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port}: Address already in use"):
            _listen("127.0.0.1", port)
