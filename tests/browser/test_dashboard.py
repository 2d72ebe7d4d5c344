"""The dashboard that comes with the integration, as people see it."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import aiohttp
import pytest
from playwright.async_api import Locator, Page, Route, expect

from custom_components.usms.client import Account
from tests.portal.accounts import OTHER_PASSWORD, OTHER_USERNAME
from tests.support.home_assistant import HomeAssistant, HomeAssistantFailed

from .conftest import SCREENSHOTS, call, control, drawn, read_portal, screenshot, soon, visit

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
ERROR_CARDS = "hui-error-card, hui-error-section, hui-warning"


@pytest.fixture
async def home(demo: dict[str, Any]) -> AsyncIterator[HomeAssistant]:
    """The demo's Home Assistant, over its APIs."""
    async with aiohttp.ClientSession() as http:
        home = HomeAssistant(http, demo["url"])
        home.token = demo["token"]
        yield home


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the script wrote to the console, and errors that reached the page."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text))
    return found


def ours(complaints: list[str]) -> list[str]:
    return [line for line in complaints if "usms" in line.lower()]


async def open_page(page: Page, demo: dict[str, Any], path: str, *, language: str = "en") -> None:
    """Open a page of Home Assistant, signed in."""
    tokens = {
        "hassUrl": demo["url"],
        "clientId": f"{demo['url']}/",
        "access_token": demo["token"],
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 10**9,
        "expires": 10**13,
    }
    stored = {"hassTokens": tokens, "selectedLanguage": language}
    for key, value in stored.items():
        script = f"localStorage.setItem({json.dumps(key)}, {json.dumps(json.dumps(value))})"
        await page.add_init_script(script)
    await visit(page, demo["url"] + path)


def meter_card(page: Page, utility: str) -> Locator:
    return page.locator("usms-meter-card").filter(has_text=f"{utility}")


async def history_is_read(home: HomeAssistant, *, hours: bool = False) -> None:
    """Wait until every day of the history is there; the hours come behind."""

    async def is_read() -> bool:
        states = await home.call("GET", "/api/states")
        progress = [s for s in states if s["entity_id"].endswith("_history_progress")]
        days = progress and progress[0]["attributes"].get("days_complete")
        return bool(days and (progress[0]["state"] == "100" or not hours))

    await soon("the history is read", is_read, within=1200 if hours else 120)


async def entity(home: HomeAssistant, key: str, device: str = "") -> str:
    """Return the entity with that translation key, of the device whose name begins so."""
    devices = {d["id"]: d["name"] for d in await home.command("config/device_registry/list")}
    for known in await home.command("config/entity_registry/list"):
        named = devices.get(known["device_id"], "").startswith(device)
        if known["platform"] == "usms" and known["translation_key"] == key and named:
            return str(known["entity_id"])
    raise AssertionError(f"no entity {key} of {device}")


async def whole(page: Page, width: int) -> None:
    """Make the window as high as the dashboard."""
    view = page.locator("hui-sections-view")
    height = await view.evaluate("view => view.getBoundingClientRect().height")
    await page.set_viewport_size({"width": width, "height": min(4000, int(height) + 70)})
    await expect(page.locator("usms-usage-card").last).to_be_visible()


async def nothing_sticks_out(page: Page) -> None:
    """No text of a card is cut off or leaves it, once the columns are those of the window."""
    script = """cards => cards.length > 0
      && cards.every(card => card.scrollWidth <= card.clientWidth + 1)
      && document.documentElement.scrollWidth <= innerWidth"""

    async def fits() -> bool:
        return bool(await page.locator("ha-card").evaluate_all(script))

    await soon("every card is as wide as what is in it", fits)


