"""Headless Chromium, driven through its DevTools pipe: messages are JSON, each ended by a zero byte."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SECONDS = 60


def find_chromium() -> str:
    """The browser's program; where there is none, the test is skipped."""
    for name in ('chromium', 'chromium-browser', 'google-chrome'):
        if path := shutil.which(name):
            return path
    pytest.skip('no Chromium is installed')


class Page:
    """A tab.

    Args:
        to_browser: file descriptor to write commands to.
        from_browser: file descriptor to read answers from.
    """

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self.to_browser, self.from_browser = to_browser, from_browser
        self.buffer = b''
        self.number = 0
        self.events: list[dict[str, Any]] = []
        self.session: str | None = None
        target = self.send('Target.createTarget', url='about:blank')['targetId']
        self.session = self.send('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'DOM', 'Log', 'Network'):
            self.send(f'{domain}.enable')

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command; return its answer."""
        self.number += 1
        message: dict[str, Any] = {'id': self.number, 'method': method, 'params': params}
        if self.session and not method.startswith(('Target.', 'Browser.')):
            message['sessionId'] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._receive()
            if answer.get('id') == self.number:
                assert 'error' not in answer, answer
                return answer['result']
            self.events.append(answer)

    def _receive(self) -> dict[str, Any]:
        while b'\0' not in self.buffer:
            part = os.read(self.from_browser, 1 << 16)
            assert part, 'the browser has gone'
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b'\0')
        return json.loads(message)

    def open(self, address: str) -> None:
        """Go to an address."""
        self.send('Page.navigate', url=address)

    def run(self, script: str) -> Any:
        """Run a JavaScript expression, awaited; return its value."""
        answer = self.send('Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in answer, answer
        return answer['result'].get('value')

    def wait_for(self, script: str) -> Any:
        """Wait until a JavaScript expression is true; return its value."""
        deadline = time.monotonic() + SECONDS
        while not (value := self.run(script)):
            assert time.monotonic() < deadline, f'{script} did not become true: {self.run("document.body.innerText")}'
            time.sleep(0.05)
        return value

    def choose_file(self, selector: str, file: Path) -> None:
        """Put a file into an <input type=file>."""
        document = self.send('DOM.getDocument')['root']['nodeId']
        node = self.send('DOM.querySelector', nodeId=document, selector=selector)['nodeId']
        self.send('DOM.setFileInputFiles', nodeId=node, files=[str(file)])

    def move_mouse(self, x: float, y: float) -> None:
        """Move the mouse to a point of the window, in CSS pixels."""
        self.send('Input.dispatchMouseEvent', type='mouseMoved', x=x, y=y)

    def download_to(self, folder: Path) -> None:
        """Have downloads go to a folder."""
        self.send('Browser.setDownloadBehavior', behavior='allow', downloadPath=str(folder))

    def take_screenshot(self, file: Path) -> None:
        """Write the window as PNG."""
        file.write_bytes(base64.b64decode(self.send('Page.captureScreenshot', format='png')['data']))

    def find_errors(self) -> list[Any]:
        """Exceptions of the page and errors of its console so far."""
        self.run('0')
        bad = [event for event in self.events if event.get('method') == 'Runtime.exceptionThrown']
        logged = [event['params']['entry'] for event in self.events if event.get('method') == 'Log.entryAdded']
        return bad + [entry for entry in logged if entry['level'] == 'error']


@contextmanager
def open_browser(folder: Path, *, width: int = 1200, height: int = 800) -> Iterator[Page]:
    """Open a tab of a browser that writes to a folder."""
    program = find_chromium()
    read_commands, to_browser = os.pipe()
    from_browser, write_answers = os.pipe()
    words = [program, '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']
    words += ['--remote-debugging-pipe', f'--user-data-dir={folder / "profile"}', f'--window-size={width},{height}']
    words += ['--disable-background-networking', '--disable-component-update', '--host-resolver-rules=MAP * 127.0.0.1']
    # the browser reads commands at descriptor 3 and writes answers at 4
    shell = ['bash', '-c', f'exec "$@" 3<&{read_commands} 4>&{write_answers}', 'bash', *words]
    process = subprocess.Popen(
        shell, pass_fds=(read_commands, write_answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(read_commands)
    os.close(write_answers)
    try:
        yield Page(to_browser, from_browser)
    finally:
        process.terminate()
        process.wait(20)
        os.close(to_browser)
        os.close(from_browser)
