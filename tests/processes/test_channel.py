"""Messages over a socket: whole, in order, bounded, and never believed."""

import socket
import threading
from collections.abc import Iterator

import pytest

from entrepot.processes.channel import (
    BrokenMessage,
    Channel,
    LineBuffer,
    decode_message,
    encode_message,
)


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    """A channel that takes lines of up to 1000 bytes, and the other end of its socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours, 1000), theirs


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_lines_come_out_whole_however_they_were_cut(step: int) -> None:
    lines, stream, found = LineBuffer(), b"one\ntwo\n\nthree\nrest", []
    for start in range(0, len(stream), step):
        lines.feed(stream[start : start + step])
        while (line := lines.next_line()) is not None:
            found.append(line)
    assert found == [b"one", b"two", b"", b"three"]


@pytest.mark.parametrize("stream", [b"x" * 11, b"x" * 11 + b"\n"])
def test_a_line_over_the_limit_is_refused_whether_it_has_ended_or_not(stream: bytes) -> None:
    lines = LineBuffer(10)
    lines.feed(stream)
    with pytest.raises(BrokenMessage):
        lines.next_line()


def test_a_line_of_just_the_limit_is_taken() -> None:
    lines = LineBuffer(10)
    lines.feed(b"x" * 10 + b"\n")
    assert lines.next_line() == b"x" * 10


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'"text"', b"1", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenMessage):
        decode_message(line)


def test_a_message_of_any_text_is_one_line() -> None:
    message = {"text": "a\nb\u2028\u20ac\ud800", "list": [1, None, {"x": True}]}
    line = encode_message(message)
    assert (line.count(b"\n"), line[-1:], decode_message(line)) == (1, b"\n", message)


def test_a_message_too_long_is_not_sent_and_harms_nothing(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    with pytest.raises(BrokenMessage):
        channel.send({"text": "x" * 1000})
    channel.send({"text": "short"})
    assert Channel(other).receive() == {"text": "short"}


def test_messages_arrive_in_order_and_then_the_end(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.sendall(b'{"n":1}\n{"n":2}\n{"n":')
    other.shutdown(socket.SHUT_WR)
    assert [channel.receive(), channel.receive()] == [{"n": 1}, {"n": 2}]
    assert channel.receive() is None  # half a message is none


def test_an_endless_line_is_refused_before_it_ends(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.sendall(b"x" * 1001)
    with pytest.raises(BrokenMessage):
        channel.receive()


def test_a_reset_counts_as_the_end(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    channel.send({"unread": True})
    other.close()  # with something unread in it, which resets
    assert channel.receive() is None


def test_sending_to_one_who_is_gone_is_an_error(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.close()
    with pytest.raises(OSError, match=r"[Pp]ipe"):
        channel.send({})


def test_threads_do_not_mix_their_messages(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair

    def talk(speaker: int) -> None:
        for number in range(200):
            channel.send({"speaker": speaker, "number": number, "padding": "x" * 500})

    threads = [threading.Thread(target=talk, args=(speaker,)) for speaker in range(4)]
    for thread in threads:
        thread.start()
    heard: dict[int, list[int]] = {speaker: [] for speaker in range(4)}
    listener = Channel(other)
    for _ in range(800):
        message = listener.receive()
        assert message is not None
        heard[message["speaker"]].append(message["number"])
    for thread in threads:
        thread.join()
    assert all(numbers == list(range(200)) for numbers in heard.values())
