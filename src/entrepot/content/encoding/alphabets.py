"""Letters and little words of languages that were long written in encodings of their own, to tell these apart by."""

from typing import NamedTuple


class Language(NamedTuple):
    """`letters` beyond ASCII in about the order of their frequency; `words` that nearly every text has."""

    codecs: tuple[str, ...]
    letters: str
    words: frozenset[str]


def _of(codecs: str, letters: str, words: str) -> Language:
    return Language(tuple(codecs.split()), letters, frozenset(words.split()))


_WEST = "cp1252 iso8859-15 mac-roman"
_CENTRAL = "cp1250 iso8859-2"
_CYRILLIC = "cp1251 koi8-r iso8859-5 cp866 mac-cyrillic"

LANGUAGES = (
    _of(_WEST, "éàèêçîùôâûœïë", "le la les de des et est un une dans pour que qui sur par pas du au avec il"),
    _of(_WEST, "üäößé", "der die das und ist in den von zu mit nicht ein eine auf für im dem des sich als"),
    _of(_WEST, "óáíéñúü¿¡", "el la los las de y que en un una es por con no para del se su al"),
    _of(_WEST, "ãçáéêõóàíâúô", "o a os as de que e em um uma do da para com não por no na se dos"),
    _of(_WEST, "èàòùéì", "il la i le di e che un una per non con del della è sono nel da"),
    _of(_WEST, "öäåé", "och att det som en på är av för den till inte med har de om ett jag"),
    _of(_WEST, "åøæéòó", "og i det som en på er av for den til ikke med har de at et jeg der"),
    _of(_WEST, "äöåšž", "ja on ei se että oli hän mutta joka kun ovat myös niin kuin ole sen"),
    _of(_WEST, "ðáíéóúýþæö", "og að í á er til við sem var ekki en það um af hann"),
    _of(_WEST, "éëïèóöü", "de het een van en in is dat op te zijn met voor niet aan er om ook"),
    _of("cp1250 iso8859-2 iso8859-16", "ąęłóśżćńźş", "i w na z się nie do to że jest o jak po za od co dla ale przez"),
    _of(_CENTRAL, "áíéěřčšžýůúňťďó", "a v se na je že o s z do to i k pro ve jako by jsou za"),
    _of(_CENTRAL, "áéíčšžľťúýôňäóĺŕď", "a v sa na je že o s z do to i k pre vo ako by sú za od"),
    _of(_CENTRAL, "éáőöóüíúű", "a az és hogy nem is egy van volt ez de meg csak mint el ki már"),
    _of("iso8859-16 cp1250 iso8859-2", "ăîâșțşţ", "și şi de la în a cu o nu pe un din care este că se mai pentru"),
    _of(_CENTRAL, "čžšćđ", "i u je se na da za su od a ne koji s to kao in po ni so ki"),
    _of("cp1254 iso8859-9", "ıüşöçğİâ", "ve bir bu da de için ile çok daha olarak olan gibi ne o ama en"),
    _of("cp1257 iso8859-13", "ėšžūįųąčę", "ir į kad su iš yra tai kaip o ne už buvo per jo bet taip"),
    _of("cp1257 iso8859-13", "āīēšņļķģūžč", "un ir ar no uz ka par bija kas lai tas arī bet pie vai gan"),
    _of("cp1257 iso8859-13 cp1252", "äõüöšž", "ja on ei et see oli ka kui mis ning ta aga või siis oma"),
    _of(_CYRILLIC, "оеаитнсрвлкмдпуяызьбгчйхжшюцщэфъё", "и в не на что с по как это а из за к у от был для все то"),
    _of("cp1251 koi8-u iso8859-5", "оаніивртеслкудмпзяьбгйчхцжїшюєщфґ", "і в не на що з та до у як за це по від а для про є"),
    _of("cp1251 iso8859-5", "аоиетнврсдклмпзъубягчйжщхцшюфь", "и на в да се не от за с е по че са като до из при"),
    _of("cp1251 iso8859-5", "аоиенрстјкдувмлпзбгчшцжхљњћђф", "и у је се на да за су од а не који са то као"),
    _of("iso8859-7 cp1253", "αοιετνσηρπκμλςυάίόθγέδωήύχφβξώζψ",
        "και το να του η της με που την από για είναι τα ο στο οι σε ότι"),
    _of("cp1255 iso8859-8", "יוהלאמרבתשנקדעחםפגןסזטכצךףץ", "של את לא על הוא זה עם כי גם היא אבל כל או אני"),
    _of("cp1256 iso8859-6", "الينمرتوبهعدسفكقحجةشصىطخأزضذغئءثؤظإآ", "في من على أن إلى التي عن مع هذا كان لا ما"),
    _of("cp1256", "اینردمهوتسبشکزلگخفپقعجحچطصذضغثظژآئ", "و در به از که این را با است برای آن یک"),
    _of("cp874", "านรอกเงมยลวดทส่ตะ้ปบคหแจพชขใไโผิีึืุูั็ำ์ณถฟซธศษญฐภๆ", "และ ที่ ของ ใน เป็น ได้ มี"),
    _of("cp1258", "àáâăđêôơưéèíìóòúùýũõãñ", "và là của có cho không các một được trong với"),
)  # fmt: skip

COMMON_HAN = frozenset(
    "的一是不了在人有我他这这個个上们們来來到时時大地为為子中你说說生国國年着就那和要她出也得里后後自以会會家可下而过過天去能对對小多然于心学學么之都好看起"
    "发發当當没成只如事把还還用第样樣道想作种種开開美总從从无無情己面最女但现現前些所同日手又行意动動方期它头經经长長儿回位分爱愛老因很给給名法间間斯知世什"
    "二两次使身者被高已亲其进此话常与活正感見见明问力理尔点文几定本公特做外孩相西果走将月十实向声车車全信重三机机機工物气氣每并真打太新比才便夫再书部"
    "水像眼等体體却加电主界门利海受听聽表德少克代员許先口由死安写性马光白或住难難望教命花結结乐色更拉东東神記记处讓让母父應应直字場平報友關关放至張认"
    "接告入笑內英軍軍候民歲往何度山覺路帶萬男邊風解叫任金快原吃媽變通師立象數四失滿戰遠格士音輕目條呢港船"
)

COMMON_HANGUL = frozenset(
    "이다의는에을를고하가은로도한지서사기리나자대인일부어정아시수그들해과있었습니까요만것보으전주여러라게면상제성국공동안위장조원없우했된할수있때"
)