@pytest.mark.timeout(1800 if SCREENSHOTS else 300)
async def test_adding_it_and_what_it_shows(
    page: Page, demo: dict[str, Any], home: HomeAssistant, complaints: list[str]
) -> None:
    await history_is_read(home, hours=bool(SCREENSHOTS))  # pictures show all of it
    # Three clicks: Add dashboard, USMS, Create.
    await open_page(page, demo, "/config/lovelace/dashboards")
    await page.get_by_role("button", name="Add dashboard").click()
    await page.locator("ha-dialog, dialog").get_by_text("USMS", exact=True).click()
    await expect(page.get_by_role("textbox", name="Title")).to_have_value("USMS")
    await page.get_by_role("button", name="Create").click()
    added: list[str] = []

    async def is_added() -> bool:
        paths = [d["url_path"] for d in await home.command("lovelace/dashboards/list")]
        added[:] = [path for path in paths if path.startswith("dashboard-")]
        return bool(added)

    async def is_ours() -> bool:
        try:
            config = await home.command("lovelace/config", url_path=added[0])
        except HomeAssistantFailed:  # it is listed before its strategy is saved
            return False
        return bool(config["strategy"]["type"] == "custom:usms")

    await soon("a dashboard is listed", is_added)
    await soon("the dashboard has the strategy", is_ours)

    await control(demo, "profile", {"second_login": "both_live"})
    await control(demo, "clock", await control(demo, "clock"))  # let it stand still
    await perform(demo, "button/press", {"entity_id": await entity(home, "read_now")})
    account = await read_portal(demo)
    await visit(page, f"{demo['url']}/{added[0]}")
    await shows(page, account)
    for name, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await page.set_viewport_size({"width": width, "height": height})
            for card in await page.locator("usms-usage-card").all():
                await expect(card.locator(".slot i, .track i").first).to_be_attached()
            await nothing_sticks_out(page)
            # Both balances are there before a person has scrolled far.
            await expect(page.locator("usms-meter-card").last).to_be_in_viewport()
            if name == "desktop":
                await whole(page, width)
            await screenshot(page, f"dashboard-{name}-{scheme}")
    if SCREENSHOTS:
        await in_malay(page, demo, home, added[0])
    assert await page.locator(ERROR_CARDS).count() == 0
    assert ours(complaints) == []


async def in_malay(page: Page, demo: dict[str, Any], home: HomeAssistant, path: str) -> None:
    """Take pictures of a dashboard whose owner chose Malay."""
    config = {"strategy": {"type": "custom:usms", "language": "ms"}}
    await home.command("lovelace/config/save", url_path=path, config=config)
    for name, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        await visit(page, f"{demo['url']}/{path}")
        await expect(meter_card(page, "Elektrik")).to_contain_text("Cukup sehingga")
        await expect(page.locator("usms-usage-card .slot i").first).to_be_attached()
        if name == "desktop":
            await whole(page, width)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await screenshot(page, f"dashboard-ms-{name}-{scheme}")


async def shows(page: Page, account: Account) -> None:
    """Compare the cards with the portal's."""
    for meter in account.meters:
        assert meter.balance is not None
        assert meter.remaining_units is not None
        card = meter_card(page, str(meter.utility).capitalize())
        await expect(card).to_contain_text(f"{meter.balance:,.2f}")
        await expect(card).to_contain_text("Lasts until")
        await expect(card.get_by_role("button", name="This month")).to_be_visible()
        top_up = card.get_by_role("link", name="Top up")
        number = base64.b64encode(meter.number.encode()).decode()
        await expect(top_up).to_have_attribute("href", re.compile(quote(number, safe="")))


