"""What the disk refuses, as errors of ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from entrepot.errors import OutOfOrder, StorageFull

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_out_of_room(error: OSError) -> bool:
    """Whether a write failed because a disk, a quota or a file is full."""
    return error.errno in _NO_ROOM


def disk_error(error: OSError) -> OutOfOrder:
    """The error that stands for the disk's: StorageFull where it is full, else OutOfOrder."""
    if is_out_of_room(error):
        return StorageFull("There is no room left on the disk.")
    return OutOfOrder("The disk cannot be used.")


@contextmanager
def translated_disk_errors() -> Iterator[None]:
    """Raises for the disk's errors what `disk_error` makes of them."""
    try:
        yield
    except OSError as error:
        raise disk_error(error) from error
