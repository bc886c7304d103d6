"""The pages people see in a browser, and the files these need; nothing is loaded from anywhere else."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.exchange import Exchange
from gateway.responses import Answer, unless_known
from gateway.security import PAGE_POLICY
from libs.common.errors import NotFound

_HERE = Path(__file__).parent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_OWN = ("pillars.css", "pillars.svg", "swagger.js", "redoc.js")
# The readers themselves, as the installed package brings them.
_READERS = ("swagger-ui.css", "swagger-ui-bundle.js", "redoc.standalone.js")


class Pages:
    """Renders templates; `common` is known to all of them."""

    def __init__(self, **common: Any) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(common)

    def page(self, template: str, *, policy: bytes = PAGE_POLICY, **values: Any) -> Answer:
        """A page with its content security policy."""
        body = self._environment.get_template(template).render(values).encode()
        headers = {"Content-Security-Policy": policy.decode(), "Cache-Control": "no-cache"}
        return Answer(200, body, "text/html; charset=utf-8", headers)


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    zipped: bytes
    content_type: str
    etag: str


class StaticFiles:
    """The files of the pages, read once, on first use, and kept compressed."""

    @cached_property
    def _files(self) -> dict[str, _File]:
        sources = [(_HERE / "static" / name, name) for name in _OWN]
        readers = files("fastapi_offline") / "static"
        return {
            **{name: _load(path.read_bytes(), name) for path, name in sources},
            **{name: _load((readers / name).read_bytes(), name) for name in _READERS},
        }

    def get(self, name: str, exchange: Exchange) -> Answer:
        """A file by name.

        Raises:
            NotFound: there is none of that name.
        """
        file = self._files.get(name)
        if file is None:
            raise NotFound("There is nothing at this path.")
        headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding"}
        body = file.body
        if "gzip" in (exchange.header(b"accept-encoding") or ""):
            headers["Content-Encoding"], body = "gzip", file.zipped
        return unless_known(Answer(200, body, file.content_type, headers), file.etag, exchange)


def _load(body: bytes, name: str) -> _File:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return _File(body, gzip.compress(body, 6, mtime=0), _TYPES[Path(name).suffix], etag)