@pytest.mark.parametrize("demo_options", [["--days", "20"]])
async def test_reading_a_chart_and_a_dialog(
    page: Page, demo: dict[str, Any], home: HomeAssistant, complaints: list[str]
) -> None:
    await history_is_read(home, hours=True)
    await control(demo, "clock", await control(demo, "clock"))  # let it stand still
    await open_page(page, demo, demo["dashboard"])
    chart = page.locator("usms-usage-card").first
    readout = chart.locator("#readout")
    total = await readout.text_content()
    plot = chart.locator(".plot")
    await chart.locator(".slot:has(i)").nth(1).hover()
    await expect(readout).to_have_text(re.compile(r"\d kWh · BND\s\d"))
    await expect(readout).not_to_have_text(total or "")
    await chart.locator(".slot").nth(-2).hover()
    pointed = await readout.text_content()
    await page.mouse.move(5, 5)
    await expect(readout).to_have_text(total or "")
    await plot.focus()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(readout).to_have_text(pointed or "")
    await page.keyboard.press("Escape")
    await expect(readout).to_have_text(total or "")
    await meter_card(page, "Water").get_by_role("button", name="Tier").click()
    await expect(page.locator("ha-more-info-dialog")).to_contain_text("Tier")
    await page.keyboard.press("Escape")

    # Malay, where a person chooses it.
    ours_in_malay = {"strategy": {"type": "custom:usms", "language": "ms"}}
    await home.command("lovelace/config/save", url_path=demo["dashboard"][1:], config=ours_in_malay)
    await page.goto("about:blank")  # the dialog that closes may still go back in the history
    await open_page(page, demo, demo["dashboard"])
    await expect(meter_card(page, "Elektrik")).to_contain_text("Cukup sehingga")
    await expect(page.locator("usms-usage-card").first).to_contain_text("Penggunaan harian")
    await whole(page, 1280)
    assert ours(complaints) == []


@pytest.mark.parametrize("demo_options", [["--days", "20"]])
async def test_from_right_to_left(page: Page, demo: dict[str, Any], home: HomeAssistant) -> None:
    await history_is_read(home)
    await open_page(page, demo, demo["dashboard"], language="he")
    card = meter_card(page, "Electricity")
    await expect(card).to_be_visible()
    await page.wait_for_function("document.dir === 'rtl'")
    balance, units = card.locator(".balance bdi"), card.locator(".row .dim bdi").first
    await expect(balance).to_be_visible()
    await expect(units).to_be_visible()

    async def mirrored() -> bool:
        return await ends(units) < await ends(balance)

    async def from_the_right() -> bool:
        return await ends(card.locator(".bar .is")) == await ends(card.locator(".bar").first)

    await soon("units stand left of the balance", mirrored)
    await soon("bars grow from the right", from_the_right)
    for size in SIZES.values():
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await nothing_sticks_out(page)
    await screenshot(page, "dashboard-he")


async def ends(part: Locator) -> int:
    return int(await part.evaluate("part => Math.round(part.getBoundingClientRect().right)"))


async def test_signing_in_on_the_dashboard(
    page: Page, demo: dict[str, Any], home: HomeAssistant, complaints: list[str]
) -> None:
    await history_is_read(home)
    await open_page(page, demo, demo["dashboard"])
    card = page.locator("usms-account-card")
    balance = meter_card(page, "Electricity").locator(".balance")
    await expect(balance).to_be_visible()
    before = await balance.text_content()
    await page.goto("about:blank")

    await end_session(demo, home)
    captcha = await entity(home, "captcha")
    needed = await entity(home, "sign_in_needed")
    await until(home, needed, "on")
    # Nothing is asked of the portal before a person looks.
    assert (await home.call("GET", f"/api/states/{captcha}"))["state"] == "unknown"

    await page.set_viewport_size({"width": 390, "height": 844})
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await open_page(page, demo, demo["dashboard"])
    picture = card.locator("img")
    await drawn(picture)
    # The balance is still there, small and dated.
    await expect(meter_card(page, "Electricity")).to_contain_text("as of")
    await expect(balance).to_have_text(before or "")
    assert "Unavailable" not in (await page.locator("hui-sections-view").inner_text())
    await screenshot(page, "dashboard-sign-in")

    field = card.get_by_label("Characters in the picture")
    # Meanwhile another person has one drawn: what was typed is not of that.
    await field.fill("abc")
    await another_picture(demo, home)
    await expect(card).to_contain_text("The picture has changed")
    await expect(field).to_have_value("")
    first = await picture.get_attribute("src")
    await field.fill("wrong")
    await field.press("Enter")
    await expect(card).to_contain_text("That was not what the picture showed")
    await expect(picture).not_to_have_attribute("src", first or "")
    await expect(field).to_have_value("")
    second = await picture.get_attribute("src")
    await card.get_by_role("button", name="Another picture").click()
    await expect(picture).not_to_have_attribute("src", second or "")
    await field.fill((await control(demo, "captcha"))["answer"])
    await card.get_by_role("button", name="Sign in").click()
    await until(home, needed, "off")
    await expect(card.locator("form")).to_have_count(0)
    await expect(meter_card(page, "Electricity")).not_to_contain_text("Sign-in needed")
    await expect(meter_card(page, "Electricity")).not_to_contain_text("as of")
    assert ours(complaints) == []


