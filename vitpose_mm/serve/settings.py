"""What tools/serve.py takes: addresses and limits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Addresses and limits of a server.

    Attributes:
        host: address to listen on; the loopback address by default.
        port: 0 for any that is free.
        allowed_hosts: names, other than localhost, that browsers and programs may call this server by.
        max_batch: images that go through the models together.
        max_wait: seconds that an image waits for others to form a batch with.
        max_queue: requests that are worked on or wait; the next one is answered with 429.
        max_bytes: of a request.
        max_pixels: of an image or a frame.
        max_frames: of a video.
        timeout: seconds that a request may take to arrive, and then to be answered; a video waits so long for its turn.
        video_timeout: seconds that the frames of a video may take.
        label_studio: address of the Label Studio whose tasks name images on it; '': tasks bring their images along.

    Raises:
        ValueError: a limit that is not positive, or an address that is none.
    """

    host: str = '127.0.0.1'
    port: int = 8000
    allowed_hosts: tuple[str, ...] = ()
    max_batch: int = 8
    max_wait: float = 0.01
    max_queue: int = 64
    max_bytes: int = 20_000_000
    max_pixels: int = 25_000_000
    max_frames: int = 600
    timeout: float = 60
    video_timeout: float = 300
    label_studio: str = ''

    def __post_init__(self) -> None:
        for name in ('max_batch', 'max_queue', 'max_bytes', 'max_pixels', 'max_frames', 'timeout', 'video_timeout'):
            if not getattr(self, name) > 0:
                raise ValueError(f'--{name.replace("_", "-")} {getattr(self, name)} is not possible: give more than 0.')
        if self.max_wait < 0:
            raise ValueError(f'--max-wait {self.max_wait} is not possible: give seconds, 0 or more.')
        if not 0 <= self.port < 2**16:
            raise ValueError(f'--port {self.port} does not exist: give one from 0 (any that is free) to 65535.')
        if self.label_studio and urlsplit(self.label_studio).scheme not in ('http', 'https'):
            raise ValueError(f'--label-studio {self.label_studio} is not an address: give http://NAME:PORT.')

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can connect."""
        return self.host == 'localhost' or (is_ip(self.host) and ipaddress.ip_address(self.host).is_loopback)


def is_ip(name: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address, and not a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
