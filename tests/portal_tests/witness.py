"""What the public client `usms` reads of a portal, as JSON.

Runs in that client's own environment, with nothing of this project: the one independent witness
of how the real portal behaves. Usage: witness.py BASE_URL USERNAME PASSWORD DAY
"""

import json
import sys
import urllib.request
from datetime import datetime

import httpx
from usms import initialize_usms_account
from usms.config.constants import BRUNEI_TZ
from usms.core.auth import USMSAuthMixin
from usms.core.client import BaseUSMSClient


def main(base_url: str, username: str, password: str, day: str) -> None:
    BaseUSMSClient.BASE_URL = base_url
    USMSAuthMixin.LOGIN_URL = f"{base_url}ResLogin"
    captcha_url = base_url.replace("/SmartMeter/", "/_control/captcha")

    def answer(_image: bytes) -> str:
        with urllib.request.urlopen(captcha_url, timeout=10) as response:
            return json.load(response)["answer"]

    moment = datetime.fromisoformat(day).replace(tzinfo=BRUNEI_TZ)
    with httpx.Client(trust_env=False, timeout=10) as client:
        account = initialize_usms_account(username, password, client, captcha_solver=answer)
        meters = []
        for meter in account.meters:
            payment = meter.fetch_payment_info()
            meters.append(
                {
                    "number": meter.no,
                    "type": meter.type,
                    "unit": meter.unit,
                    "status": meter.status,
                    "remaining_units": meter.remaining_unit,
                    "balance": meter.remaining_credit,
                    "last_updated": meter.last_update.isoformat(),
                    "payment": payment,
                    "hours": _rows(meter.fetch_hourly_consumptions(moment)),
                    "days": _rows(meter.fetch_daily_consumptions(moment)),
                }
            )
    print(json.dumps({"name": account.name, "meters": meters}))


def _rows(readings: dict[datetime, float]) -> list[tuple[str, float]]:
    return [(start.isoformat(), value) for start, value in readings.items()]


if __name__ == "__main__":
    main(*sys.argv[1:])
