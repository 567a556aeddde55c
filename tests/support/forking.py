"""Programs that fork, and how they are run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def program(code: str, folder: Path, *arguments: str) -> Any:
    """Run a program of its own, in which a warning is an error; what it prints, read as JSON."""
    path = folder / 'program.py'
    path.write_text(code)
    quiet = ['-W', 'error', '-W', 'ignore:This process:DeprecationWarning']  # it is what is tried here
    command = [sys.executable, *quiet, str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FORK = """
import asyncio, json, logging, os, ssl, sys, threading, time
import httpx

def fork(do):
    if (child := os.fork()) == 0:
        code = 3
        try:
            code = 0 if do() else 4
        except BaseException as error:
            os.write(2, repr(error).encode())
        os._exit(code)
    return child

def ended(child):
    until = time.monotonic() + 25
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return 'hung'
"""
"""How a program forks, and what becomes of the child; it comes before the program's own code."""
