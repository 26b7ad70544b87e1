"""The guard that the settings describe; the service, its children and the command line each build the same one."""

from collections.abc import Sequence

from entrepot.config import Settings
from entrepot.errors import BadSetting
from entrepot.fetch.guard import Guard


def build_guard(settings: Settings, own: Sequence[tuple[str, int]]) -> Guard:
    """`own` are the addresses where the service listens: always refused. Raises BadSetting that names a bad rule."""
    endpoints = tuple(own)
    try:
        return Guard(
            allow=settings.egress_allow,
            block=settings.egress_block,
            ports=settings.egress_ports,
            own=lambda: endpoints,
        )
    except ValueError as error:
        raise BadSetting(f"ENTREPOT_EGRESS_…: {error}.") from error
