"""What hostile work can still do: each rule of the fence, tried from behind it."""

import os
import resource
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import ContentTooLarge, JobCrashed, JobTimeout
from entrepot.processes.fence import Fence, landlock_abi, scrubbed_environment, seccomp_available
from entrepot.processes.fork import call_fenced
from tests.origin.children import run_in_child
from tests.processes import deeds
from tests.processes.deeds import behind

REFUSED = "PermissionError"
WITHOUT_LANDLOCK = landlock_abi() == 0


def refused_from(abi: int, otherwise: str = "done") -> str:
    """What a deed comes to that Landlock forbids from this version on."""
    return REFUSED if landlock_abi() >= abi else otherwise


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The writable folder, beside which lies a file that is none of the work's business."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("kept")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "own").write_text("own")
    return tmp_path / "job"


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    """Two ports of loopback on which somebody listens."""
    with ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in ("a", "b")}
        yield {name: sock.getsockname()[1] for name, sock in sockets.items()}


# --- the network ------------------------------------------------------------------------------------------------------


def test_only_the_given_port_can_be_connected_to(ports: dict[str, int]) -> None:
    seen = behind(Fence(connect_ports=(ports["a"],)), deeds.connect_to_each, ports)
    assert seen == {"a": "done", "b": refused_from(4)}


def test_without_a_port_nothing_can_be_connected_to(ports: dict[str, int]) -> None:
    assert behind(Fence(), deeds.connect_to_each, ports) == {"a": REFUSED, "b": REFUSED}


def test_a_program_started_behind_the_fence_has_it_too(ports: dict[str, int]) -> None:
    script = f"exec 3<>/dev/tcp/127.0.0.1/{ports['b']}"
    fence = Fence(connect_ports=(ports["a"],))
    assert behind(fence, deeds.shell_status, f"/bin/bash -c '{script}'") != 0
    assert (
        behind(
            fence, deeds.shell_status, f"/bin/bash -c '{script.replace(str(ports['b']), str(ports['a']))}'"
        )
        == 0
    )


@pytest.mark.parametrize(
    ("family", "kind", "protocol"),
    [
        (socket.AF_INET, socket.SOCK_DGRAM, 0),
        (socket.AF_INET6, socket.SOCK_DGRAM, 0),
        (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        (socket.AF_INET, socket.SOCK_STREAM, deeds.IPPROTO_MPTCP),
        (socket.AF_INET, socket.SOCK_STREAM, deeds.IPPROTO_SCTP),
        (socket.AF_UNIX, socket.SOCK_STREAM, 0),
        (socket.AF_NETLINK, socket.SOCK_RAW, 0),
        (socket.AF_PACKET, socket.SOCK_RAW, 0),
        (socket.AF_VSOCK, socket.SOCK_STREAM, 0),
    ],
)
def test_no_socket_but_tcp_can_be_made(family: int, kind: int, protocol: int) -> None:
    assert seccomp_available()
    assert behind(Fence(connect_ports=(1,)), deeds.make_socket, family, kind, protocol) == REFUSED


def test_a_pair_of_streams_can_be_made_and_one_of_datagrams_cannot() -> None:
    fence = Fence(connect_ports=(1,))
    assert behind(fence, deeds.make_pair, socket.SOCK_STREAM) == "done"
    assert behind(fence, deeds.make_pair, socket.SOCK_DGRAM) == REFUSED


@pytest.mark.parametrize("deed", [deeds.bind_a_port, deeds.listen_on_a_port])
def test_nothing_can_be_served(deed: Callable[[], None]) -> None:
    assert behind(Fence(connect_ports=(1,)), deed) == REFUSED


def test_sending_is_no_way_to_connect(ports: dict[str, int]) -> None:
    assert behind(Fence(connect_ports=(ports["a"],)), deeds.connect_by_sending, ports["b"]) == REFUSED


# --- a program with a sandbox of its own ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "kind", "outcome"),
    [
        (socket.AF_UNIX, socket.SOCK_STREAM, "done"),
        (socket.AF_INET, socket.SOCK_STREAM, "done"),
        (socket.AF_INET, socket.SOCK_DGRAM, REFUSED),
        (socket.AF_INET6, socket.SOCK_DGRAM, REFUSED),
        (socket.AF_NETLINK, socket.SOCK_RAW, REFUSED),
        (socket.AF_PACKET, socket.SOCK_RAW, REFUSED),
    ],
)
def test_program_with_its_own_sandbox_may_make_unix_sockets_beside_tcp(
    family: int, kind: int, outcome: str
) -> None:
    assert behind(Fence(connect_ports=(1,), own_sandbox=True), deeds.make_socket, family, kind) == outcome


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [(socket.SOCK_STREAM, "done"), (socket.SOCK_SEQPACKET, "done"), (socket.SOCK_DGRAM, REFUSED)],
)
def test_its_pairs_of_sockets_are_bound_to_each_other(kind: int, outcome: str) -> None:
    assert behind(Fence(connect_ports=(1,), own_sandbox=True), deeds.make_pair, kind) == outcome


