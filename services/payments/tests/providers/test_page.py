"""The payment page: what a person sees, and what the buttons do."""

from html.parser import HTMLParser

from libs.common.ids import new_id
from libs.common.testing.actors import guest, user
from services.payments.tests.shop import Shop

HOME = "http://127.0.0.1:8000"


class Seen(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


async def open_page(shop: Shop, **fields: object) -> tuple[str, dict]:
    """A payment page's path, and the checkout behind it."""
    await shop.account(name="Karoo <b>Coffee</b> & Søns")
    checkout = await shop.start(shop.orders.place(shop.tenant_id), **fields)
    return checkout["redirect_url"].partition("/api/v1")[2], checkout


async def test_the_page_shows_who_is_paid_how_much(shop: Shop) -> None:
    path, checkout = await open_page(shop)
    assert checkout["redirect_url"] == f"{HOME}/api/v1{path}"

    response = await shop.client.get(path)

    page = Seen(response.text)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "ZAR 450.00" in page.text
    assert "Karoo <b>Coffee</b> & Søns" in page.text
    assert page.all("b") == []
    assert [b["value"] for b in page.all("button")] == ["success", "failure", "cancel"]
    assert page.all("html")[0]["lang"] == "en"
    assert any(m.get("name") == "viewport" for m in page.all("meta"))


async def test_the_page_loads_nothing_and_cannot_be_framed(shop: Shop) -> None:
    path, _ = await open_page(shop)

    response = await shop.client.get(path)

    policy = response.headers["content-security-policy"]
    (style,) = Seen(response.text).all("style")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"style-src 'nonce-{style['nonce']}'" in policy
    assert response.headers["cache-control"] == "no-store"
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in Seen(response.text).tags}
    assert 'style="' not in response.text


async def test_anyone_may_open_it_without_signing_in(shop: Shop) -> None:
    path, _ = await open_page(shop)
    assert (await shop.client.acting(guest()).get(path)).status_code == 200
    assert (await shop.client.acting(guest()).get("/sandbox/pay/ch_unknown")).status_code == 404


async def test_a_form_comes_back_to_the_page_which_leads_home(shop: Shop) -> None:
    path, checkout = await open_page(shop, return_url=f"{HOME}/thanks?a=1&b=<x>")

    response = await shop.client.post(path, data={"outcome": "success"})

    assert (response.status_code, response.headers["location"]) == (303, "?result=succeeded")
    page = Seen((await shop.client.get(path + response.headers["location"])).text)
    (back,) = page.all("a")
    expected = f"{HOME}/thanks?a=1&b=%3Cx%3E&payment_id={checkout['payment_id']}&status=succeeded"
    assert back["href"] == expected
    assert any(m.get("content") == f"4; url={expected}" for m in page.all("meta"))
    assert "Payment complete" in page.text
    assert page.all("form") == []


async def test_a_script_gets_json(shop: Shop) -> None:
    path, checkout = await open_page(shop)

    response = await shop.client.post(path, json={"outcome": "failure"})

    assert response.json() == {
        "status": "failed",
        "return_url": None,
        "payment_id": checkout["payment_id"],
    }


async def test_a_decided_payment_stays_as_it_is(shop: Shop) -> None:
    for first, status in (("success", "succeeded"), ("failure", "failed"), ("cancel", "cancelled")):
        shop.tenant_id = new_id()
        shop.client = shop.client.acting(user(shop.tenant_id))
        path, _ = await open_page(shop)
        await shop.client.post(path, json={"outcome": first})
        for again in ("success", "failure", "cancel"):
            assert (await shop.client.post(path, json={"outcome": again})).json()["status"] == status
        page = Seen((await shop.client.get(path)).text)
        assert page.all("button") == []


async def test_other_outcomes_are_refused(shop: Shop) -> None:
    path, _ = await open_page(shop)

    for body in ({"outcome": "free"}, {"outcome": ["success"]}, {}, []):
        assert (await shop.client.post(path, json=body)).status_code == 422
    assert (await shop.client.post(path, data={"outcome": "free"})).status_code == 422
    broken = await shop.client.post(path, content=b"{", headers={"content-type": "application/json"})
    assert broken.status_code == 400
    assert (await shop.client.get(path)).text.count("<button") == 3
