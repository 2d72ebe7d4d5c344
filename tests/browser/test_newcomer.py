"""The first ten minutes on a phone: from adding the integration to figures that are true."""

import re
import time
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from .conftest import control, drawn, read_portal, screenshot, visit
from .test_demo import captcha, sign_in_to_home_assistant

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

MOST_TAPS = 12
MOST_SECONDS = 60


class Newcomer:
    """A person who taps, and waits for what comes."""

    def __init__(self, page: Page) -> None:
        """Begin."""
        self._page = page
        self.taps = 0
        self.waited = 0.0

    async def tap(self, name: str, *, role: Any = "button") -> None:
        """Tap a button, once it is there."""
        await self.tap_on(self._page.get_by_role(role, name=name).first)

    async def tap_on(self, place: Locator) -> None:
        """Tap a place, once it is there."""
        await self.see(place)
        await place.click()
        self.taps += 1

    async def see(self, place: Locator, text: str | re.Pattern[str] | None = None) -> None:
        """Wait for a place, and for a text in it."""
        began = time.monotonic()
        await expect(place).to_be_visible(timeout=60_000)
        if text:
            await expect(place).to_contain_text(text, timeout=60_000)
        self.waited += time.monotonic() - began


@pytest.mark.parametrize("demo_options", [["--no-entry"]])
async def test_a_newcomer_on_a_phone(page: Page, demo: dict[str, Any]) -> None:
    await control(demo, "profile", {"second_login": "both_live"})
    await page.set_viewport_size({"width": 390, "height": 844})
    await sign_in_to_home_assistant(page, demo, "/config/integrations/dashboard/add?domain=usms")
    person = Newcomer(page)
    await person.tap("OK")
    await person.see(page.locator("input[name=username]"))
    await page.locator("input[name=username]").fill(demo["portal_username"])
    await page.locator("input[name=password]").fill(demo["portal_password"])
    await person.tap("Submit")
    await person.see(page.locator("ha-markdown img").last)
    await drawn(captcha(page))
    await screenshot(page, "newcomer-captcha")
    answer = (await control(demo, "captcha"))["answer"]
    await page.locator("input[name=captcha]").fill(answer)
    await person.tap("Submit")
    await person.see(page.get_by_text("Add to the Energy dashboard"))
    await screenshot(page, "newcomer-found")
    await person.tap("Submit")
    await person.tap("Skip and finish")
    # Home Assistant goes to the integration's page once the dialog has closed.
    await expect(page.get_by_role("button", name="Skip and finish")).to_have_count(0)
    await page.wait_for_load_state("networkidle")

    await visit(page, f"{demo['url']}/config/lovelace/dashboards")
    await person.tap("Add dashboard")
    await person.tap_on(page.locator("ha-dialog, dialog").get_by_text("USMS", exact=True))
    await person.tap("Create")
    await person.tap_on(page.locator("ha-data-table").get_by_text("USMS", exact=True))
    await control(demo, "clock", await control(demo, "clock"))  # let it stand still
    account = await read_portal(demo)
    for meter in account.meters:
        name = str(meter.utility).capitalize()
        card = page.locator("usms-meter-card").filter(has_text=name)
        await person.see(card, f"{meter.balance:,.2f}")
        await person.see(card, "Lasts until")
    await screenshot(page, "newcomer-dashboard")

    await visit(page, f"{demo['url']}/energy")
    total = page.get_by_role("row").filter(has_text="Grid total")
    await person.tap_on(page.get_by_role("button", name="Select time period").first)
    await person.tap_on(page.get_by_text("This month").last)
    await person.see(total, re.compile(r"[1-9][\d.,]*\s*(kWh|MWh)"))
    await screenshot(page, "newcomer-energy")
    print(f"\n{person.taps} taps, {person.waited:.1f} s of waiting")
    assert person.taps <= MOST_TAPS
    assert person.waited <= MOST_SECONDS
