"""Names that authors give to a page's parts, and words of short lines, as tokens that a model has weights for."""

import re
from collections.abc import Mapping
from functools import lru_cache, reduce
from itertools import islice, pairwise
from operator import or_
from typing import Final, NamedTuple

_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]{2,}(?![a-z])")
_WORD = re.compile(r"[^\W_]+")
_MAX_NAME_CHARS: Final = 400
_SHORT: Final = 12
"""Words up to which each word of a line counts; of longer ones its beginning and end."""

_WHOLE: Final = 5
"""Words up to which a line as a whole is a token."""

_BEGINNING_CHARS: Final = 200
_ENDING_CHARS: Final = 60

GROUPS: Final[tuple[tuple[str, str], ...]] = (
    ("comment", r"comment|disqus|respond|discussion"),
    ("side", r"side|rail|widget|aside|secondary|complementary"),
    ("menu", r"nav|menu|breadcrumb|crumb|pager|paginat|pagination|tabs?$|toc|skip"),
    ("foot", r"foot|copyright|colophon|legal|disclaimer|contentinfo"),
    ("head", r"^header$|masthead|topbar|banner|logo|branding"),
    ("share", r"share|sharing|social|follow|twitter|facebook|whatsapp|print"),
    (
        "related",
        r"relat|recommend|similar|popular|trending|latest|more$|also|recent|suggest|upsell|crosssell|next|prev",
    ),
    (
        "promo",
        r"promo|^ads?$|advert|sponsor|outbrain|taboola|newsletter|subscri|signup|cta|popup|modal|overlay|consent|cookie|gdpr|paywall|alert|notice",
    ),
    ("meta", r"meta|byline|author|date|time|publish|tags?$|categor|info|bio|avatar|user|profile|views"),
    ("product", r"product|price|sku|cart|buy|stock|variant|swatch|shipping|quantity|offer"),
    ("review", r"review|rating|stars?$|feedback|testimonial"),
    ("spec", r"spec|attribute|feature|detail|description|desc$|ingredient|dimension"),
    ("post", r"post|reply|thread|message|topic|answer|question|forum|signature|quote"),
    ("card", r"card|tile|teaser|grid|item|carousel|slide|swiper|list|result|loop|collection"),
    ("title", r"title|heading|headline|^h\d$|subtitle"),
    ("body", r"content|body|article|entry|main|text|story|prose|richtext|rte|wysiwyg|markdown"),
    ("media", r"caption|figure|gallery|image|photo|video|media|credit"),
    ("form", r"form|input|search|login|select|filter|sort|button|btn|option"),
    ("code", r"code|highlight|snippet|syntax|console"),
    ("fold", r"accordion|collaps|faq|panel|toggle|expand|hidden|hide|invisible|sr$|offscreen"),
)
"""Groups of names by what they tend to say of a part; a model learns what each is worth."""

_GROUPS = tuple(re.compile(pattern) for _, pattern in GROUPS)
_ANY_GROUP = re.compile("|".join(pattern for _, pattern in GROUPS))


class Parts(NamedTuple):
    """What names are made of: `pieces`, lower-case words, each once; `groups` that these belong to, as bits."""

    pieces: tuple[str, ...]
    groups: int


@lru_cache(maxsize=20_000)
def parts_of(names: str) -> Parts:
    """The parts of classes, ids and the like, with blanks between them or not."""
    found = dict.fromkeys(map(str.lower, _PIECE.findall(names[:_MAX_NAME_CHARS])))
    pieces = tuple([piece for piece in found if 2 <= len(piece) <= 20])
    return Parts(pieces, reduce(or_, map(_piece_groups, pieces), 0))


@lru_cache(maxsize=20_000)
def _piece_groups(piece: str) -> int:
    if _ANY_GROUP.search(piece) is None:
        return 0
    return sum(1 << place for place, pattern in enumerate(_GROUPS) if pattern.search(piece))


def names_of(attributes: Mapping[str, str]) -> str:
    """What an element is called: its classes, id, role and property."""
    get = attributes.get
    return f"{get('class', '')} {get('id', '')} {get('role', '')} {get('itemprop', '')}".strip()


def name_tokens(tag: str, names: str) -> tuple[str, ...]:
    """Tokens of an element: its tag, and the words of what it is called."""
    return (f"<{tag}", *parts_of(names).pieces)


def line_tokens(lowered: str) -> list[str]:
    """Tokens of a line in small letters: words and pairs of words where it is short, else its first and last words.

    Numbers are all one, so that "12 comments" and "7 comments" are.
    """
    if len(lowered) > _BEGINNING_CHARS:
        first = islice(_WORD.finditer(lowered, 0, _BEGINNING_CHARS), 4)
        return _edges(_spelled([word.group() for word in first]), lowered)
    words = _spelled(_WORD.findall(lowered))
    if len(words) > _SHORT:
        return _edges(words[:4], lowered)
    tokens = [f"w {word}" for word in words]
    tokens += [f"b {one} {other}" for one, other in pairwise(words)]
    if len(words) <= _WHOLE:
        tokens.append("l " + " ".join(words))
    return tokens


def is_pair(token: str) -> bool:
    """Whether a token of a line is a pair of words."""
    return token.startswith("b ") and token.count(" ") == 2


def _edges(first: list[str], lowered: str) -> list[str]:
    """Tokens of a long line, of which `first` are the first words."""
    last = _spelled(_WORD.findall(lowered[-_ENDING_CHARS:])[-3:])
    return [f"s {word}" for word in first] + [f"t {word}" for word in last]


def _spelled(words: list[str]) -> list[str]:
    """The words, with "0" for each number."""
    return words if "".join(words).isalpha() else ["0" if word.isdigit() else word for word in words]