def test_it_reaches_no_other_port(ports: dict[str, int]) -> None:
    fence = Fence(connect_ports=(ports["a"],), own_sandbox=True)
    assert behind(fence, deeds.connect_to_each, ports) == {"a": "done", "b": refused_from(4)}


def test_it_may_make_namespaces() -> None:
    assert behind(Fence(own_sandbox=True), deeds.unshare) == "done"
    assert behind(Fence(), deeds.unshare) == REFUSED


def test_only_root_becomes_another_user_and_keeps_its_lifeline() -> None:
    if os.geteuid() == 0:
        assert behind(Fence(user=65534), deeds.tell_user) == [65534, 65534, 65534, [], 0, signal.SIGKILL]
    else:
        with pytest.raises(JobCrashed):
            behind(Fence(user=65534), deeds.tell_user)


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "deed",
    [
        pytest.param(deeds.write_text, id="write"),
        pytest.param(deeds.append_text, id="append"),
        pytest.param(deeds.remove, id="remove"),
        pytest.param(deeds.write_through_a_link, id="write through a symbolic link"),
    ],
)
def test_a_file_outside_cannot_be_changed(folder: Path, deed: Callable[[str], None]) -> None:
    file = folder.parent / "outside" / "file"
    assert behind(Fence(writable=(folder,)), deed, str(file)) == refused_from(1)
    assert WITHOUT_LANDLOCK or file.read_text() == "kept"


def test_a_file_outside_cannot_be_cut(folder: Path) -> None:
    file = folder.parent / "outside" / "file"
    assert behind(Fence(writable=(folder,)), deeds.truncate, str(file)) == refused_from(3)


@pytest.mark.parametrize("name", ["new", "folder"])
def test_nothing_new_can_be_made_outside(folder: Path, name: str) -> None:
    deed = deeds.write_text if name == "new" else deeds.make_folder
    assert behind(Fence(writable=(folder,)), deed, str(folder.parent / name)) == refused_from(1)
    assert WITHOUT_LANDLOCK or not (folder.parent / name).exists()


@pytest.mark.parametrize("deed", [deeds.rename, deeds.link])
@pytest.mark.parametrize(("source", "target"), [("job/own", "outside/x"), ("outside/file", "job/x")])
def test_nothing_crosses_the_folders_border(
    folder: Path, deed: Callable[[str, str], None], source: str, target: str
) -> None:
    root = folder.parent
    seen = behind(Fence(writable=(folder,)), deed, str(root / source), str(root / target))
    assert WITHOUT_LANDLOCK or seen in {REFUSED, "OSError"}  # EXDEV, which programs take as "copy it"
    assert WITHOUT_LANDLOCK or not (root / target).exists()


