"""Bytes without a declaration are recognised by structure, letters and little words."""

import pytest

from entrepot.content.encoding.charset import decode, guessed, is_utf16
from entrepot.content.encoding.guess import guess_encoding, oddity, unmarked_utf16

SAMPLES = {
    "french": ("La météo prévoit une journée très agréable pour la région, où les élèves fêtent déjà la fin de l'année.", "cp1252 iso8859-15"),
    "german": ("Die Bürger wählten gestern früh ihren neuen Bürgermeister, und viele Wähler mussten draußen warten.", "cp1252 iso8859-15"),
    "spanish": ("Mañana lloverá en la montaña, según dijo el señor García, y los niños se quedarán en casa por la tarde.", "cp1252"),
    "portuguese": ("A educação não é só uma obrigação: é também a decisão que as famílias tomam pelas crianças de amanhã.", "cp1252"),
    "swedish": ("Vädret blir fint på lördag, säger man på ön, och barnen får åka båt över viken för att träffa sina vänner.", "cp1252"),
    "danish": ("Vejret bliver smukt på søndag, siger man på øen, og børnene må gerne sejle over åen for at besøge nogen.", "cp1252"),
    "polish": ("Wczoraj późnym wieczorem spłonął stary młyn nad rzeką, a mieszkańcy wsi próbowali go jeszcze uratować.", "cp1250 iso8859-2"),
    "czech": ("Včera večer shořel starý mlýn u řeky a obyvatelé vesnice se ho ještě snažili zachránit před úplným zničením.", "cp1250 iso8859-2"),
    "hungarian": ("Tegnap este leégett a régi malom a folyó mellett, és a falu lakói még megpróbálták megmenteni őt a tűztől.", "cp1250 iso8859-2"),
    "turkish": ("Dün akşam nehir kenarındaki eski değirmen yandı ve köylüler onu kurtarmak için çok uğraştı ama başaramadı.", "cp1254 iso8859-9"),
    "lithuanian": ("Vakar vakare sudegė senas malūnas prie upės, ir kaimo gyventojai dar bandė jį išgelbėti nuo ugnies.", "cp1257 iso8859-13"),
    "russian": ("Вчера вечером сгорела старая мельница у реки, и жители деревни ещё пытались её спасти, но не успели.",
                "cp1251 koi8-r iso8859-5 cp866 mac-cyrillic"),
    "ukrainian": ("Учора ввечері згорів старий млин біля річки, і жителі села ще намагалися його врятувати, але не встигли.", "cp1251 koi8-u"),
    "bulgarian": ("Снощи изгоря старата воденица край реката и жителите на селото се опитаха да я спасят, но не успяха.", "cp1251"),
    "greek": ("Χθες το βράδυ κάηκε ο παλιός μύλος δίπλα στο ποτάμι και οι κάτοικοι του χωριού προσπάθησαν να τον σώσουν.", "iso8859-7 cp1253"),
    "hebrew": ("אתמול בערב נשרפה הטחנה הישנה ליד הנהר, ותושבי הכפר עוד ניסו להציל אותה אבל לא הצליחו.", "cp1255 iso8859-8"),
    "arabic": ("احترقت الطاحونة القديمة قرب النهر مساء أمس، وحاول سكان القرية إنقاذها من النار لكنهم لم ينجحوا في ذلك.", "cp1256 iso8859-6"),
    "thai": ("เมื่อวานตอนเย็นโรงสีเก่าริมแม่น้ำถูกไฟไหม้ และชาวบ้านพยายามช่วยกันดับไฟแต่ไม่สำเร็จ", "cp874"),
    "japanese": ("昨日の夜、川のそばの古い水車小屋が燃えました。村の人たちは助けようとしましたが、間に合いませんでした。",
                 "cp932 euc_jp iso2022_jp"),
    "simplified chinese": ("昨天晚上河边的老磨坊烧毁了，村里的人都想去救火，但是已经来不及了，大家都很难过。", "gb18030"),
    "traditional chinese": ("昨天晚上河邊的老磨坊燒毀了，村裡的人都想去救火，但是已經來不及了，大家都很難過。", "big5hkscs"),
    "korean": ("어제 저녁 강가에 있는 오래된 방앗간이 불에 타 버렸고 마을 사람들이 구하려고 했지만 늦고 말았다.", "cp949"),
    "wide latin": ("Plain words in two bytes each, und Grüße dazu.", "utf-16-le utf-16-be"),
    "wide russian": ("Старая мельница у реки сгорела вчера вечером.", "utf-16-le utf-16-be"),
}  # fmt: skip
CASES = [(name, codec) for name, (_, codecs) in SAMPLES.items() for codec in codecs.split()]
LABELS = {"cp932": "shift_jis", "cp949": "euc-kr", "big5hkscs": "big5", "euc_jp": "euc-jp", "iso2022_jp": "iso-2022-jp",
          "cp874": "windows-874", "cp866": "ibm866", "mac-cyrillic": "x-mac-cyrillic"}  # fmt: skip


