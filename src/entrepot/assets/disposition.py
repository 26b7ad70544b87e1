"""Content-Disposition for a name (RFC 6266, RFC 8187)."""

import re
import unicodedata
from typing import Literal
from urllib.parse import quote

from entrepot.assets.names import clean_name

_NOT_PLAIN = re.compile(
    r"[^ !#$&'()+,\-.0-9;=@A-Z\[\]^_`a-z{}~]"
)  # what some browser reads its own way, % among it
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"  # RFC 8187 §3.2.1, beside letters and digits


def content_disposition(kind: Literal["attachment", "inline"], filename: str) -> str:
    """The field's value. `filename` may be anything; where ASCII cannot say it, `filename*` does (RFC 6266 §4.3)."""
    name = clean_name(filename)
    plain = _NOT_PLAIN.sub("_", clean_name(_unaccented(name)))  # again: "…" has come apart into three dots
    quoted = f'{kind}; filename="{plain}"'
    return (
        quoted if plain == name else f"{quoted}; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE_CHARACTERS)}"
    )


def _unaccented(name: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", name) if not unicodedata.combining(part))