def test_inside_the_folder_everything_can_be_done(folder: Path) -> None:
    script = "mkdir d && echo x > d/a && mv d/a b && echo y >> b && ln b c && rm c && rmdir d && cat b"
    assert behind(Fence(writable=(folder,)), deeds.run_shell, script) == [0, "x\ny\n"]


def test_the_folder_is_where_the_work_stands(folder: Path) -> None:
    assert behind(Fence(writable=(folder,)), os.getcwd) == str(folder)
    assert behind(Fence(), os.getcwd) == "/"


def test_modes_of_files_stay_whoever_asks(folder: Path) -> None:
    file = folder.parent / "outside" / "file"
    before = file.stat().st_mode
    assert behind(Fence(writable=(folder,)), deeds.change_mode, str(file)) == "done"  # pretended
    assert file.stat().st_mode == before


def test_by_default_everything_may_be_read(folder: Path) -> None:
    assert (
        behind(Fence(writable=(folder,)), deeds.read_text, str(folder.parent / "outside" / "file")) == "kept"
    )


@pytest.mark.parametrize("readable", [True, False])
def test_when_reading_is_fenced_only_what_was_named_is_read(folder: Path, readable: bool) -> None:
    outside = folder.parent / "outside"
    fence = Fence(writable=(folder,), readable=(outside,) if readable else ())
    seen = behind(fence, deeds.read_text, str(outside / "file"))
    assert seen == ("kept" if readable or WITHOUT_LANDLOCK else REFUSED)


@pytest.mark.parametrize("path", ["/", "/root", "/home", "/var", "/etc", "/proc", "/tmp"])
def test_when_reading_is_fenced_the_systems_folders_cannot_be_listed(folder: Path, path: str) -> None:
    assert behind(Fence(writable=(folder,), readable=()), deeds.list_folder, path) == refused_from(1)


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/shadow", "/proc/1/cmdline", "/proc/1/environ"])
def test_when_reading_is_fenced_the_machine_keeps_its_secrets(folder: Path, path: str) -> None:
    seen = behind(Fence(writable=(folder,), readable=()), deeds.read_text, path)
    assert WITHOUT_LANDLOCK or seen == REFUSED


def test_when_reading_is_fenced_programs_still_run_and_libraries_load(folder: Path) -> None:
    fence = Fence(writable=(folder,), readable=())
    assert behind(fence, deeds.run_shell, "echo well") == [0, "well\n"]
    assert behind(fence, _import_something) == "done"


def _import_something() -> None:
    import sqlite3

    sqlite3.connect(":memory:").close()


def test_when_reading_is_fenced_what_was_downloaded_cannot_be_run(folder: Path) -> None:
    seen = behind(Fence(writable=(folder,), readable=()), deeds.make_and_run_a_program)
    assert seen == refused_from(1)


# --- other processes, and the kernel ----------------------------------------------------------------------------------


def test_another_processs_environment_cannot_be_read(folder: Path) -> None:
    seen = behind(Fence(writable=(folder,)), deeds.read_text, f"/proc/{os.getpid()}/environ")
    assert WITHOUT_LANDLOCK or seen == REFUSED


def test_another_process_cannot_be_signalled() -> None:
    assert behind(Fence(), deeds.signal_process, os.getpid()) == refused_from(6)


@pytest.mark.parametrize(
    ("deed", "arguments"),
    [
        (os.setsid, ()),
        (os.setpgid, (0, 0)),
        (os.chroot, ("/",)),
        (deeds.unshare, ()),
        (deeds.ask_for_io_uring, ()),
        (deeds.trace, (os.getpid(),)),
    ],
)
def test_the_kernels_depths_are_out_of_reach(deed: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    assert seccomp_available()
    assert behind(Fence(), deed, *arguments) == REFUSED


@pytest.mark.parametrize(("field", "value"), [("NoNewPrivs", "1"), ("Seccomp", "2")])
def test_the_fence_cannot_be_shed(field: str, value: str) -> None:
    assert behind(Fence(), deeds.status_field, field) == value


@pytest.mark.parametrize("field", ["CapEff", "CapPrm", "CapInh", "CapAmb"])
def test_root_keeps_no_power_but_over_files(field: str) -> None:
    held = int(behind(Fence(), deeds.status_field, field), 16)
    assert held & ~(1 << 1 | 1 << 3) == 0


def test_threads_and_programs_can_still_be_started(folder: Path) -> None:
    assert behind(Fence(writable=(folder,)), _sum_in_threads) == 45


def _sum_in_threads() -> int:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(int, range(10)))