def sample(name: str, codec: str) -> tuple[bytes, str]:
    """The sample in an encoding, and what of it the encoding can say."""
    body = SAMPLES[name][0].encode(codec, "ignore")
    return body, body.decode(codec)


def label_of(codec: str) -> str:
    return LABELS.get(codec, codec.replace("iso8859", "iso-8859").replace("cp12", "windows-12"))


@pytest.mark.parametrize(("name", "codec"), CASES)
def test_undeclared_text_is_recognised(name: str, codec: str) -> None:
    body, text = sample(name, codec)
    assert decode(body) == text


@pytest.mark.parametrize(("name", "codec"), CASES)
def test_markup_around_the_words_does_no_harm(name: str, codec: str) -> None:
    text = f"<div class='story'><p>{sample(name, codec)[1]}</p><script>var x = 1;</script></div>"
    assert decode(text.encode(codec, "ignore")) == text.encode(codec, "ignore").decode(codec)


@pytest.mark.parametrize(("name", "codec"), CASES)
def test_truthful_declaration_is_believed(name: str, codec: str) -> None:
    body, text = sample(name, codec)
    declared = f"text/html; charset={label_of(codec)}"
    assert guessed(body, declared) is None
    assert decode(body, declared) == text


@pytest.mark.parametrize("lie", ["utf-8", "iso-8859-1"])
@pytest.mark.parametrize(("name", "codec"), [case for case in CASES if not case[1].startswith("utf")])
def test_default_that_cannot_be_is_overruled(name: str, codec: str, lie: str) -> None:
    body, text = sample(name, codec)
    assert decode(body, f"text/html; charset={lie}") == text


@pytest.mark.parametrize(
    "lie", ["iso-8859-1", "windows-1251", "windows-1250", "gb2312", "big5", "euc-kr", "koi8-r"]
)
@pytest.mark.parametrize("name", ["french", "polish", "russian", "greek", "japanese", "korean"])
def test_utf8_under_another_name_is_read(name: str, lie: str) -> None:
    text = SAMPLES[name][0]
    assert decode(text.encode(), f"text/html; charset={lie}") == text
    assert guessed(text.encode(), f"text/html; charset={lie}") == "utf-8"


def test_meta_of_the_page_is_tried_before_a_guess() -> None:
    body = f'<meta charset="windows-1251"><p>{SAMPLES["bulgarian"][0]}</p>'.encode("cp1251")
    assert guessed(body, "text/html; charset=utf-8") == "cp1251"


def test_lying_meta_is_overruled() -> None:
    text = f'<meta charset="utf-8"><p>{SAMPLES["russian"][0]}</p>'
    assert decode(text.encode("koi8-r"), "text/html") == text


def test_few_wrong_bytes_do_not_overrule_a_declaration() -> None:
    text = SAMPLES["russian"][0] * 5
    body = text.encode() + b" \xff \xfe"
    assert decode(body, "text/html; charset=utf-8") == f"{text} \ufffd \ufffd"
    assert guessed(body, "text/html; charset=utf-8") is None


@pytest.mark.parametrize(
    "body", [b"plain ascii", b"", b"\x00", b"\x00\x01\x02\x03" * 9, bytes(range(256)), b"GIF89a\x00\x01\x00"]
)
def test_other_bytes_are_no_utf16(body: bytes) -> None:
    assert unmarked_utf16(body) is None
    assert not is_utf16(body)


def test_bytes_that_say_nothing_are_western() -> None:
    assert guess_encoding(b"plain \x80") == "cp1252"


def test_words_are_less_odd_in_their_own_encoding() -> None:
    body = SAMPLES["russian"][0].encode("cp1251")
    assert oddity(body, "cp1251") < 0.05 < oddity(body, "cp1252")


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "body",
    [b"\xe9" * 3_000_000, b"<" * 500_000 + b"\xe9", b"\xe9 " * 1_000_000, bytes(range(128, 256)) * 9000],
)
def test_no_bytes_hold_the_guess_up(body: bytes) -> None:
    assert guess_encoding(body)
