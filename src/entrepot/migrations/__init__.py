"""The database's schema as a row of Alembic revisions, applied when the service starts."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from entrepot.errors import DatabaseUnavailable


def upgrade(engine: Engine) -> None:
    """Brings the database behind `engine` to the newest revision; does nothing when it is there already.

    Raises DatabaseUnavailable for what is not a database, cannot be opened, or is newer than this version.
    """
    try:
        _upgrade(engine)
    except DBAPIError as error:
        raise DatabaseUnavailable(f"The database cannot be used: {error.orig}.") from error
    except CommandError as error:
        raise DatabaseUnavailable(f"The database is not one of this version: {error}.") from error


def _upgrade(engine: Engine) -> None:
    with engine.connect() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def configuration() -> Config:
    """Alembic's configuration for this folder, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
