"""A browser's part: cookies, forms with their hidden inputs, and what a page shows."""

import base64
import re
from dataclasses import dataclass
from datetime import date
from html import unescape
from types import TracebackType
from typing import Self

import aiohttp
from bs4 import BeautifulSoup, Tag

from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, SimulatedPortal

PANEL = "ASPxRoundPanel1"
GRID = "ASPxPageControl1_grid"
TYPES = {"0": "Monthly", "1": "Daily (Max 1 month)", "2": "Summary", "3": "Hourly (Max 1 day)"}


@dataclass
class Page:
    """An answer as it came, redirects followed or not."""

    status: int
    url: str
    location: str
    cookie: str | None
    """The session cookie as it was set, attributes included."""
    history: list[tuple[int, str]]
    text: str

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "html.parser")

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden inputs, as a browser would send them."""
        found = self.soup.find_all("input", type="hidden")
        return {str(field["name"]): str(field["value"]) for field in found}

    @property
    def error(self) -> str | None:
        label = self.soup.find(id="pcErr_lblErrMsg")
        return None if label is None else label.get_text()

    @property
    def cards(self) -> list[dict[str, str]]:
        """The meters' cards: values by caption."""
        cards = []
        for card in self.soup.select("td.dxcvCard"):
            captions = [tag.get_text().rstrip(":") for tag in card.select("span.dxflCaption")]
            values = [tag.get_text() for tag in card.select("td.dxflNestedControlCell")]
            cards.append(dict(zip(captions, values, strict=True)))
        return cards

    @property
    def rows(self) -> list[list[str]] | None:
        """The grid's rows; None where there is no grid."""
        grid = self.soup.find(id=f"{GRID}_DXMainTable")
        if not isinstance(grid, Tag):
            return None
        return [
            [cell.get_text() for cell in row.find_all("td")]
            for row in grid.find_all("tr", class_="dxgvDataRow")
        ]

    @property
    def total(self) -> str | None:
        footer = self.soup.find(id=f"{GRID}_DXFooterRow")
        return footer.find_all("td")[1].get_text() if isinstance(footer, Tag) else None

    @property
    def choices(self) -> list[str]:
        return [tag.get_text() for tag in self.soup.select("#cboType_DDD_L_LBT .dxeListBoxItem")]

    @property
    def captcha_src(self) -> str:
        found = re.search(r'id="ASPxRoundPanel1_ASPxCaptcha1_IMG" src="([^"]+)"', self.text)
        assert found
        return unescape(found[1])

    def value(self, name: str) -> str:
        """Return what stands in a text box."""
        field = self.soup.find("input", attrs={"name": name})
        assert isinstance(field, Tag)
        return str(field["value"])


class Browser:
    """One browser with its cookies."""

    def __init__(self, portal: SimulatedPortal) -> None:
        self.portal = portal

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=10)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.http.close()

    async def open(
        self, path: str, data: dict[str, str] | None = None, *, follow: bool = True
    ) -> Page:
        """GET a page, or POST a form."""
        url = path if path.startswith("http") else self.portal.base_url + path
        async with self.http.request(
            "GET" if data is None else "POST", url, data=data, allow_redirects=follow
        ) as response:
            cookies = [
                line
                for answer in (*response.history, response)
                for line in answer.headers.getall("Set-Cookie", [])
            ]
            return Page(
                response.status,
                str(response.url),
                response.headers.get("Location", ""),
                cookies[-1] if cookies else None,
                [(answer.status, answer.url.path) for answer in response.history],
                await response.text(errors="replace"),
            )

    async def raw(self, url: str) -> tuple[int, str, bytes]:
        """GET anything from an address of the origin."""
        async with self.http.get(self.portal.origin + url) as response:
            return response.status, response.content_type, await response.read()

    # --- signing in ---

    def credentials(
        self,
        page: Page,
        answer: str = "",
        *,
        username: str = DEMO_USERNAME,
        password: str = DEMO_PASSWORD,
    ) -> dict[str, str]:
        """Return the sign-in form, filled in."""
        return page.hidden | {
            f"{PANEL}$txtUsername": username,
            f"{PANEL}$txtPassword": password,
            f"{PANEL}$ASPxCaptcha1$TB": answer,
            f"{PANEL}$btnLogin": "Login",
        }

    async def to_captcha(self, **who: str) -> Page:
        """Enter name and password; return what comes then."""
        page = await self.open("ResLogin")
        return await self.open("ResLogin", self.credentials(page, **who))

    async def sign_in(self, **who: str) -> Page:
        """Sign in; return the shell page."""
        page = await self.to_captcha(**who)
        if "sc=" in page.url:
            form = self.credentials(page, self.portal.captcha_answer, **who)
            page = await self.open(page.url, form)
        assert page.url.endswith("/MainPage"), page.url
        return page

    # --- reports ---

    @staticmethod
    def usage_path(meter: str) -> str:
        """Return the path of a meter's report."""
        return f"Report/UsageHistory?p={base64.b64encode(meter.encode()).decode()}"

    async def send(
        self, page: Page, meter: str, type_value: str, first: date, last: date | None = None
    ) -> Page:
        """Send a report page's form: it switches the type, or searches."""
        form = page.hidden | {
            "cboType": TYPES[type_value],
            "cboType_VI": type_value,
            "cboDateFrom": f"{first:%d/%m/%Y}",
            "cboDateTo": f"{last or first:%d/%m/%Y}",
            "btnRefresh": "Search",
        }
        return await self.open(self.usage_path(meter), form)

    async def report(
        self, meter: str, type_value: str, first: date, last: date | None = None
    ) -> Page:
        """Read a report in the sequence that always works: open, switch, search."""
        page = await self.open(self.usage_path(meter))
        if type_value != page.value("cboType_VI"):
            page = await self.send(page, meter, type_value, first, last)
        return await self.send(page, meter, type_value, first, last)
