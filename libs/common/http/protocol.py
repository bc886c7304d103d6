"""The HTTP/1.1 server of every process: what is no HTTP at all gets a problem document too."""

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from libs.common.errors import BadRequest
from libs.common.http.problems import MEDIA_TYPE, problem_body

_BODY = orjson.dumps(problem_body("gateway", BadRequest("This is not valid HTTP/1.1.")))
_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
    % (MEDIA_TYPE.encode(), len(_BODY), _BODY)
)


class HttpProtocol(HttpToolsProtocol):
    """Reads requests; closes the connection on what could be read in two ways, such as two lengths of one body."""

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read."""
        self.transport.write(_ANSWER)
        self.transport.close()
