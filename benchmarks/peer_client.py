"""What the public client `usms` does, run in an environment of its own. Prints JSON.

peer_client.py sign_in | poll | history BASE_URL USERNAME PASSWORD
peer_client.py parse TIMES PAGE:KIND ...
"""

import asyncio
import json
import sys
import urllib.request
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

PORTAL = "https://www.usms.com.bn/SmartMeter/"


async def ask(what: str, base_url: str, username: str, password: str) -> float:
    """Sign in, and do what was asked; return how long that took, in seconds."""
    from usms.core.auth import USMSAuthMixin  # noqa: PLC0415 - `parse` needs none of it
    from usms.core.client import BaseUSMSClient  # noqa: PLC0415
    from usms.factory import initialize_usms_account  # noqa: PLC0415

    for owner, name in ((BaseUSMSClient, "BASE_URL"), (USMSAuthMixin, "LOGIN_URL")):
        setattr(owner, name, getattr(owner, name).replace(PORTAL, base_url))

    def answer(_picture: bytes) -> str:
        with urllib.request.urlopen(base_url.replace("/SmartMeter/", "/_control/captcha")) as page:
            return json.load(page)["answer"]

    began = perf_counter()
    account = await initialize_usms_account(
        username=username, password=password, async_mode=True, captcha_solver=answer
    )
    async with account:
        if what == "poll":
            await account.refresh_data()
        if what == "history":
            for meter in account.meters:
                await meter.get_all_daily_consumptions()
                if meter.supports_hourly_consumptions:
                    await meter.get_all_hourly_consumptions()
    return perf_counter() - began


def parse(times: int, pages: list[str]) -> dict[str, dict[str, float]]:
    """Return the processor's time a page, in ms: by the client, and by lxml's parser in C."""
    from lxml import html  # noqa: PLC0415
    from usms.parsers.account_info_parser import AccountInfoParser  # noqa: PLC0415
    from usms.parsers.asp_state_parser import ASPStateParser  # noqa: PLC0415
    from usms.parsers.error_message_parser import ErrorMessageParser  # noqa: PLC0415
    from usms.parsers.meter_consumptions_parser import MeterConsumptionsParser  # noqa: PLC0415

    # All that it has read each page for.
    readers = {
        "home": (ASPStateParser, AccountInfoParser),
        "report": (ASPStateParser, ErrorMessageParser, MeterConsumptionsParser),
    }
    found: dict[str, dict[str, float]] = {}
    for page in pages:
        file, _, kind = page.rpartition(":")
        text = Path(file).read_bytes()
        peers = [reader.parse for reader in readers[kind]]
        ways = {"peer": peers, "limit": [html.document_fromstring]}
        found[kind] = {}
        for name, passes in ways.items():
            took = []
            for _ in range(times):
                began = process_time()
                for read in passes:
                    read(text)
                took.append(1000 * (process_time() - began))
            found[kind][name] = median(took)
    return found


def main() -> None:
    """Do it, and print what it gave."""
    what, *rest = sys.argv[1:]
    done = parse(int(rest[0]), rest[1:]) if what == "parse" else asyncio.run(ask(what, *rest))
    sys.stdout.write(json.dumps(done))


main()