async def end_session(demo: dict[str, Any], home: HomeAssistant, *accounts: str) -> None:
    """Let the portal end all sessions, and the accounts notice; the one that there is, or those."""
    await control(demo, "expire", {})
    for account in accounts or [""]:
        pressed = {"entity_id": await entity(home, "read_now", account)}
        with suppress(HTTPError):  # the button says that a sign-in is needed
            await perform(demo, "button/press", pressed)


async def another_picture(demo: dict[str, Any], home: HomeAssistant) -> None:
    """Have a picture drawn by the action."""
    (entry,) = await home.call("GET", "/api/config/config_entries/entry", params={"domain": "usms"})
    await perform(demo, "usms/sign_in?return_response", {"account": entry["entry_id"]})


async def perform(demo: dict[str, Any], action: str, data: dict[str, Any]) -> None:
    token = {"Authorization": f"Bearer {demo['token']}"}
    await call(f"{demo['url']}/api/services/{action}", data, **token)


@pytest.mark.parametrize("demo_options", [["--days", "20"]])
async def test_signing_in_without_the_entities_that_say_so(
    page: Page, demo: dict[str, Any], home: HomeAssistant, complaints: list[str]
) -> None:
    await history_is_read(home, hours=True)
    await open_page(page, demo, demo["dashboard"])
    electricity = meter_card(page, "Electricity")
    await expect(electricity.locator(".balance")).to_be_visible()
    card = page.locator("usms-account-card")
    await expect(card).to_have_count(0)
    for key in ("sign_in_needed", "captcha"):
        await home.command(
            "config/entity_registry/update",
            entity_id=await entity(home, key),
            disabled_by="user",
        )
    await end_session(demo, home)
    await drawn(card.locator("img"))
    await expect(electricity).to_contain_text("Sign-in needed")
    await screenshot(page, "dashboard-sign-in-without-entities")
    field = card.get_by_label("Characters in the picture")
    await field.fill((await control(demo, "captcha"))["answer"])
    await field.press("Enter")
    await expect(card).to_have_count(0)
    await expect(electricity).not_to_contain_text("Sign-in needed")
    assert await page.locator(ERROR_CARDS).count() == 0
    assert ours(complaints) == []


@pytest.mark.parametrize("demo_options", [["--days", "20"]])
async def test_the_edges_of_three_meters_and_two_accounts(
    page: Page, demo: dict[str, Any], home: HomeAssistant, complaints: list[str]
) -> None:
    await history_is_read(home)
    await open_page(page, demo, demo["dashboard"])
    await expect(page.locator("usms-usage-card .slot i").first).to_be_attached()
    two = await edges(page, "meter", "usage")
    await add_other_account(demo, home)
    await expect(meter_card(page, "Electricity 0009")).to_contain_text("BND")
    for width, columns in ((1280, 2), (1700, 3)):
        await page.set_viewport_size({"width": width, "height": 900})
        await soon("charts stand below balances", partial(in_columns, page, columns))
    await page.set_viewport_size({"width": 1280, "height": 900})
    await end_session(demo, home, "USMS account 1234", "USMS account 5678")
    pictures = page.locator("usms-account-card img")
    await expect(pictures).to_have_count(2)
    assert await in_columns(page, 2, "account", "meter", "usage")
    first, second = [await card.bounding_box() for card in await pictures.all()]
    assert first
    assert second
    assert first["y"] == second["y"]
    for utility in ("Electricity 0001", "Water 0001", "Electricity 0009"):
        await expect(meter_card(page, utility).locator(".balance")).to_be_in_viewport()
    # One account alone has the width of its two meters.
    (*_, other) = await home.call(
        "GET", "/api/config/config_entries/entry", params={"domain": "usms"}
    )
    await home.call("DELETE", f"/api/config/config_entries/entry/{other['entry_id']}")
    await expect(pictures).to_have_count(1)
    left, right = min(two), max(two)

    async def wide() -> bool:
        return await edges(page, "account") == {(left[0], right[1])}

    await soon("the card to sign in is as wide as both meters", wide)
    assert await page.locator(ERROR_CARDS).count() == 0
    assert ours(complaints) == []


