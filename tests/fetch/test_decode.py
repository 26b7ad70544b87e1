"""Content codings undone: whatever the cuts, to the very end, in bounded steps, under a cap."""

import gzip
import tracemalloc
import zlib
from collections import deque
from collections.abc import Callable, Sequence

import brotli  # type: ignore[import-untyped]  # the package ships no types
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import ContentTooLarge, UpstreamBroken, UpstreamFailure
from entrepot.fetch.decode import STEP_BYTES, Decoder, decoder_for

MIB = 1024 * 1024
TEXT = b"".join(b"line %d of a text\n" % number for number in range(20_000))


def bare_deflate(data: bytes) -> bytes:
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezer.compress(data) + squeezer.flush()


def quick_brotli(data: bytes) -> bytes:
    coded: bytes = brotli.compress(data, quality=4)
    return coded


def checked_zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


Code = Callable[[bytes], bytes]
CODINGS: dict[str, tuple[str, Code]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare_deflate),
    "brotli": ("br", quick_brotli),
    "zstd": ("zstd", checked_zstd),
}
each_coding = pytest.mark.parametrize(("name", "code"), CODINGS.values(), ids=CODINGS.keys())


def decoder(*codings: str) -> Decoder:
    made = decoder_for(codings)
    assert made is not None
    return made


def decode(codings: Sequence[str], data: bytes, piece_bytes: int = MIB) -> bytes:
    undoing = decoder(*codings)
    pieces = [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]
    decoded = b"".join(step for piece in pieces for step in undoing.feed(piece))
    undoing.finish()
    return decoded


@each_coding
@pytest.mark.parametrize("body", [b"", b"a", TEXT], ids=["empty", "one byte", "text"])
def test_body_is_decoded(name: str, code: Code, body: bytes) -> None:
    assert decode([name], code(body)) == body


@each_coding
def test_cuts_do_not_matter(name: str, code: Code) -> None:
    assert decode([name], code(TEXT[:3000]), piece_bytes=1) == TEXT[:3000]


@given(
    st.binary(max_size=2000),
    st.sampled_from(sorted(CODINGS)),
    st.sampled_from(sorted(CODINGS)),
    st.integers(1, 50),
)
@settings(max_examples=60, deadline=None)
def test_two_codings_are_undone_in_reverse(body: bytes, inner: str, outer: str, piece_bytes: int) -> None:
    (first, code_first), (second, code_second) = CODINGS[inner], CODINGS[outer]
    assert decode([first, second], code_second(code_first(body)), piece_bytes) == body


@each_coding
@pytest.mark.parametrize("missing", [1, 4, 100])
def test_cut_body_is_broken(name: str, code: Code, missing: int) -> None:
    with pytest.raises(UpstreamBroken, match="cut off"):
        decode([name], code(TEXT)[:-missing])


@each_coding
def test_only_the_first_byte_is_a_cut_body(name: str, code: Code) -> None:
    with pytest.raises(UpstreamBroken, match="cut off"):
        decode([name], code(TEXT)[:1])


@each_coding
def test_damaged_body_is_broken(name: str, code: Code) -> None:
    data = bytearray(code(TEXT))
    data[len(data) // 2 : len(data) // 2 + 40] = b"\xff" * 40
    with pytest.raises(UpstreamBroken):
        decode([name], bytes(data))


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_body_that_is_not_coded_is_broken(name: str) -> None:
    with pytest.raises(UpstreamBroken):
        decode([name], b"<!doctype html><html><body>plain text</body></html>")


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_empty_body_bears_any_label(name: str) -> None:
    assert decode([name], b"") == b""


def test_gzip_of_several_members_is_one_body() -> None:
    assert decode(["gzip"], gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")) == b"one two"
    assert decode(["gzip"], gzip.compress(b"one ") + gzip.compress(b"two"), piece_bytes=1) == b"one two"


def test_second_member_that_is_cut_is_broken() -> None:
    with pytest.raises(UpstreamBroken):
        decode(["gzip"], gzip.compress(b"one ") + gzip.compress(b"two")[:-3])


@pytest.mark.parametrize(("name", "code"), [CODINGS[name] for name in ("gzip", "deflate", "bare deflate")])
@pytest.mark.parametrize("piece_bytes", [1, MIB])
def test_what_follows_the_end_is_dropped(name: str, code: Code, piece_bytes: int) -> None:
    assert decode([name], code(b"hello") + b"\0\0garbage" * 3, piece_bytes) == b"hello"


@pytest.mark.parametrize("piece_bytes", [1, MIB])
def test_zstd_of_several_frames_is_one_body(piece_bytes: int) -> None:
    frames = zstandard.compress(b"one ") + zstandard.compress(b"") + zstandard.compress(b"two")
    assert decode(["zstd"], frames, piece_bytes) == b"one two"


def test_zstd_that_wants_a_huge_window_is_broken() -> None:
    greedy = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27)
    ).compressobj()
    with pytest.raises(UpstreamBroken):
        decode(["zstd"], greedy.compress(TEXT) + greedy.flush())


