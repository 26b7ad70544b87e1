"""Writes the table of `docs/guide/settings.md` from the settings themselves."""

from pathlib import Path

from entrepot.config import Settings

GUIDE = Path(__file__).parent.parent / "docs" / "guide" / "settings.md"


def main() -> None:
    head = GUIDE.read_text().partition("| `ENTREPOT_")[0]
    rows = [
        f"| `ENTREPOT_{name.upper()}` | `{_written(field.default)}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    GUIDE.write_text(head + "\n".join(rows) + "\n")


def _written(value: object) -> str:
    if value is None or value in ("", ()):
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