async def edges(page: Page, *cards: str) -> set[tuple[int, int]]:
    """Return where the cards of those kinds that are shown begin and end, from left to right."""
    script = "cards => cards.map(card => card.getBoundingClientRect()).map(c => [c.left, c.right])"
    tags = ", ".join(f"usms-{card}-card" for card in cards)
    found = await page.locator(tags).evaluate_all(script)
    return {(round(left), round(right)) for left, right in found if right > left}


async def in_columns(page: Page, columns: int, *cards: str) -> bool:
    """Whether cards of those kinds, or balances and charts, share so many columns."""
    kinds = cards or ("meter", "usage", "facts")
    found = await edges(page, *kinds)
    return len(found) == columns and all([await edges(page, kind) == found for kind in kinds])


async def add_other_account(demo: dict[str, Any], home: HomeAssistant) -> None:
    """Add the portal's other account, with a meter of its own; both stay signed in."""
    await control(demo, "profile", {"second_login": "both_live"})
    path = "/api/config/config_entries/flow"
    flow = await home.call("POST", path, json={"handler": "usms"})
    answers: list[dict[str, Any]] = [{"username": OTHER_USERNAME, "password": OTHER_PASSWORD}, {}]
    for answer in answers:
        shown = answer or {"captcha": (await control(demo, "captcha"))["answer"]}
        flow = await home.call("POST", f"{path}/{flow['flow_id']}", json=shown)
    await home.call("POST", f"{path}/{flow['flow_id']}", json={})


async def until(home: HomeAssistant, entity_id: str, state: str) -> None:
    async def is_so() -> bool:
        found = await home.call("GET", f"/api/states/{entity_id}")
        return bool(found["state"] == state)

    await soon(f"{entity_id} is {state}", is_so, within=30)


@pytest.mark.parametrize("demo_options", [["--days", "20"]])
async def test_entities_and_accounts_that_go(
    page: Page, demo: dict[str, Any], home: HomeAssistant, complaints: list[str]
) -> None:
    await history_is_read(home)
    await open_page(page, demo, demo["dashboard"])
    card = meter_card(page, "Electricity")
    await expect(card).to_contain_text("Tier 1")
    # A person disables an entity, and enables it again.
    tier = await entity(home, "tier", "Electricity")
    update = "config/entity_registry/update"
    await home.command(update, entity_id=tier, disabled_by="user")
    await expect(card).not_to_contain_text("Tier 1")
    await expect(card).to_contain_text("BND")
    await home.command(update, entity_id=tier, disabled_by=None)
    (entry,) = await home.call("GET", "/api/config/config_entries/entry", params={"domain": "usms"})
    path = f"/api/config/config_entries/entry/{entry['entry_id']}"
    await home.call("POST", f"{path}/reload")
    await expect(card).to_contain_text("Tier 1", timeout=60_000)
    # And a meter's balance: the card goes on without it.
    balance = await entity(home, "balance", "Electricity")
    await home.command(update, entity_id=balance, disabled_by="user")
    await expect(card.locator(".balance")).to_have_count(0)
    await expect(card).to_contain_text("Tier 1")
    await expect(meter_card(page, "Water")).to_be_visible()
    # The account is removed.
    await home.call("DELETE", path)
    await expect(page.get_by_role("link", name="Add an account")).to_be_visible()
    await expect(page.locator("usms-meter-card, usms-usage-card")).to_have_count(0)
    await screenshot(page, "dashboard-empty")
    assert await page.locator(ERROR_CARDS).count() == 0
    assert ours(complaints) == []