@pytest.mark.parametrize("piece_bytes", [1, MIB])
def test_brotli_that_goes_on_after_its_end_is_broken(piece_bytes: int) -> None:
    with pytest.raises(UpstreamBroken):
        decode(["br"], quick_brotli(b"hello") + b"garbage", piece_bytes)


@each_coding
@pytest.mark.parametrize("size", [STEP_BYTES - 1, STEP_BYTES, STEP_BYTES + 1, 5 * STEP_BYTES])
def test_no_step_is_large(name: str, code: Code, size: int) -> None:
    undoing = decoder(name)
    steps = list(undoing.feed(code(bytes(size))))
    undoing.finish()
    assert sum(map(len, steps)) == size
    assert max(map(len, steps)) <= 2 * STEP_BYTES


def gzip_bomb(size: int) -> bytes:
    return gzip.compress(bytes(size), 9)


BOMBS = {
    "gzip": (["gzip"], lambda: gzip_bomb(64 * MIB)),
    "brotli": (["br"], lambda: quick_brotli(bytes(64 * MIB))),
    "gzip in gzip": (["gzip", "gzip"], lambda: gzip.compress(gzip_bomb(64 * MIB), 9)),
    "gzip in brotli": (["gzip", "br"], lambda: quick_brotli(gzip_bomb(64 * MIB))),
}


@pytest.mark.parametrize(("codings", "make"), BOMBS.values(), ids=BOMBS.keys())
def test_bomb_is_stopped_by_its_ratio_and_costs_little_memory(
    codings: list[str], make: Callable[[], bytes]
) -> None:
    bomb, undoing = make(), decoder(*codings)
    tracemalloc.start()
    try:
        with pytest.raises(ContentTooLarge):
            deque(undoing.feed(bomb), maxlen=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB


def test_page_that_packs_well_is_no_bomb() -> None:
    page = b"<tr><td>0</td></tr>\n" * 150_000
    assert decode(["br"], quick_brotli(page)) == page


@pytest.mark.parametrize("codings", [[], ["identity"], ["utf-8"], ["none"], ["aws-chunked"]])
def test_nothing_is_to_be_undone(codings: list[str]) -> None:
    assert decoder_for(codings) is None


def test_unknown_words_beside_a_coding_do_not_matter() -> None:
    assert decode(["utf-8", "gzip"], gzip.compress(b"hello")) == b"hello"


@pytest.mark.parametrize("codings", [["dcz"], ["compress"], ["gzip", "dcz"], ["exi"], ["gzip", "br", "gzip"]])
def test_coding_that_cannot_be_undone_is_refused(codings: list[str]) -> None:
    with pytest.raises(UpstreamFailure):
        decoder_for(codings)


@pytest.mark.parametrize(
    ("codings", "content_type", "is_archive"),
    [(["gzip"], "application/gzip", True), (["gzip"], "Application/X-GZip; a=b", True), (["x-gzip"], "application/gzip", True),
     (["gzip"], "text/html", False), (["gzip"], "", False), (["br"], "application/gzip", False),
     (["gzip", "gzip"], "application/gzip", False)],
)  # fmt: skip
def test_archive_with_a_label_too_many(codings: list[str], content_type: str, is_archive: bool) -> None:
    assert (decoder_for(codings, content_type) is None) is is_archive
