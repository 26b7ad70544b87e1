"""Rich Text Format (RTF 1.9.1): paragraphs, emphasis, lists, tables and links."""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice

from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.documents.assembly import assemble
from entrepot.content.documents.blocks import Cell, Flow, emphasised, escape, link, table
from entrepot.content.documents.rtf_tokens import Token, tokens
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken

_SKIPPED = frozenset({
    b"colortbl", b"stylesheet", b"listtable", b"listoverridetable", b"pict", b"object", b"header", b"headerl",
    b"headerr", b"headerf", b"footer", b"footerl", b"footerr", b"footerf", b"rsidtbl", b"generator", b"xmlnstbl",
    b"themedata", b"colorschememapping", b"latentstyles", b"datastore", b"filetbl", b"revtbl", b"nonshppict", b"annotation",
    b"datafield", b"bkmkstart", b"bkmkend", b"mmathPr", b"pgdsctbl", b"pntext", b"listtext", b"fontemb", b"operator",
})  # fmt: skip
"""Groups whose text no reader sees; of list items' signs only their being there is noted."""

_FACTS = frozenset({b"title", b"author", b"subject", b"doccomm"})
_SIGNS = {b"tab": " ", b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
          b"bullet": "•", b"emspace": " ", b"enspace": " ", b"line": "\n", b"~": "\u00a0", b"_": "\u2011"}  # fmt: skip
_CHARSETS = {0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5hkscs", 161: "cp1253",
             162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
             238: "cp1250"}  # fmt: skip
_MAX_DEPTH = 1000
_MAX_TOKENS = 500_000


@dataclass(frozen=True, slots=True)
class _State:
    """What holds within a group."""

    is_bold: bool = False
    is_italic: bool = False
    is_hidden: bool = False
    script: str = ""
    font: int = 0
    skip_chars: int = 1
    place: bytes = b""


_CHANGES: dict[bytes, Callable[[_State, int | None], _State]] = {
    b"b": lambda state, number: replace(state, is_bold=number != 0),
    b"i": lambda state, number: replace(state, is_italic=number != 0),
    b"v": lambda state, number: replace(state, is_hidden=number != 0),
    b"super": lambda state, _: replace(state, script="sup"),
    b"sub": lambda state, _: replace(state, script="sub"),
    b"nosupersub": lambda state, _: replace(state, script=""),
    b"uc": lambda state, number: replace(state, skip_chars=max(0, min(number or 0, 8))),
    b"f": lambda state, number: replace(state, font=number or 0),
    b"plain": lambda state, _: replace(state, is_bold=False, is_italic=False, is_hidden=False, script=""),
}
"""What control words change of the state, given their number."""


