"""The foreman: a trusted child that keeps fenced workers ready, each forked ahead of its first order.

A worker sees sources of one party alone: after its first order it stays for a moment, warm, for orders with the same
`party`, and is ended rather than given another's. So a source that takes a worker over reaches its own kind at most.
"""

import gc
import os
import select
import shutil
import signal
import socket
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from entrepot.errors import AppError, JobCrashed, JobTimeout
from entrepot.processes.channel import BrokenMessage, Channel, LineBuffer, decode_message, encode_message
from entrepot.processes.descendants import end_strays
from entrepot.processes.fence import Fence
from entrepot.processes.fenced_child import MAX_RESULT_BYTES, run_and_exit
from entrepot.telemetry import get_logger

Message = dict[str, Any]
Work = Callable[[Message, int, int], Message]
"""What a worker does with an order: the payload, a descriptor to read the source from, one to write the result to."""

MAX_ORDER_BYTES = 128 * 1024
_READ_BYTES = 65536
_PRINTED_BYTES = 8192
_TICK_MILLISECONDS = 200
_PAUSE_SECONDS = 1.0
_LAST_SECONDS = 0.1
_WARM_SECONDS = 5.0
_MAX_ORDERS = 64
_HARD_WORK_SECONDS = 2.0  # whoever took longer may have grown large
_log = get_logger("entrepot.processes")


@dataclass(frozen=True, slots=True)
class Trade:
    """One kind of worker: the fence around it, made for its scratch folder, and how many stand ready.

    Those do a `rehearsal` while nobody waits: what they share with their parent until they write to it is then theirs.
    """

    fence: Callable[[Path], Fence]
    ready: int = 0
    rehearsal: Callable[[], object] = lambda: None


@dataclass(slots=True)
class _Worker:
    pid: int
    trade: str
    messages: socket.socket
    prints: int
    scratch: Path
    lines: LineBuffer = field(default_factory=lambda: LineBuffer(MAX_RESULT_BYTES))
    printed: bytearray = field(default_factory=bytearray)
    party: str | None = None
    order_id: int | None = None
    deadline: float = float("inf")
    orders: int = 0
    began_at: float = 0.0
    idle_since: float = 0.0

    def keep_print(self) -> bool:
        """Takes in what was printed and keeps the tail; False: there was nothing."""
        try:
            data = os.read(self.prints, _READ_BYTES)
        except BlockingIOError:
            return False
        self.printed += data
        del self.printed[:-_PRINTED_BYTES]
        return bool(data)