# --- what may be used up ----------------------------------------------------------------------------------------------


def test_too_much_memory_is_refused() -> None:
    with pytest.raises(JobCrashed, match="out of memory"):
        behind(Fence(memory_bytes=1024**3), _take_memory, 2 * 1024**3)


def _take_memory(size_bytes: int) -> int:
    return len(bytearray(size_bytes))


def test_a_file_that_grows_too_large_is_refused(folder: Path) -> None:
    with pytest.raises(ContentTooLarge):
        run_in_child(_write_behind, Fence(writable=(folder,), file_size_bytes=100_000))
    assert (folder / "large").stat().st_size == 100_000


def _write_behind(fence: Fence) -> object:
    return call_fenced(fence, lambda _say: {"written": Path("large").write_bytes(b"x" * 100_001)})


def test_too_much_processor_time_is_too_long() -> None:
    with pytest.raises(JobTimeout, match="processor"):
        behind(Fence(cpu_seconds=1), _spin)


def _spin() -> None:
    while True:
        pass


def test_too_many_open_files_are_refused() -> None:
    assert behind(Fence(open_files=30), _open_many) == "OSError"


def _open_many() -> None:
    for _ in range(40):
        os.dup(0)


def test_no_core_is_dumped() -> None:
    assert behind(Fence(), resource.getrlimit, resource.RLIMIT_CORE) == [0, 0]


def test_a_limit_cannot_be_raised_again() -> None:
    assert behind(Fence(open_files=50), _raise_the_limit) == [50, 50]


def _raise_the_limit() -> tuple[int, int]:
    with pytest.raises(ValueError, match="raise"):
        resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
    return resource.getrlimit(resource.RLIMIT_NOFILE)


# --- the environment --------------------------------------------------------------------------------------------------


def test_the_environment_is_the_given_one_and_nothing_else(folder: Path) -> None:
    given = scrubbed_environment(folder, {"https_proxy": "http://127.0.0.1:1"})
    assert behind(Fence(writable=(folder,), environment=given), deeds.environment) == given


def test_programs_inherit_the_given_environment(folder: Path) -> None:
    fence = Fence(writable=(folder,), environment=scrubbed_environment(folder))
    names = {line.partition("=")[0] for line in behind(fence, deeds.environment_of_a_program)}
    assert names - {"PWD", "_", "SHLVL", "OLDPWD"} == set(scrubbed_environment(folder))


def test_a_scrubbed_environment_has_no_secret_no_proxy_and_no_exception_from_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "ENTREPOT_SECRET_KEY", "LD_PRELOAD", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "*")
    assert set(scrubbed_environment(folder)) == {
        "PATH", "LANG", "TZ", "HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MALLOC_ARENA_MAX",
    }  # fmt: skip


def test_temporary_files_go_to_the_folder(folder: Path) -> None:
    fence = Fence(writable=(folder,), environment=scrubbed_environment(folder))
    assert behind(fence, tempfile.gettempdir) == str(folder)


# --- when it does not hold --------------------------------------------------------------------------------------------


def test_without_its_fence_the_work_is_not_done(tmp_path: Path) -> None:
    with pytest.raises(JobCrashed, match="could not be fenced"):
        behind(Fence(writable=(tmp_path / "missing",)), deeds.write_text, str(tmp_path / "done"))
    assert not (tmp_path / "done").exists()
