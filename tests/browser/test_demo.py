"""What a person sees: signing in with the captcha, and the meters."""

import io
import re
from contextlib import suppress
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, expect

from .conftest import call, control, drawn, read_portal, screenshot, soon, visit

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


async def sign_in_to_home_assistant(page: Page, demo: dict[str, Any], path: str) -> None:
    await visit(page, demo["url"] + path)
    await page.locator("input[name=username]").fill(demo["username"])
    await page.locator("input[name=password]").fill(demo["password"])
    await page.keyboard.press("Enter")


async def fill_credentials(page: Page, username: str, password: str) -> None:
    await page.locator("input[name=username]").fill(username)
    await page.locator("input[name=password]").fill(password)
    await page.get_by_role("button", name="Submit").click()


def captcha(page: Page) -> Locator:
    return page.locator("ha-markdown img").last


async def assert_captcha_is_readable(page: Page) -> None:
    """Check that what is on the screen has dark characters on a light ground."""
    shot = await captcha(page).screenshot()
    counts = Image.open(io.BytesIO(shot)).convert("L").histogram()
    dark, light = sum(counts[:80]), sum(counts[200:])
    assert light > 10 * dark > 1000


@pytest.mark.parametrize("demo_options", [["--no-entry"]])
async def test_signing_in_and_looking_at_the_meters(page: Page, demo: dict[str, Any]) -> None:
    await sign_in_to_home_assistant(page, demo, "/config/integrations/dashboard/add?domain=usms")
    await page.get_by_role("button", name="OK").click()

    await fill_credentials(page, demo["portal_username"], "wrong")
    await expect(page.get_by_text("The portal refuses this IC number or password")).to_be_visible()

    await fill_credentials(page, "01-001234", demo["portal_password"])
    first = await drawn(captcha(page))
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await assert_captcha_is_readable(page)
        await screenshot(page, f"captcha-{scheme}")
    await page.emulate_media(color_scheme="light")

    answer = page.locator("input[name=captcha]")
    await answer.fill("wrong")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("That was not what the picture showed")).to_be_visible()
    await expect(captcha(page)).not_to_have_attribute("src", first)
    second = await drawn(captcha(page))

    await page.get_by_role("button", name="Submit").click()  # empty: another picture
    await expect(captcha(page)).not_to_have_attribute("src", second)

    await answer.fill((await control(demo, "captcha"))["answer"])
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("Add to the Energy dashboard")).to_be_visible()
    await screenshot(page, "found")
    await page.get_by_role("button", name="Submit").click()
    await page.get_by_role("button", name="Skip and finish").click()
    await expect(page.get_by_text("USMS", exact=True).first).to_be_visible()


async def test_the_overview_shows_what_the_portal_shows(page: Page, demo: dict[str, Any]) -> None:
    await control(demo, "profile", {"second_login": "both_live"})
    await control(demo, "clock", await control(demo, "clock"))  # let it stand still
    home = {"Authorization": f"Bearer {demo['token']}"}
    states = await call(f"{demo['url']}/api/states", **home)
    button = next(state for state in states if state["entity_id"].endswith("_read_now"))
    pressed = {"entity_id": button["entity_id"]}
    await call(f"{demo['url']}/api/services/button/press", pressed, **home)
    account = await read_portal(demo)

    await sign_in_to_home_assistant(page, demo, demo["dashboard"])
    for meter in account.meters:
        assert meter.remaining_units is not None
        assert meter.balance is not None
        name = f"{str(meter.utility).capitalize()} {meter.number[-4:]}"
        card = page.locator("usms-meter-card").filter(has_text=name)
        await expect(card).to_contain_text(f"{meter.balance:,.2f}")
        digits = 0 if meter.remaining_units >= 100 else 1 if meter.remaining_units >= 10 else 2
        await expect(card).to_contain_text(f"{meter.remaining_units:,.{digits}f}")


async def open_list(page: Page, listed: Locator) -> None:
    """Open a picker's list; a dialog that still opens swallows the click, or shuts the list."""
    field = page.locator("ha-statistic-picker ha-picker-field").first
    for _ in range(5):
        if not await listed.is_visible():
            with suppress(PlaywrightError):  # the list that has opened meanwhile is in the way
                await field.click(timeout=10_000)
        with suppress(AssertionError):
            await expect(listed).to_be_visible(timeout=10_000)
            return
    pytest.fail("the picker's list does not open")


async def test_the_energy_dashboard_shows_the_history(page: Page, demo: dict[str, Any]) -> None:
    home = {"Authorization": f"Bearer {demo['token']}"}
    states = await call(f"{demo['url']}/api/states", **home)
    progress = next(s["entity_id"] for s in states if s["entity_id"].endswith("_history_progress"))

    async def days_are_read() -> bool:
        state = await call(f"{demo['url']}/api/states/{progress}", **home)
        return bool(state["attributes"].get("days_complete"))

    await soon("the days of the history are complete", days_are_read, within=120)
    await sign_in_to_home_assistant(page, demo, "/energy")
    await page.get_by_role("button", name="Select time period").first.click()
    await page.get_by_text("This month").last.click()
    total = page.get_by_role("row").filter(has_text="Grid total")
    await expect(total).to_contain_text(re.compile(r"[1-9][\d.,]*\s*(kWh|MWh)"))
    await expect(total).to_contain_text(re.compile(r"BND\s*[\d.,]*[1-9]"))
    await screenshot(page, "energy")

    # Beside what is a source already, the pickers offer the daily reports alone of ours.
    for utility, add in (("Electricity", "Add grid connection"), ("Water", "Add water source")):
        await visit(page, f"{demo['url']}/config/energy/{utility.lower()}")
        await page.get_by_role("button", name=add).click()
        listed = page.locator("ha-combo-box-item")
        await open_list(page, listed.filter(has_text="not listed"))

        async def only_the_report(listed: Locator = listed, utility: str = utility) -> bool:
            names = [text.partition("\n")[0] for text in await listed.all_inner_texts()]
            ours = [name for name in names if "0001" in name or "USMS" in name]
            return ours == [f"{utility} 0001 daily report"]

        await soon("the daily report alone of ours", only_the_report)
        await screenshot(page, f"energy-picker-{utility.lower()}")
