"""The guide tells the truth."""

import re
from pathlib import Path

from entrepot.config import Settings

_ROOT = Path(__file__).parent.parent
GUIDE = _ROOT / "docs" / "guide" / "settings.md"


def test_every_setting_stands_in_the_guide_with_its_default() -> None:
    text = GUIDE.read_text()
    for name, field in Settings.model_fields.items():
        line = next((line for line in text.splitlines() if f"`ENTREPOT_{name.upper()}`" in line), "")
        assert line, f"ENTREPOT_{name.upper()} is missing"
        assert field.description, name
        assert field.description in line


def test_every_warning_stands_in_the_guide() -> None:
    sources = "".join(path.read_text() for path in (_ROOT / "src" / "entrepot").rglob("*.py"))
    codes = set(re.findall(r'(?:Notice\(\s*|_warnings\[|GUESSED = )"([a-z-]+)"', sources))
    assert len(codes) > 12
    text = (_ROOT / "docs" / "guide" / "content.md").read_text()
    assert not [code for code in codes if f"`{code}`" not in text]
