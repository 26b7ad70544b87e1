"""What stands between a reader and a page's content: scripts that must run first, an account, a payment."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.document import Notice
from entrepot.content.facts.structured import Node

_SHELL_WORDS: Final = 50
"""A page of fewer words that runs scripts is taken for a shell that they fill."""

_WALLED_WORDS: Final = 120
"""A page that asks for a password and says no more than this is taken for a login."""

_PREVIEW_WORDS: Final = 400
"""A text that is not free and has no more words than this is taken for its beginning."""

_PASSWORD = etree.XPath("boolean(//input[translate(@type, 'PASWORD', 'pasword')='password'])")
_FALSE: Final = frozenset({"false", "http://schema.org/false", "https://schema.org/false", "no", "0"})


@dataclass(frozen=True, slots=True)
class Signs:
    """Signs of a wall that a page gives before its scripts and forms are taken out."""

    runs_scripts: bool = False
    asks_password: bool = False
    is_paid: bool = False


def signs_of(tree: HtmlElement, nodes: Iterable[Node]) -> Signs:
    """The signs of a whole page; `nodes` are its JSON-LD."""
    return Signs(
        runs_scripts=any(_is_program(script) for script in tree.iter("script")),
        asks_password=bool(_PASSWORD(tree)),
        is_paid=any(_is_false(node.get("isAccessibleForFree")) for node in nodes),
    )


def notices_of(signs: Signs, words: int) -> tuple[Notice, ...]:
    """What a reader should know of a page whose content has so many words."""
    if (signs.asks_password and words < _WALLED_WORDS) or (signs.is_paid and words < _PREVIEW_WORDS):
        return (
            Notice(
                "login-wall", "The page shows all of its content only to those who have an account there."
            ),
        )
    if signs.runs_scripts and words < _SHELL_WORDS:
        return (Notice("needs-scripts", "The page has hardly any content before its scripts have run."),)
    return ()


def _is_program(script: HtmlElement) -> bool:
    kind = (script.get("type") or "").strip().lower()
    return kind in ("", "module", "text/babel") or "javascript" in kind or "ecmascript" in kind


def _is_false(value: object) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() in _FALSE)
