"""The guard as a forward proxy on loopback, for what we do not write ourselves: yt-dlp, ffmpeg, curl, the browser.

One request for each connection. CONNECT carries TLS only; http goes by absolute-form requests. Every destination is
admitted by the guard and connected to by the admitted address.
"""

import asyncio
import base64
import binascii
import secrets
import socket
from collections import OrderedDict
from contextlib import closing

from entrepot.errors import AppError, DestinationForbidden, OutOfOrder, Refused
from entrepot.fetch.exchange import answer, forward, receive_request, requested_url, tunnel
from entrepot.fetch.guard import Guard, Target, is_own
from entrepot.fetch.host import parse_address
from entrepot.fetch.proxy_message import RequestHead
from entrepot.fetch.relay import connect_to_one, reset_on_close

LOOPBACK = "127.0.0.1"
DEFAULT_USER = "entrepot"
MAX_USERS_REMEMBERED = 4096


class _CredentialsWrong(Exception):
    """The request does not carry the proxy's secret."""


class GuardProxy:
    """A forward proxy behind which nothing can be reached that `guard` does not admit.

    `refusals` counts forbidden destinations; `refused_by_user` counts them by the user name in the proxy's URL, for
    the last `MAX_USERS_REMEMBERED` names, so that a job that went by its own id can be told why it failed.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        max_connections: int = 256,
        connect_seconds: float = 10.0,
        head_seconds: float = 10.0,
        idle_seconds: float = 60.0,
    ) -> None:
        self._guard = guard
        self._max_connections = max_connections
        self._connect_seconds = connect_seconds
        self._head_seconds = head_seconds
        self._idle_seconds = idle_seconds
        self._secret = secrets.token_urlsafe(32)
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.port = 0
        self.refusals = 0
        self.refused_by_user: OrderedDict[str, int] = OrderedDict()

    @property
    def url(self) -> str:
        """The proxy's address with its secret, as `http_proxy` takes it."""
        return self.url_for(DEFAULT_USER)

    def url_for(self, user: str) -> str:
        """The same under a name of letters, digits, `-`, `.` and `_`, say a job's id, to count its refusals by."""
        return f"http://{user}:{self._secret}@{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Listens on a free port of loopback."""
        self._listener = socket.create_server((LOOPBACK, 0), backlog=self._max_connections)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def close(self) -> None:
        """Ends everything at once: the listener, all connections and their tasks."""
        tasks = [*self._serving, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener:
            self._listener.close()
        self._listener = self._accepting = None

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = await asyncio.get_running_loop().sock_accept(listener)
            except OSError:  # out of file descriptors, or a client that left the queue
                await asyncio.sleep(0.05)
                continue
            task = asyncio.create_task(
                self._serve(client, is_full=len(self._serving) >= self._max_connections)
            )
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, client: socket.socket, *, is_full: bool) -> None:
        with closing(client):
            try:
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if is_full:
                    raise OutOfOrder("The proxy has too many connections.")
                await self._exchange(client)
            except _CredentialsWrong:
                challenge = {"Proxy-Authenticate": 'Basic realm="entrepot"'}
                refusal = Refused("The proxy's credentials are missing or wrong.")
                await answer(client, refusal, status=407, fields=challenge)
            except AppError as error:
                await answer(client, error)
            except (OSError, EOFError):  # one side has gone, or was silent for too long
                reset_on_close(client)

    async def _exchange(self, client: socket.socket) -> None:
        async with asyncio.timeout(self._head_seconds):
            head, rest = await receive_request(client)
        target = await self._admit(head, self._authenticate(head))
        with closing(
            await connect_to_one(target.addresses, target.url.port, self._connect_seconds)
        ) as origin:
            try:
                if head.method == "CONNECT":
                    await tunnel(client, origin, rest=rest, idle_seconds=self._idle_seconds)
                else:
                    await forward(
                        client, origin, head, target.url, rest=rest, idle_seconds=self._idle_seconds
                    )
            except (OSError, EOFError):
                reset_on_close(origin)
                raise

    def _authenticate(self, head: RequestHead) -> str:
        """The user name that came with the secret. Raises _CredentialsWrong."""
        values = head.values("proxy-authorization")
        scheme, _, encoded = (values[0] if len(values) == 1 else "").partition(" ")
        try:
            user, _, secret = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        except binascii.Error as error:
            raise _CredentialsWrong from error
        if scheme.lower() != "basic" or not secrets.compare_digest(secret, self._secret.encode()):
            raise _CredentialsWrong
        return user.decode("ascii", "replace")[:128]

    async def _admit(self, head: RequestHead, user: str) -> Target:
        try:
            target = await self._guard.admit(requested_url(head))
            self._refuse_itself(target)
        except DestinationForbidden:
            self._count_refusal(user)
            raise
        return target

    def _refuse_itself(self, target: Target) -> None:
        """Even where rules allow loopback, the proxy is no destination."""
        for address in map(parse_address, target.addresses):
            if address is None or is_own(address, target.url.port, [(LOOPBACK, self.port)]):
                raise DestinationForbidden

    def _count_refusal(self, user: str) -> None:
        self.refusals += 1
        self.refused_by_user[user] = self.refused_by_user.pop(user, 0) + 1
        while len(self.refused_by_user) > MAX_USERS_REMEMBERED:
            self.refused_by_user.popitem(last=False)
