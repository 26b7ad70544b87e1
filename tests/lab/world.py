"""The laboratory's Internet: public origins, a DNS server, and canaries at every other address and port that is tried."""

import asyncio
import socket
import struct
import threading
from collections.abc import Collection
from contextlib import suppress

from tests.lab.dns import DNSServer
from tests.lab.origin import SECRET, Answer, answer_request
from tests.lab.records import Records
from tests.lab.witness import DNS_PORT, NAMESERVER, Endpoint

ORIGIN_PORTS = (80, 8080)


class World:
    """Serves from a thread of its own, in a namespace that owns every address. Made once for a process."""

    def __init__(self, public_addresses: Collection[str], canary_ports: Collection[int]) -> None:
        self.records = Records({})
        self.requests: list[str] = []  # request heads that the public origins have seen
        self._origins = {(address, port) for address in public_addresses for port in ORIGIN_PORTS}
        self._ports = sorted({*ORIGIN_PORTS, *canary_ports})
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        threading.Thread(target=self._run, name="world", daemon=True).start()
        if not self._ready.wait(10):
            raise TimeoutError("the laboratory's servers did not start")

    @property
    def permitted(self) -> set[Endpoint]:
        """What may be called: the public origins, and the DNS server."""
        return {*self._origins, (NAMESERVER, DNS_PORT)}

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()

    async def _start(self) -> None:
        dns = DNSServer(lambda: self.records)
        await self._loop.create_datagram_endpoint(lambda: dns, local_addr=(NAMESERVER, DNS_PORT))
        await asyncio.start_server(dns.serve_stream, NAMESERVER, DNS_PORT)
        for port in self._ports:
            listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
            await asyncio.start_server(self._serve, sock=listener)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port, *_ = writer.get_extra_info("sockname")
        endpoint = (host.removeprefix("::ffff:"), port)
        try:
            async with asyncio.timeout(10):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                answer = self._answer(endpoint, head)
                writer.write(answer.as_bytes())
                await writer.drain()
            if answer.breaks_off:
                reset = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            with suppress(OSError):
                writer.close()

    def _answer(self, endpoint: Endpoint, head: str) -> Answer:
        if endpoint not in self._origins:
            return Answer(body=SECRET, content_type="text/plain")
        self.requests.append(head)
        return answer_request(head.split(" ")[1])
