"""nginx as the gateway's baseline and as a service that answers at once; Debian's own, one worker each."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from libs.common.actor import ACTOR_HEADER
from libs.common.runtime.embedded.ports import free_port

_COMMON = """daemon off;
worker_processes 1;
pid "{folder}/pid";
error_log "{folder}/error.log" warn;
events {{ worker_connections 2048; }}
http {{
  access_log "{folder}/access.log" combined buffer=64k;
  keepalive_requests 100000000;
  client_body_temp_path "{folder}/body"; proxy_temp_path "{folder}/proxy"; fastcgi_temp_path "{folder}/fastcgi";
  uwsgi_temp_path "{folder}/uwsgi"; scgi_temp_path "{folder}/scgi";
{inside}}}
"""
_INSTANT = """  server {{
    listen 127.0.0.1:{port};
    location = /.ready {{ return 200; }}
    location / {{ default_type application/json; return 200 '{body}'; }}
  }}
"""
_GATEWAY = """  proxy_cache_path "{folder}/cache" keys_zone=verified:10m;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  upstream service {{ server {service}; keepalive 64; }}
  upstream verifier {{ server {verifier}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location = /.ready {{ return 200; }}
    location = /_verify {{
      internal;
      proxy_pass http://verifier;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
{kept}    }}
    location / {{
      auth_request /_verify;
      auth_request_set $actor $upstream_http_{actor};
      proxy_set_header {header} $actor;
      proxy_set_header Authorization "";
      proxy_set_header Connection "";
      rewrite ^/api/v1(/.*)$ $1 break;
      proxy_pass http://service;
    }}
  }}
"""
_KEPT = """      proxy_cache verified;
      proxy_cache_key "$http_authorization$http_x_company_id";
      proxy_cache_valid 200 60s;
      proxy_cache_lock on;
"""
_BALANCER = """  proxy_http_version 1.1;
  proxy_set_header Connection "";
  client_max_body_size 0;
  upstream copies {{ {servers} keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location = /.ready {{ return 200; }}
    location / {{ proxy_pass http://copies; }}
  }}
"""


def is_here() -> bool:
    """Whether nginx is installed."""
    return shutil.which("nginx") is not None


class Nginx:
    """One nginx with one worker on the given cores; a context manager."""

    def __init__(self, folder: Path, inside: str, port: int, cores: Sequence[int]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder.absolute()
        self._cores = cores
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "nginx.conf").write_text(_COMMON.format(folder=self._folder, inside=inside))
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def instant(cls, folder: Path, body: str, cores: Sequence[int]) -> "Nginx":
        """Answers every GET with the body."""
        port = free_port()
        return cls(folder, _INSTANT.format(port=port, body=body), port, cores)

    @classmethod
    def gateway(
        cls, folder: Path, service: str, verifier: str, cores: Sequence[int], *, keeps: bool
    ) -> "Nginx":
        """Asks the verifier, and passes on to the service; it may keep the verifier's answers for a minute by token."""
        port = free_port()
        inside = _GATEWAY.format(
            folder=folder.absolute(),
            port=port,
            service=service.removeprefix("http://"),
            verifier=verifier.removeprefix("http://"),
            actor=ACTOR_HEADER.replace("-", "_"),
            header=ACTOR_HEADER,
            kept=_KEPT if keeps else "",
        )
        return cls(folder, inside, port, cores)

    @classmethod
    def balancer(cls, folder: Path, port: int, servers: Sequence[int]) -> "Nginx":
        """Shares requests among copies of a service, by their ports, in turn."""
        named = " ".join(f"server 127.0.0.1:{number};" for number in servers)
        return cls(folder, _BALANCER.format(port=port, servers=named), port, sorted(os.sched_getaffinity(0)))

    def __enter__(self) -> "Nginx":
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self._cores)
        try:
            command = ["nginx", "-e", str(self._folder / "error.log"), "-p", str(self._folder)]
            command += ["-c", str(self._folder / "nginx.conf")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        finally:
            os.sched_setaffinity(0, before)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/.ready", timeout=1).status_code == 200:
                    return self
            time.sleep(0.05)
        self.__exit__()
        raise TimeoutError(f"nginx did not start; see {self._folder / 'error.log'}")

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)
