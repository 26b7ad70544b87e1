"""Bytes are read in the encoding that browsers would read them in."""

import codecs

import pytest

from entrepot.content.encoding.charset import decode

META = '<meta charset="{}"><p>{}</p>'
PRAGMA = '<meta http-equiv="Content-Type" content="text/html; charset={}"><p>{}</p>'
XML = '<?xml version="1.0" encoding="{}"?><p>{}</p>'
RUSSIAN = "Гавань получила второй кран, и очередь кораблей исчезла за одну весну."
JAPANESE = "港に二台目のクレーンが来て、船の行列はなくなりました。"
CHINESE = "港口有了第二台起重机,船只不再排队等候。"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
@pytest.mark.parametrize("declared", [None, "text/html", "text/html; charset=windows-1252"])
def test_byte_order_mark_goes_before_everything(mark: bytes, encoding: str, declared: str | None) -> None:
    assert decode(mark + "Grüße, 港".encode(encoding), declared) == "Grüße, 港"


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("utf-8", "utf-8", "Grüße 港"),
        ("UTF8", "utf-8", "Grüße 港"),
        ("windows-1252", "cp1252", "“Grüße” – €5"),
        ("iso-8859-1", "cp1252", "“Grüße” – €5"),
        ("latin1", "cp1252", "“Grüße” – €5"),
        ("us-ascii", "cp1252", "“Grüße”"),
        ("iso-8859-15", "iso8859-15", "€5 für Grüße"),
        ("windows-1251", "cp1251", RUSSIAN),
        ("koi8-r", "koi8-r", RUSSIAN),
        ("gb2312", "gb18030", CHINESE),
        ("gbk", "gb18030", CHINESE),
        ("gb18030", "gb18030", CHINESE),
        ("big5", "big5", "港口有了第二台起重機"),
        ("shift_jis", "cp932", JAPANESE + "①"),
        ("x-sjis", "cp932", JAPANESE),
        ("euc-jp", "euc_jp", JAPANESE),
        ("iso-2022-jp", "iso2022_jp", JAPANESE),
        ("euc-kr", "cp949", "항구에 두 번째 기중기가 왔다 똠"),
        ("windows-874", "cp874", "ท่าเรือ"),
        ("utf-16le", "utf-16-le", "Grüße 港"),
        ("utf-16be", "utf-16-be", "Grüße 港"),
        ("macintosh", "mac_roman", "Grüße"),
        ("windows-1255", "cp1255", "הנמל קיבל מנוף"),
        ("x-mac-cyrillic", "mac_cyrillic", "Гавань"),
        ("ibm866", "cp866", "Гавань"),
        ("koi8-u", "koi8_u", "Гавань і кран"),
        ("iso-8859-8-i", "iso8859-8", "הנמל"),
    ],
)
def test_header_names_the_encoding(label: str, encoding: str, text: str) -> None:
    assert decode(text.encode(encoding), f"text/html; charset={label}") == text


@pytest.mark.parametrize(
    "header",
    [
        'text/html; charset="shift_jis"',
        "text/html; charset='shift_jis'",
        "text/html;CHARSET=Shift_JIS",
        "text/html; q=1; charset = shift_jis ; x=y",
    ],
)
def test_header_is_read_in_all_its_spellings(header: str) -> None:
    assert decode(JAPANESE.encode("cp932"), header) == JAPANESE


@pytest.mark.parametrize("form", [META, PRAGMA, XML])
@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [("windows-1251", "cp1251", RUSSIAN), ("Shift_JIS", "cp932", JAPANESE), ("gb2312", "gb18030", CHINESE)],
)
def test_document_names_its_encoding(form: str, label: str, encoding: str, text: str) -> None:
    assert text in decode(form.format(label, text).encode(encoding), "text/html")


@pytest.mark.parametrize(
    "form", ["<meta charset={}><p>{}</p>", "<META  CHARSET = '{}' ><p>{}</p>", "<meta/charset={}><p>{}</p>"]
)
def test_meta_is_read_in_all_its_spellings(form: str) -> None:
    assert RUSSIAN in decode(form.format("windows-1251", RUSSIAN).encode("cp1251"))


def test_header_goes_before_the_document() -> None:
    body = META.format("windows-1251", "Grüße").encode()
    assert "Grüße" in decode(body, "text/html; charset=utf-8")


def test_unknown_label_in_the_header_leaves_the_word_to_the_document() -> None:
    body = META.format("windows-1251", RUSSIAN).encode("cp1251")
    assert RUSSIAN in decode(body, "text/html; charset=klingon")


def test_declaration_of_utf16_that_reads_as_ascii_means_utf8() -> None:
    assert "Grüße" in decode(META.format("utf-16", "Grüße").encode())


def test_commented_declaration_does_not_count() -> None:
    body = f'<!-- <meta charset="shift_jis"> --><meta charset="utf-8"><p>{RUSSIAN}</p>'.encode()
    assert RUSSIAN in decode(body)


def test_declaration_far_into_the_page_does_not_count() -> None:
    body = b" " * 5000 + META.format("shift_jis", RUSSIAN).encode()
    assert RUSSIAN in decode(body)


@pytest.mark.parametrize(
    ("encoding", "text"), [("utf-8", "Grüße 港"), ("cp1251", RUSSIAN * 4), ("cp932", JAPANESE * 4)]
)
def test_undeclared_text_is_recognised(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_wrong_bytes_become_replacement_characters() -> None:
    assert decode(b"caf\xe9 \xff", "text/plain; charset=utf-8") == "caf\ufffd \ufffd"


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00" * 100, bytes(range(256)) * 20]
)
@pytest.mark.parametrize("label", ["", "utf-8", "utf-16le", "shift_jis", "iso-2022-jp", "gb18030", "x-user-defined",
                                   "replacement", "hz-gb-2312", "utf-7", "base64", "rot13", "idna", "zip"])  # fmt: skip
def test_no_bytes_under_any_label_are_an_error(body: bytes, label: str) -> None:
    assert isinstance(decode(body, f"text/html; charset={label}"), str)
