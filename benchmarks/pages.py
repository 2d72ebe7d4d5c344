"""How long it takes to parse the portal's pages."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import perf_counter

from custom_components.usms.client import NO_PACING, UsmsClient
from custom_components.usms.client.portal import pages, report_pages
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, SimulatedPortal


async def main() -> None:
    """Fetch each page once, parse it many times."""
    async with (
        SimulatedPortal(days=100) as portal,
        UsmsClient(base_url=portal.base_url, pacing=NO_PACING) as client,
    ):
        portal.set_profile(captcha=False)
        await client.sign_in(DEMO_USERNAME, DEMO_PASSWORD)
        await client.account()
        home = portal.last_page
        day = portal.now().date() - timedelta(days=9)
        await client.hourly(portal.meters[0].number, day)
        report = portal.last_page
        now = datetime.now(UTC)
        measure("account page", len(home), lambda: pages.account_page(home, now))
        measure("hourly report", len(report), lambda: report_pages.report_page(report))


def measure(name: str, size: int, parse: object, times: int = 100) -> None:
    """Print the mean time of a call."""
    assert callable(parse)
    began = perf_counter()
    for _ in range(times):
        parse()
    mean = (perf_counter() - began) / times
    print(f"{name}: {1000 * mean:.1f} ms a page of {size / 1024:.0f} kB")


asyncio.run(main())
