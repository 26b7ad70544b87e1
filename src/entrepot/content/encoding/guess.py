"""Which encoding undeclared bytes are in: by structure where it proves it, by how sensible the text is otherwise."""

import codecs
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from entrepot.content.encoding.alphabets import COMMON_HAN, COMMON_HANGUL, LANGUAGES, Language

_SAMPLE_BYTES = 16 * 1024
_MIN_UTF16_BYTES = 8
_ESCAPES = ((b"\x1b$B", "iso2022_jp"), (b"\x1b$@", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"), (b"~{", "hz"))
_WIDE = ("euc_jp", "cp932", "gb18030", "big5hkscs", "cp949")
_SINGLE = tuple(dict.fromkeys(codec for language in LANGUAGES for codec in language.codecs))
_ORDER = (*_WIDE, *_SINGLE)
_PRIOR = {"cp1252": 0.03, "cp1251": 0.004, "cp1250": 0.01, "gb18030": 0.02, "cp932": 0.01}
_HINT = 0.02
_CLEARLY = 0.1
"""What a score gains where an encoding is common, or another detector names it; by how much one is clearly better."""

_JUDGED_BYTES = 2000
_LEAST_BYTES = 3
_MARKS = frozenset("«»“”„‘’‚–—…\u00a0•©®™°№·€£§")
_WORD = re.compile(r"[^\W\d_]+")
_TAGS = re.compile(
    rb"<(?:script|style)\b.*?</(?:script|style)\s*>|<[^<>]*>|&[#\w]+;", re.DOTALL | re.IGNORECASE
)


_SIGNS = frozenset("¤¦§¨©ª¬¯°±²³´µ¶·¸¹º¼½¾×÷¡¿¢£¥‚„…†‡ˆ‰‹›•™˜")
_SOUP = re.compile(r"[^\s\x00-\x40\x5b-\x60\x7b-\x7f«»“”‘’–—]+")
_WEDGED = re.compile("[A-Za-z][\u3040-\u9fff\uac00-\ud7a3\uff61-\uff9f]{1,2}[A-Za-z]")
"""A character of East Asia within a word of Latin letters: a sign that it is none."""


def is_utf8(body: bytes) -> bool:
    """Whether the bytes are UTF-8, but for a last character that may have been cut."""
    try:
        codecs.utf_8_decode(body, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def unmarked_utf16(body: bytes) -> str | None:
    """The variant of UTF-16 that the bytes are in without a mark: one half of the pairs is zero mostly, the other never."""
    sample = body[: _SAMPLE_BYTES - _SAMPLE_BYTES % 2]
    if len(sample) < _MIN_UTF16_BYTES or b"\x00" not in sample:
        return None
    even, odd = sample[0::2], sample[1::2]
    zero_even, zero_odd = even.count(0) / len(even), odd.count(0) / max(1, len(odd))
    if zero_odd > 0.03 and zero_even < zero_odd / 20:
        codec = "utf-16-le"
    elif zero_even > 0.03 and zero_odd < zero_even / 20:
        codec = "utf-16-be"
    else:
        return None
    text = codecs.getincrementaldecoder(codec)("replace").decode(sample)
    return codec if _share(text, _is_unwritten) < 0.02 else None


def escaped_encoding(body: bytes) -> str | None:
    """The encoding of seven bits whose escapes the bytes hold (ISO/IEC 2022, RFC 1843)."""
    if not body.isascii():
        return None
    return next((codec for mark, codec in _ESCAPES if mark in body), None)


def guess_encoding(body: bytes) -> str:
    """The likeliest encoding of bytes that are no UTF-8, by letters and little words; "cp1252" where nothing tells."""
    sample = _Sample(body)
    if sum(byte > 0x7F for byte in sample.words) < _LEAST_BYTES:
        return "cp1252"
    scores = {codec: sample.wide_score(codec) for codec in _WIDE} | {
        codec: sample.single_score(codec) for codec in _SINGLE
    }
    hint = map_encoding_to_html5(detect_encoding(sample.words) or "", False) or ""
    return max(scores, key=lambda codec: (
        round(scores[codec] + _PRIOR.get(codec, 0.0) + _HINT * (codec == hint), 4), -_ORDER.index(codec)))  # fmt: skip


def is_likelier(body: bytes, codec: str, other: str) -> bool:
    """Whether text in one encoding of single bytes makes clearly better sense than in another."""
    sample = _Sample(body)
    return codec in _SINGLE and sample.single_score(codec) > sample.single_score(other) + _CLEARLY


def is_wedged(text: str) -> bool:
    """Whether characters of East Asia stand within words of Latin letters, where none belong."""
    return _WEDGED.search(text) is not None


def oddity(body: bytes, codec: str) -> float:
    """How little sense the bytes make in an encoding: 0 for words of a language, 1 for none; 0 where all is ASCII."""
    sample = _TAGS.sub(b" ", body[: 4 * _SAMPLE_BYTES])[:_SAMPLE_BYTES]
    if sample.isascii() and not codec.startswith("utf-16"):
        return 0.0
    text = _text(sample, codec)
    beyond = [char for char in text if char > "\x7f"]
    if not beyond:
        return 0.0
    wrong = sum(_is_unwritten(char) for char in beyond)
    return min(1.0, wrong / len(beyond) + _soup(text, len(beyond)))


def _text(sample: bytes, codec: str) -> str:
    return codecs.getincrementaldecoder(codec)("replace").decode(sample)


def _is_unwritten(char: str) -> bool:
    """Whether no text has this character: controls, what is unassigned, private or stands for a fault."""
    return char == "\ufffd" or (
        unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") and char not in "\t\n\r\f\x1a"
    )


def _share(text: str, is_so: Callable[[str], bool]) -> float:
    return sum(map(is_so, text)) / max(1, len(text))


def _soup(text: str, beyond: int) -> float:
    """The share of characters beyond ASCII in words that no language writes: of such Latin letters alone, or with signs in them."""
    bad = 0
    for word in _SOUP.findall(text):
        odd = [char for char in word if char > "\x7f"]
        latin = sum("\u00c0" <= char <= "\u024f" for char in odd)
        signs = sum(char in _SIGNS or "\u2500" <= char <= "\u259f" for char in odd)
        cases = sum(one.islower() and two.isupper() for one, two in itertools.pairwise(odd))
        if (
            (latin >= 3 and latin >= 0.6 * len(word))
            or (signs and len(word) > signs)
            or (len(odd) >= 3 and cases >= 0.3 * len(odd))
        ):
            bad += len(odd)
    return bad / max(1, beyond)


class _Sample:
    """What is judged of a text: its different words beyond ASCII, and all its words in ASCII."""

    def __init__(self, body: bytes) -> None:
        plain = _TAGS.sub(b" ", body[: 4 * _SAMPLE_BYTES])[:_SAMPLE_BYTES]
        found = [word for word in plain.split() if not word.isascii()]
        self.words = b" ".join(found)[:_JUDGED_BYTES]
        self._plain = [word.lower() for word in _WORD.findall(plain.decode("ascii", "replace"))]

    def wide_score(self, codec: str) -> float:
        """How much like Chinese, Japanese or Korean the text is: kana, hangul, common characters, no faults."""
        text = _text(self.words, codec)
        beyond = [char for char in text if char > "\x7f"]
        if len(beyond) < 2 or _share("".join(beyond), _is_unwritten) > 0.02 or _WEDGED.search(text):
            return 0.0
        kana, hangul, han = (
            sum(first <= char <= last for char in beyond)
            for first, last in (("\u3040", "\u30ff"), ("\uac00", "\ud7a3"), ("\u4e00", "\u9fff"))
        )
        narrow = sum("\uff61" <= char <= "\uff9f" for char in beyond)
        common = sum(char in COMMON_HAN for char in beyond)
        marks = sum(char in "、。，．「」！？：；（）" for char in beyond)
        if codec in ("euc_jp", "cp932"):
            good = kana + (0.9 if kana > 0.1 * len(beyond) else 0.3) * han + marks - narrow
        elif codec == "cp949":
            usual = sum(char in COMMON_HANGUL for char in beyond)
            good = 0.4 * hangul + 1.2 * usual + marks - 0.3 * han
        else:
            good = 0.35 * han + 2.2 * common + marks - kana
        return max(0.0, min(1.2, good / len(beyond)))

    def single_score(self, codec: str) -> float:
        """How much like one of its languages the text is in an encoding with one byte a character."""
        text = _text(self.words, codec)
        beyond = [char for char in text if char > "\x7f" and char not in _MARKS]
        if not beyond:
            return 0.0 if any(map(_is_unwritten, text)) else 0.3
        faults = sum(map(_is_unwritten, beyond)) / len(beyond)
        words = [*self._plain, *(word.lower() for word in _WORD.findall(text) if not word.isascii())]
        counted, said = Counter(beyond), Counter(words)
        best = max(_fit(counted, said, language) for language in LANGUAGES if codec in language.codecs)
        return best - 2 * faults - 0.5 * _soup(text, len(beyond))


def _fit(beyond: Counter[str], words: Counter[str], language: Language) -> float:
    """Frequent letters count most, letters of no use in the language nothing; little words add up to less."""
    weights, total = _weights(language), beyond.total()
    letters = sum(
        weights.get(char.lower()[:1], 0.0) * (0.8 if char.isupper() else 1) * count
        for char, count in beyond.items()
    )
    capitals = sum(count for char, count in beyond.items() if char.isupper())
    wild = 0.3 * capitals / total if capitals > 0.5 * total else 0.0
    known = sum(words[word] for word in language.words) / max(1, words.total())
    return 0.6 * letters / total + min(0.4, 1.6 * known) - wild


@lru_cache(maxsize=64)
def _weights(language: Language) -> dict[str, float]:
    count = len(language.letters)
    return {char: 1.0 - 0.5 * at / count for at, char in enumerate(language.letters)}
