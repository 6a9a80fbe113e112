"""A server program on a loopback port: started, waited for, and ended, also when the test fails."""

import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_SECONDS = 60.0
POLL_SECONDS = 0.05
STOP_SECONDS = 20.0
START_ATTEMPTS = 3


class PortTakenError(RuntimeError):
    """Somebody else took the port between choosing it and listening on it."""


@dataclass(frozen=True)
class Program:
    """How one program is run.

    Attributes:
        name: For messages.
        spawn: Starts it on a port.
        is_ready: Whether it answers there.
        log: What it writes.
        end_signal: Asks it to end.
    """

    name: str
    spawn: Callable[[int], "subprocess.Popen[bytes]"]
    is_ready: Callable[[int], bool]
    log: Path
    end_signal: signal.Signals = signal.SIGTERM


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(program: Program, *, port: int | None = None) -> Iterator[int]:
    """Run a program and yield its port once it is ready; a free one unless one is given."""
    process, taken = _started(program, port)
    try:
        yield taken
    finally:
        stopped(process, end_signal=program.end_signal)


def stopped(process: "subprocess.Popen[bytes]", *, end_signal: signal.Signals = signal.SIGTERM) -> None:
    """End a process, by force where it does not end by itself."""
    if process.poll() is None:
        process.send_signal(end_signal)
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=STOP_SECONDS)


def tail(log: Path) -> str:
    """Return the end of what a program wrote."""
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


def answers_ready(port: int) -> bool:
    """Whether a server of the Prometheus family says that it is ready."""
    with suppress(httpx.TransportError), httpx.Client(timeout=5.0, trust_env=False) as client:
        return client.get(f"http://127.0.0.1:{port}/-/ready").status_code == httpx.codes.OK
    return False


def _started(program: Program, port: int | None) -> tuple["subprocess.Popen[bytes]", int]:
    for attempt in range(1, START_ATTEMPTS + 1):
        taken = port or free_port()
        process = program.spawn(taken)
        try:
            _wait_until_ready(program, process, taken)
        except PortTakenError:
            if attempt == START_ATTEMPTS:
                raise
        except BaseException:
            stopped(process, end_signal=program.end_signal)
            raise
        else:
            return process, taken
    raise AssertionError("unreachable")


def _wait_until_ready(program: Program, process: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(int(READY_SECONDS / POLL_SECONDS)):
        if program.is_ready(port):
            return
        # Waiting for the process to end is the pause between two polls, and notices an early death.
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=POLL_SECONDS)
            raise _death(program)
    raise RuntimeError(f"{program.name} was not ready within {READY_SECONDS:g} s:\n{tail(program.log)}")


def _death(program: Program) -> RuntimeError:
    end = tail(program.log)
    if "address already in use" in end.lower():
        return PortTakenError(end)
    return RuntimeError(f"{program.name} ended before it was ready:\n{end}")