class Foreman:
    """Takes orders from a channel, hands each to a worker, and sends its answer back with the order's id.

    An order is `{"id", "trade", "party", "payload", "source", "target", "timeout_seconds"}`, `{"cancel": id}` or `{"leave": true}`; an answer is
    `{"id", "result"}` or `{"id", "error"}`. Only the foreman opens the files: a worker gets descriptors, and may look at
    nothing else. The files must be the service's own. Run it in a process of its own, with one thread.
    """

    def __init__(self, channel: Channel, folder: Path, trades: Mapping[str, Trade], work: Work) -> None:
        """`folder` holds the workers' scratch folders."""
        self._channel = channel
        self._folder = folder
        self._trades = trades
        self._work = work
        self._workers: dict[int, _Worker] = {}  # by the descriptor of their messages
        self._printers: dict[int, _Worker] = {}  # by the descriptor of their output
        self._hire_at = 0.0
        self._poll = select.poll()

    def run(self) -> None:
        """Works until the other side of the channel is gone."""
        self._poll.register(self._channel.fileno(), select.POLLIN)
        self._take_orders()  # some may have come with what the channel has taken in already
        try:
            while self._work_once():
                pass
        finally:
            for worker in list(self._workers.values()):
                self._dismiss(worker)

    def _work_once(self) -> bool:
        missing = self._missing()
        # A moment without orders is the one to fork in.
        ready = [descriptor for descriptor, _ in self._poll.poll(0 if missing else _TICK_MILLISECONDS)]
        is_open = self._channel.fileno() not in ready or self._channel.read()
        is_open = self._take_orders() and is_open
        for descriptor in ready:
            if descriptor in self._printers:
                self._printers[descriptor].keep_print()
            elif descriptor in self._workers:
                self._hear(self._workers[descriptor])
        self._end_late()
        if missing and not ready:
            self._hire_ahead(missing)
        return is_open

    # --- orders -------------------------------------------------------------------------------------------------------

    def _take_orders(self) -> bool:
        """Does what has been asked for; False: to leave."""
        while (order := self._channel.next_message()) is not None:
            if order.get("leave"):
                return False
            if (canceled := order.get("cancel")) is not None:
                self._cancel(canceled)
            else:
                self._hand_out(order)
        return True

    def _cancel(self, order_id: int) -> None:
        for worker in list(self._workers.values()):
            if worker.order_id == order_id:
                self._dismiss(worker)

    def _hand_out(self, order: Message) -> None:
        try:
            self._instruct(self._worker_for(order["trade"], order["party"]), order)
        except OSError as error:
            self._answer(order["id"], {"error": JobCrashed(f"The work could not begin: {error}").as_dict()})

    def _instruct(self, worker: _Worker, order: Message) -> None:
        source = os.open(order["source"], os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            target = os.open(order["target"], flags, 0o600)
            try:
                line = encode_message(order["payload"], MAX_ORDER_BYTES)
                worker.order_id, worker.party = order["id"], order["party"]
                worker.orders += 1
                worker.began_at = time.monotonic()
                worker.deadline = worker.began_at + order["timeout_seconds"]
                socket.send_fds(worker.messages, [line], [source, target])
            finally:
                os.close(target)
        finally:
            os.close(source)

    def _answer(self, order_id: int, answer: Message) -> None:
        with suppress(ConnectionError):  # the loop sees by itself that nobody listens any more
            self._channel.send({"id": order_id, **answer})

    # --- workers ------------------------------------------------------------------------------------------------------

    def _missing(self) -> str | None:
        """A trade of which fewer workers stand ready than should; while there is work, one does, so as not to disturb it."""
        if time.monotonic() < self._hire_at:
            return None
        is_busy = any(worker.order_id is not None for worker in self._workers.values())
        for name, trade in self._trades.items():
            standing = sum(worker.trade == name and worker.party is None for worker in self._workers.values())
            if standing < (min(1, trade.ready) if is_busy else trade.ready):
                return name
        return None

    def _hire_ahead(self, trade: str) -> None:
        try:
            self._hire(trade, self._trades[trade].rehearsal)
        except OSError as error:  # no memory or no processes just now: an order would be told so
            _log.warning("no worker could be started ahead", reason=str(error))
            self._hire_at = time.monotonic() + _PAUSE_SECONDS

    def _worker_for(self, trade: str, party: str) -> _Worker:
        """One that knows the party, else one that knows nobody. Raises OSError when none can be had."""
        idle = [one for one in self._workers.values() if one.trade == trade and one.order_id is None]
        for wanted in (party, None):
            for worker in idle:
                if worker.party == wanted:
                    return worker
        return self._hire(trade)

    def _hire(self, trade: str, rehearsal: Callable[[], object] = lambda: None) -> _Worker:
        """Forks a worker, fenced before it sees its order. Raises OSError."""
        scratch = Path(tempfile.mkdtemp(dir=self._folder))
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        foreman = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                fence = self._trades[trade].fence(scratch)
                work = self._work
                run_and_exit(
                    fence,
                    lambda say: _serve(theirs, rehearsal, work, say),
                    parent=foreman,
                    messages=theirs,
                    prints=write_end,
                )
        except OSError:
            ours.close()
            os.close(read_end)
            raise
        finally:
            theirs.close()
            os.close(write_end)
        os.set_blocking(read_end, False)
        worker = self._workers[ours.fileno()] = _Worker(pid, trade, ours, read_end, scratch)
        self._printers[read_end] = worker
        for descriptor in (ours.fileno(), read_end):
            self._poll.register(descriptor, select.POLLIN)
        return worker

    def _hear(self, worker: _Worker) -> None:
        """Passes a worker's answer on; one that ends without has crashed."""
        try:
            data = worker.messages.recv(_READ_BYTES)
            worker.lines.feed(data)
            line = worker.lines.next_line()
            envelope = {} if line is None else decode_message(line)
        except (ConnectionError, BrokenMessage):
            data, envelope = b"", {}
        if envelope or not data:
            answer = envelope.get("message") or envelope or {"error": _obituary(worker).as_dict()}
            self._finish(worker, answer, is_well="message" in envelope)

    def _finish(self, worker: _Worker, answer: Message, *, is_well: bool) -> None:
        now = time.monotonic()
        if worker.order_id is not None:
            self._answer(worker.order_id, answer)
        elif not is_well:  # it did not even come to its first order, and the next may not either
            self._hire_at = now + _PAUSE_SECONDS
        worker.order_id, worker.deadline, worker.idle_since = None, float("inf"), now
        if not is_well or worker.orders >= _MAX_ORDERS or now - worker.began_at > _HARD_WORK_SECONDS:
            self._dismiss(worker)

    def _end_late(self) -> None:
        """Ends workers that are out of time, and those that wait for their party in vain."""
        now = time.monotonic()
        for worker in list(self._workers.values()):
            if worker.order_id is not None and worker.deadline <= now:
                late = JobTimeout("The work took longer than allowed")
                self._finish(worker, {"error": late.as_dict()}, is_well=False)
            elif worker.order_id is None and worker.party and now - worker.idle_since > _WARM_SECONDS:
                self._dismiss(worker)

    def _dismiss(self, worker: _Worker) -> None:
        """Kills and reaps a worker and all that it has started, and removes its folder."""
        self._poll.unregister(worker.messages.fileno())
        self._poll.unregister(worker.prints)
        del self._workers[worker.messages.fileno()], self._printers[worker.prints]
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        os.waitpid(worker.pid, 0)
        end_strays({other.pid for other in self._workers.values()})
        while worker.keep_print():
            pass
        if worker.printed:
            _log.debug("a worker printed", text=worker.printed.decode("utf-8", "replace"))
        worker.messages.close()
        os.close(worker.prints)
        shutil.rmtree(worker.scratch, ignore_errors=True)


def _obituary(worker: _Worker) -> AppError:
    """Why a worker is silent. It is unreaped; its streams close a moment before it is over."""
    deadline = time.monotonic() + _LAST_SECONDS
    while (ended := os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is None:
        if time.monotonic() > deadline:
            break
        time.sleep(0.001)
    if ended is None or ended.si_code == os.CLD_EXITED:
        return JobCrashed("The work's process ended without a result")
    if ended.si_status == signal.SIGXCPU:
        return JobTimeout("The work used more processor time than allowed")
    return JobCrashed(f"The work's process was ended by {signal.Signals(ended.si_status).name}")


def _serve(
    messages: socket.socket, rehearsal: Callable[[], object], work: Work, say: Callable[[Message], None]
) -> Message:
    """A worker's life: orders, each with its two descriptors, one after the other."""
    try:
        rehearsal()
    except Exception:  # no order has failed: the first one will show whether any can be carried out
        traceback.print_exc()
    while True:
        line, descriptors, _, _ = socket.recv_fds(messages, MAX_ORDER_BYTES, 2)
        while line and not line.endswith(b"\n"):
            line += messages.recv(MAX_ORDER_BYTES)
        if not line:
            return {}
        try:
            answer = {"result": work(decode_message(line), *descriptors)}
        except AppError as error:
            answer = {"error": error.as_dict()}
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        say(answer)
        gc.collect()  # between two orders, when nobody waits
