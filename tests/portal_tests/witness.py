"""Reads the simulated portal by the public client `usms`, in an environment of its own.

Usage: witness.py BASE_URL USERNAME PASSWORD DAY MONTH; prints what it read as JSON.
"""

import json
import sys
import urllib.request
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
from usms.core.auth import USMSAuthMixin
from usms.core.client import USMSClient
from usms.factory import initialize_usms_account

BASE_URL, USERNAME, PASSWORD, DAY, MONTH = sys.argv[1:]
BRUNEI = ZoneInfo("Asia/Brunei")


def answer(_picture: bytes) -> str:
    """Return what the portal has drawn, as a person would read it."""
    url = BASE_URL.replace("/SmartMeter/", "/_control/captcha")
    with urllib.request.urlopen(url) as response:
        return json.load(response)["answer"]


def rows(consumptions: object) -> list[tuple[str, str]]:
    """Return readings as ISO start and text."""
    items = consumptions.items() if hasattr(consumptions, "items") else consumptions
    return [(start.isoformat(), f"{value:.3f}") for start, value in items]


def main() -> None:
    """Sign in, read, print."""
    for owner in (USMSClient, USMSAuthMixin):
        for name in ("BASE_URL", "LOGIN_URL"):
            if hasattr(owner, name):
                address = getattr(owner, name)
                setattr(
                    owner, name, address.replace("https://www.usms.com.bn/SmartMeter/", BASE_URL)
                )
    account = initialize_usms_account(
        username=USERNAME, password=PASSWORD, client=httpx.Client(), captcha_solver=answer
    )
    found = []
    for meter in account.meters:
        payment = meter.fetch_payment_info()
        day = datetime.fromisoformat(DAY).replace(tzinfo=BRUNEI)
        month = datetime.fromisoformat(MONTH).replace(tzinfo=BRUNEI)
        hours = rows(meter.fetch_hourly_consumptions(day)) if meter.type == "Electricity" else []
        found.append(
            {
                "number": meter.no,
                "type": meter.type,
                "remaining_units": meter.remaining_unit,
                "balance": meter.remaining_credit,
                "status": meter.status,
                "payment": payment,
                "hours": hours,
                "days": rows(meter.fetch_daily_consumptions(month)),
            }
        )
    sys.stdout.write(json.dumps(found))


main()
