"""Whose job is next: start-time fair queueing over owners, within each priority.

Every job gets a start tag: the virtual time at its arrival, or the finish tag of its owner's previous job, whichever is
later; its finish tag lies one further. The queue runs by rising start tags, and the virtual time is the tag of the job
that was started last. So an owner's hundred jobs line up behind each other, and another's first job goes right behind
the one that runs now (Goyal, Vin, Cheng: Start-time Fair Queuing, SIGCOMM 1996).

There is one such line for each priority of each lane. The tables know it as a number, `line_of`.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, ScalarSelect, delete, insert, select, true, update

from entrepot.jobs.schema import is_in, jobs, queue_clocks, queue_owners
from entrepot.jobs.state import JobState
from entrepot.jobs.work import KINDS_IN_SERVICE, Kind, Lane, lane_of

_FIRST_LINE_IN_SERVICE = 100


def line_of(kind: Kind, priority: int) -> int:
    """The line that such a job waits in: its priority, or 100 more where it runs in the service itself."""
    return priority + (_FIRST_LINE_IN_SERVICE if lane_of(kind) is Lane.SERVICE else 0)


def is_of(lane: Lane | None) -> ColumnElement[bool]:
    """Whether a job runs in `lane`; None: in any."""
    if lane is None:
        return true()
    return (
        jobs.c.kind.in_(sorted(KINDS_IN_SERVICE))
        if lane is Lane.SERVICE
        else jobs.c.kind.not_in(sorted(KINDS_IN_SERVICE))
    )


def take_tag(connection: Connection, owner: str, priority: int) -> int:
    """The start tag of a job that `owner` submits now to the line `priority`."""
    clock = _virtual_time(connection, priority)
    mine = (queue_owners.c.priority == priority) & (queue_owners.c.owner == owner)
    finish_tag = connection.execute(select(queue_owners.c.finish_tag).where(mine)).scalar()
    start_tag = max(clock, finish_tag or 0)
    if finish_tag is None:
        row = {"priority": priority, "owner": owner, "finish_tag": start_tag + 1}
        connection.execute(insert(queue_owners).values(**row))
    else:
        connection.execute(update(queue_owners).where(mine).values(finish_tag=start_tag + 1))
    return start_tag


def _virtual_time(connection: Connection, priority: int) -> int:
    here = queue_clocks.c.priority == priority
    found = connection.execute(select(queue_clocks.c.virtual_time).where(here).with_for_update()).scalar()
    if found is None:
        connection.execute(insert(queue_clocks).values(priority=priority, virtual_time=0))
    return found or 0


def advance_clock(connection: Connection, priority: int, start_tag: int) -> None:
    """A job with this tag is started: virtual time never goes back."""
    is_behind = (queue_clocks.c.priority == priority) & (queue_clocks.c.virtual_time < start_tag)
    connection.execute(update(queue_clocks).where(is_behind).values(virtual_time=start_tag))


def forget_past_tags(connection: Connection) -> None:
    """Removes owners whose finish tag lies in the past: they would start at the clock anyway."""
    clock = select(queue_clocks.c.virtual_time).where(queue_clocks.c.priority == queue_owners.c.priority)
    connection.execute(delete(queue_owners).where(queue_owners.c.finish_tag <= clock.scalar_subquery()))


def next_runnable(now: datetime, lane: Lane | None = None) -> ScalarSelect[str]:
    """The id of the job that is to run next in `lane` (None: in any), for use inside the claiming statement."""
    query = (
        select(jobs.c.id)
        .where(is_in(JobState.QUEUED), jobs.c.run_at <= now, is_of(lane))
        .order_by(jobs.c.priority.desc(), jobs.c.start_tag, jobs.c.created_at, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return query.scalar_subquery()
