"""Starts and ends the emulator: one child process on a free port of the loopback interface.

It listens nowhere else, keeps everything in a scratch folder that goes with it, sees none of the
user's AWS settings or secrets, and ends with its parent (see `local_cloud.server`).
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cloud.errors import EmulatorFailed, last_lines

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "000000000000"

START_LIMIT_SEC = 30.0
STOP_LIMIT_SEC = 5.0
WARM_HANDLER_SEC = 60
LOGS_KEPT = 5
PORT_ATTEMPTS = 3

# All that the emulator, and so every handler, inherits. The user's AWS_* variables, proxies for
# the outside world and API keys stay outside: a handler on a laptop must not reach a real account
# by accident.
_INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SSL_CERT_FILE", "TZ")


@dataclass(frozen=True)
class Emulator:
    """A running emulator: where it listens, its process, and what it says."""

    endpoint: str
    pid: int
    log_path: Path


@contextlib.contextmanager
def running_emulator(
    home: Path,
    *,
    port: int | None = None,
    wait_scale: float = 1.0,
    handlers_at_once: int | None = None,
    enforce_rights: bool = False,
    log_level: str = "INFO",
) -> Iterator[Emulator]:
    """An emulator for the time of the block.

    Parameters
    ----------
    home : folder for logs, usually `.dropreel`; the last five are kept.
    port : a port to insist on; a free one if left out.
    wait_scale : factor on Step Functions' waits and retry pauses; 0 skips them.
    handlers_at_once : how many Lambda handlers may run together; 2 x cores + 2 if left out.
    enforce_rights : refuse a handler what its role, or a bucket's policy, does not allow.

    Raises
    ------
    EmulatorFailed
        It did not start; the message ends with the last lines of its log.
    """
    log_path = _new_log(home)
    with tempfile.TemporaryDirectory(
        prefix="dropreel-cloud-", ignore_cleanup_errors=True
    ) as scratch:
        process, endpoint = _start(
            log_path,
            Path(scratch),
            port,
            {
                "AUTH": str(enforce_rights).lower(),
                "LOG_LEVEL": log_level,
                "SFN_WAIT_SCALE": f"{wait_scale:g}",
            },
            handlers_at_once or 2 * (os.cpu_count() or 1) + 2,
        )
        try:
            yield Emulator(endpoint, process.pid, log_path)
        finally:
            _stop(process)


def is_healthy(endpoint: str, timeout_sec: float = 1.0) -> bool:
    """Whether an emulator answers at this address."""
    # No proxy stands between this machine and itself, whatever the environment says.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{endpoint}/_ministack/health", timeout=timeout_sec) as reply:
            return "services" in json.load(reply)
    except (OSError, ValueError):
        return False


def _start(
    log_path: Path,
    scratch: Path,
    port: int | None,
    settings: Mapping[str, str],
    handlers_at_once: int,
) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(1 if port else PORT_ATTEMPTS):
        chosen = port or _free_port()
        process = _spawn(
            log_path, scratch, {**settings, "GATEWAY_PORT": str(chosen)}, handlers_at_once
        )
        endpoint = f"http://{HOST}:{chosen}"
        try:
            if _wait_until_healthy(process, endpoint):
                return process, endpoint
        except BaseException:
            _stop(process)
            raise
        _stop(process)
        said = log_path.read_text(errors="replace")
        # Between our choice of a free port and the emulator's use of it, somebody else may take it.
        if port or "is already in use" not in said:
            break
    raise EmulatorFailed(
        f"The embedded cloud did not start. Its last words, in {log_path}:\n{last_lines(said)}"
    )


def _spawn(
    log_path: Path, scratch: Path, settings: Mapping[str, str], handlers_at_once: int
) -> subprocess.Popen[bytes]:
    scratch.mkdir(exist_ok=True)
    with log_path.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            [sys.executable, "-P", "-m", "local_cloud.server", str(scratch), str(handlers_at_once)],
            env=_environment(scratch, settings),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _environment(scratch: Path, settings: Mapping[str, str]) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BIND_HOST": HOST,
        "DOCKER_HOST": f"unix://{scratch / 'no-docker'}",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_WARM_TTL_SECONDS": str(WARM_HANDLER_SEC),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "PYTHONUNBUFFERED": "1",
        # Finished clips lie on disk: a batch of a few hundred would fill the memory of a laptop.
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(scratch / "s3"),
        "SFTP_ENABLED": "0",
        "TMPDIR": str(scratch),
        **settings,
    }


def _wait_until_healthy(process: subprocess.Popen[bytes], endpoint: str) -> bool:
    deadline = time.monotonic() + START_LIMIT_SEC
    while time.monotonic() < deadline and process.poll() is None:
        if is_healthy(endpoint):
            return process.poll() is None
        time.sleep(0.03)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe, which ends the group; insist if it does not."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_LIMIT_SEC)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Also what is left of the group of an emulator that died by itself.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_LIMIT_SEC)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _new_log(home: Path) -> Path:
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("cloud-*.log"))[: -(LOGS_KEPT - 1)]:
        old.unlink(missing_ok=True)
    return folder / f"cloud-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