@pytest.mark.parametrize("demo_options", [["--days", "20"]])
@pytest.mark.parametrize(
    ("late", "seconds"),
    [("**/usms-dashboard.js", 3), ("**/usms-cards.js", 3), ("**/frontend_latest/app.*.js", 3)],
)
async def test_parts_that_come_late(
    page: Page, demo: dict[str, Any], late: str, seconds: float
) -> None:
    delayed: list[str] = []

    async def delay(route: Route) -> None:
        delayed.append(route.request.url)
        await asyncio.sleep(seconds)
        await route.continue_()

    await page.route(late, delay)
    await open_page(page, demo, demo["dashboard"])
    await expect(meter_card(page, "Electricity")).to_contain_text("BND")
    await expect(meter_card(page, "Water")).to_contain_text("BND")
    assert delayed
    assert await page.locator(ERROR_CARDS).count() == 0


@pytest.mark.parametrize("demo_options", [["--days", "20"]])
async def test_what_draws_the_cards_fails_to_load(page: Page, demo: dict[str, Any]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.route("**/usms-cards.js*", lambda route: route.abort())
    await open_page(page, demo, "/config/info")
    await expect(page.locator("ha-panel-config")).to_be_visible()
    assert any("usms-dashboard.js" in url for url in asked)
    assert not any("usms-cards.js" in url for url in asked)  # other pages do without
    await go(page, demo["dashboard"])
    alerts = page.locator("usms-meter-card ha-alert")
    await expect(alerts).to_contain_text(["can't be loaded"] * 2)
    await page.unroute("**/usms-cards.js*")
    await go(page, "/config/info")
    await expect(page.locator("ha-panel-config")).to_be_visible()
    await go(page, demo["dashboard"])
    for utility in ("Electricity", "Water"):
        await expect(meter_card(page, utility)).to_contain_text("BND")
    assert await page.locator(ERROR_CARDS).count() == 0


async def go(page: Page, path: str) -> None:
    """Go to another page of Home Assistant, which stays loaded."""
    await page.evaluate(
        """path => {
          history.pushState(null, "", path);
          window.dispatchEvent(new CustomEvent("location-changed", { detail: {} }));
        }""",
        path,
    )


@pytest.mark.parametrize("demo_options", [["--days", "20"]])
async def test_choosing_the_card(page: Page, demo: dict[str, Any], home: HomeAssistant) -> None:
    path = "cards-by-hand"
    await home.command(
        "lovelace/dashboards/create",
        url_path=path,
        title="By hand",
        mode="storage",
        show_in_sidebar=True,
        require_admin=False,
    )
    views = [{"title": "By hand", "cards": []}]
    await home.command("lovelace/config/save", url_path=path, config={"views": views})
    await open_page(page, demo, f"/{path}?edit=1")
    await page.get_by_role("button", name="Add card").click()
    await page.get_by_role("tab", name="By card").click()
    await page.get_by_placeholder("Search").fill("USMS")
    offered = page.locator("hui-card-picker .card").filter(has_text="USMS meter").first
    await expect(offered.locator("usms-meter-card")).to_contain_text("Electricity")
    await screenshot(page, "dashboard-card-picker")
    await offered.locator(".overlay").click()
    dialog = page.locator("hui-dialog-edit-card")
    await expect(dialog.locator("usms-meter-card")).to_contain_text("Electricity")
    await expect(dialog.locator("ha-selector-device")).to_be_visible()
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.locator("hui-masonry-view usms-meter-card")).to_contain_text("BND")
