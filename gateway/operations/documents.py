"""The API of all services, to read and try: the merged OpenAPI document, Swagger UI and ReDoc, all from this host."""

from collections.abc import Mapping

from gateway.api_document import ApiDocuments
from gateway.exchange import Exchange
from gateway.operations.operation import Operation
from gateway.pages import Pages, StaticFiles
from gateway.responses import Answer, unless_known
from gateway.security import READER_POLICY

_TAG = "gateway: documents"


class Documents:
    """Serves the document and its readers."""

    def __init__(self, documents: ApiDocuments, pages: Pages, static: StaticFiles) -> None:
        self._documents = documents
        self._pages = pages
        self._static = static

    def operations(self) -> list[Operation]:
        """What is answered here."""
        schema = Operation(
            "GET",
            "/schema",
            self.schema,
            id="gateway_get_openapi",
            tag=_TAG,
            summary="The OpenAPI 3.1 document of all services",
        )
        return [
            schema,
            Operation("GET", "/openapi.json", self.schema),
            Operation("GET", "/docs", self.swagger),
            Operation("GET", "/docs/swagger", self.swagger),
            Operation("GET", "/redoc", self.redoc),
            Operation("GET", "/docs/redoc", self.redoc),
            Operation("GET", "/docs/static/{name}", self.static),
            Operation("GET", "/favicon.ico", self.favicon, at_root=True),
        ]

    async def schema(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """The document."""
        document = await self._documents.get()
        headers = {"Cache-Control": "no-cache"}
        if document.missing:
            headers["X-Incomplete"] = ", ".join(document.missing)
        return unless_known(Answer(200, document.body, "application/json", headers), document.etag, exchange)

    async def swagger(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """To try the API."""
        return self._pages.page("swagger.html", policy=READER_POLICY)

    async def redoc(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """To read about the API."""
        return self._pages.page("redoc.html", policy=READER_POLICY)

    async def static(self, exchange: Exchange, values: Mapping[str, str]) -> Answer:
        """A script, style sheet or image of the pages."""
        return self._static.get(values["name"], exchange)

    async def favicon(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """The icon in the browser's tab."""
        return self._static.get("pillars.svg", exchange)
