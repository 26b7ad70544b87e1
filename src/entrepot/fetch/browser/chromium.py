"""Chromium on this machine: where it is, and the command line that leaves it nothing but the guard's proxy."""

import shutil
from pathlib import Path

from entrepot.errors import BrowserMissing

NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
)
"""The lightest first: the headless shell starts in a third of the time and takes half of the memory."""

_PLACES = (Path("/usr/lib/chromium"), Path("/usr/lib/chromium-browser"), Path("/opt/google/chrome"))
_SHELL = "headless-shell"
_ABSENT_FEATURES = (
    "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable",  # the address says which scheme is meant
    "AutofillServerCommunication", "BackForwardCache", "CertificateTransparencyComponentUpdater", "DialMediaRouteProvider",
    "DnsOverHttps", "InterestFeedContentSuggestions", "IsolateOrigins", "LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying",
    "OptimizationHints", "PaintHolding", "Prerender2", "Translate", "WebBluetooth", "WebUSB", "site-per-process",
)  # fmt: skip
_FLAGS = (
    "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--no-startup-window", "--no-service-autorun",
    "--proxy-bypass-list=<-loopback>",  # loopback goes through the proxy too
    "--disable-quic", "--dns-prefetch-disable", "--disable-background-networking", "--disable-component-update",
    "--disable-domain-reliability", "--disable-sync", "--disable-client-side-phishing-detection", "--no-pings",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-extensions", "--disable-component-extensions-with-background-pages", "--disable-default-apps",
    "--disable-breakpad", "--disable-crash-reporter", "--disable-notifications", "--disable-speech-api", "--disable-print-preview",
    "--disable-search-engine-choice-screen", "--disable-infobars", "--disable-hang-monitor", "--disable-popup-blocking",
    "--disable-site-isolation-trials", "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows", "--disable-ipc-flooding-protection", "--disable-dev-shm-usage",
    "--disable-gpu", "--mute-audio", "--hide-scrollbars", "--password-store=basic", "--use-mock-keychain", "--metrics-recording-only",
    "--export-tagged-pdf", "--blink-settings=primaryHoverType=2,availableHoverTypes=2", "--js-flags=--max-old-space-size=768",
)  # fmt: skip


def find_chromium(given: Path | None = None) -> Path:
    """The program: the one that is given, else the first of `NAMES` in the PATH. Raises BrowserMissing."""
    if given is not None:
        if not given.is_file():
            raise BrowserMissing(f"There is no browser at {given}.")
        return _program_of(given)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return _program_of(Path(found))
    raise BrowserMissing


def command_of(program: Path, *, profile: Path, proxy_port: int, is_sandboxed: bool) -> list[str]:
    """The whole command line; the debugging pipe is descriptors 3 (in) and 4 (out)."""
    sandbox = () if is_sandboxed else ("--no-sandbox",)
    headless = () if is_headless_shell(program) else ("--headless",)
    return [
        str(program), *headless, *sandbox, *_FLAGS, f"--disable-features={','.join(_ABSENT_FEATURES)}",
        "--enable-features=EnablePortBoundCookies,EnableSchemeBoundCookies",  # a cookie is for an origin, not for a host
        f"--proxy-server=http://127.0.0.1:{proxy_port}", f"--user-data-dir={profile}", f"--disk-cache-dir={profile}/cache",
        "--disk-cache-size=33554432",
    ]  # fmt: skip


def is_headless_shell(program: Path) -> bool:
    """Whether the program has no windows at all."""
    return program.name.endswith(_SHELL)


def _program_of(found: Path) -> Path:
    """The program itself where a distribution puts a shell script of the same name before it."""
    for folder in _PLACES:
        for name in (found.name, "chromium", "chromium-browser", "chrome"):
            program = folder / name
            if (
                program.is_file()
                and (name == found.name or not found.name.endswith(_SHELL))
                and _is_script(found)
            ):
                return program
    return found.resolve()


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"