@dataclass(slots=True)
class _Reader:
    """Reads token after token; `place` in the state tells which destination text belongs to."""

    codec: str = "cp1252"
    state: _State = field(default_factory=_State)
    stack: list[_State] = field(default_factory=list)
    fonts: dict[int, str] = field(default_factory=dict)
    facts: dict[bytes, str] = field(default_factory=dict)
    flow: Flow = field(default_factory=Flow)
    pieces: list[str] = field(default_factory=list)
    pending: bytearray = field(default_factory=bytearray)
    row: list[Cell] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    links: list[tuple[int, int, str]] = field(default_factory=list)
    surrogate: int = 0
    to_skip: int = 0
    is_in_table: bool = False
    is_item: bool = False
    level: int = 0
    outline: int | None = None
    starred: bool = False

    def take(self, token: Token) -> None:
        if token.kind != "byte":
            self._flush()
        match token.kind:
            case "open":
                self._open()
            case "close":
                self._close()
            case "word":
                self._word(token.data, token.number)
            case "sign":
                self._sign(token.data)
            case "byte":
                self._byte(int(token.data, 16))
            case _:
                self._text(token.data.decode(self._charset(), "replace"))

    def end(self) -> None:
        self._flush()
        self._end_paragraph()
        self._end_table()

    def _open(self) -> None:
        if len(self.stack) >= _MAX_DEPTH:
            raise DocumentBroken("The document nests too deeply.")
        self.stack.append(self.state)

    def _close(self) -> None:
        ended = self.state.place
        self.state = self.stack.pop() if self.stack else _State()
        if ended == b"fldrslt" and self.state.place != b"fldrslt" and self.links:
            _, start, address = self.links.pop()
            html = "".join(self.pieces[start:])
            self.pieces[start:] = [link(html, address)]
        self.starred = False

    def _sign(self, data: bytes) -> None:
        if data == b"*":
            self.starred = True
        elif data in b"\\{}":
            self._text(data.decode("ascii"))
        elif data in (b"\r", b"\n"):
            self._end_paragraph()
        elif data in _SIGNS:
            self._text(_SIGNS[data])

    def _word(self, word: bytes, number: int | None) -> None:
        if self.starred and word not in (b"fldinst", b"shppict"):
            self.state = replace(self.state, place=b"skipped")
        elif word in _SKIPPED:
            self.is_item = self.is_item or word in (b"pntext", b"listtext")
            self.state = replace(self.state, place=b"skipped")
        elif word in _FACTS and self.state.place == b"info":
            self.state = replace(self.state, place=word)
        elif word in (b"info", b"fonttbl", b"fldinst", b"fldrslt"):
            self.state = replace(self.state, place=word)
            if word == b"fldrslt" and self.links and self.links[-1][1] < 0:
                depth, _, address = self.links[-1]
                self.links[-1] = depth, len(self.pieces), address
        elif self.state.place in (b"", b"fldrslt", b"fonttbl", *_FACTS):
            self._control(word, number)
        self.starred = False

    def _control(self, word: bytes, number: int | None) -> None:
        if word in _CHANGES:
            self.state = _CHANGES[word](self.state, number)
        elif word in _SIGNS:
            self._text(_SIGNS[word])
        elif word == b"u":
            self._unicode((number or 0) & 0xFFFF)
        elif word == b"ansicpg":
            self.codec = _known(f"cp{number}") or self.codec
        elif word == b"mac":
            self.codec = "mac-roman"
        elif word == b"fcharset" and number in _CHARSETS:
            self.fonts[self.state.font] = _CHARSETS[number]
        elif self.state.place in (b"", b"fldrslt"):
            self._layout(word, number)

    def _layout(self, word: bytes, number: int | None) -> None:
        if word in (b"par", b"sect"):
            self._end_paragraph()
        elif word == b"pard":
            self.is_in_table, self.is_item, self.level, self.outline = False, False, 0, None
        elif word == b"intbl":
            self.is_in_table = True
        elif word in (b"cell", b"nestcell"):
            self.row.append(Cell("".join(self.pieces).strip()))
            self.pieces.clear()
        elif word == b"row":
            self.rows.append(self.row)
            self.row, self.is_in_table = [], False
        elif word == b"outlinelevel":
            self.outline = number
        elif word == b"ilvl":
            self.level = max(0, min(number or 0, 8))
        elif word == b"ls":
            self.is_item = self.is_item or bool(number)

    def _end_paragraph(self) -> None:
        html = "".join(self.pieces).strip()
        if self.is_in_table:
            if html:
                self.pieces.append("<br>")
            return
        self.pieces.clear()
        self._end_table()
        if not html:
            return
        if self.outline is not None and 0 <= self.outline < 6:
            self.flow.add(f"<h{self.outline + 1}>{html}</h{self.outline + 1}>")
        elif self.is_item:
            self.flow.item(html, self.level)
        else:
            self.flow.add(f"<p>{html}</p>")

    def _end_table(self) -> None:
        if self.rows:
            self.flow.add(table(row for row in self.rows if row))
            self.rows = []

    def _unicode(self, unit: int) -> None:
        """A UTF-16 unit; the characters that stand in for it, for older readers, are skipped."""
        if 0xD800 <= unit < 0xDC00:
            self.surrogate = unit
        elif 0xDC00 <= unit < 0xE000:
            if self.surrogate:
                self._text(chr(0x10000 + ((self.surrogate - 0xD800) << 10) + (unit - 0xDC00)))
            self.surrogate = 0
        else:
            self._text(chr(unit))
        self.to_skip = self.state.skip_chars

    def _byte(self, value: int) -> None:
        if self.to_skip:
            self.to_skip -= 1
        else:
            self.pending.append(value)

    def _flush(self) -> None:
        if self.pending:
            said = self.pending.decode(self._charset(), "replace")
            self.pending.clear()
            self._text(said)

    def _charset(self) -> str:
        return self.fonts.get(self.state.font, self.codec) if self.state.place != b"info" else self.codec

    def _text(self, text: str) -> None:
        skipped = min(self.to_skip, len(text))
        self.to_skip -= skipped
        text = text[skipped:]
        place = self.state.place
        if place in _FACTS:
            self.facts[place] = self.facts.get(place, "") + text
        elif place == b"fldinst":
            self._instruction(text)
        elif place in (b"", b"fldrslt") and not self.state.is_hidden:
            tags = [
                tag for tag, is_on in (("strong", self.state.is_bold), ("em", self.state.is_italic)) if is_on
            ]
            html = escape(text).replace("\n", "<br>")
            self.pieces.append(emphasised(html, *tags, *([self.state.script] if self.state.script else [])))

    def _instruction(self, text: str) -> None:
        words = text.split()
        if words and words[0].upper() == "HYPERLINK" and len(words) > 1 and not words[1].startswith("\\"):
            self.links.append((len(self.stack), -1, words[1].strip('"')))


def read(page: Page, options: ContentOptions) -> Document:
    """The document's text in order. Raises DocumentBroken for what is no RTF, NoContent."""
    if not page.body.lstrip()[:5].startswith(b"{\\rtf"):
        raise DocumentBroken("The file is no RTF document.")
    reader, found = _Reader(), tokens(page.body)
    for token in islice(found, _MAX_TOKENS):
        reader.take(token)
    reader.end()
    is_cut = next(found, None) is not None
    facts = {name: " ".join(said.split()) or None for name, said in reader.facts.items()}
    metadata = Metadata(
        title=facts.get(b"title"),
        description=facts.get(b"subject") or facts.get(b"doccomm"),
        author=facts.get(b"author"),
    )
    notice = Notice(
        "truncated", f"The document is long; what follows its first {_MAX_TOKENS} words of RTF is left out."
    )
    return assemble(reader.flow.html(), metadata, page.final_url, options, (notice,) if is_cut else ())


def _known(codec: str) -> str | None:
    try:
        return codecs.lookup(codec).name
    except LookupError:
        return None
