"""The extractors that there are, in the order in which they are asked."""

from collections.abc import Callable, Sequence

from entrepot.errors import MediaNotFound
from entrepot.media.contract import Equipment, Extractor
from entrepot.media.extractors.ytdlp import YtDlp

EXTRACTORS: tuple[Callable[[Equipment], Extractor], ...] = (YtDlp,)


def equip_extractors(equipment: Equipment) -> tuple[Extractor, ...]:
    """Every extractor, ready to work."""
    return tuple(make(equipment) for make in EXTRACTORS)


def extractor_for(url: str, extractors: Sequence[Extractor]) -> Extractor:
    """The extractor for `url`: one that knows its site, else the first that claims it. Raises MediaNotFound."""
    claiming = [extractor for extractor in extractors if extractor.claims(url)]
    if not claiming:
        raise MediaNotFound("No extractor can read media from this address.")
    return next((extractor for extractor in claiming if extractor.knows(url)), claiming[0])
