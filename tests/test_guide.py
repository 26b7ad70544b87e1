"""The guide tells the truth."""

from pathlib import Path

from entrepot.config import Settings

GUIDE = Path(__file__).parent.parent / "docs" / "guide" / "settings.md"


def test_every_setting_stands_in_the_guide_with_its_default() -> None:
    text = GUIDE.read_text()
    for name, field in Settings.model_fields.items():
        line = next((line for line in text.splitlines() if f"`ENTREPOT_{name.upper()}`" in line), "")
        assert line, f"ENTREPOT_{name.upper()} is missing"
        assert field.description, name
        assert field.description in line
