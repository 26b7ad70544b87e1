"""Writes the API's description to `web/openapi.json`, from which the page's client gets its types."""

import json
from pathlib import Path

from entrepot.api.app import create_app
from entrepot.config import Settings

PLACE = Path(__file__).parent.parent / "web" / "openapi.json"


def openapi_text() -> str:
    """The document as the application gives it, laid out for reading and comparing."""
    document = create_app(Settings(), listening_on=("127.0.0.1", 0)).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PLACE.write_text(openapi_text())
