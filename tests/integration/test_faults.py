"""Every fault of the portal, by operation, at two moments, in a real Home Assistant."""

import logging
from contextlib import suppress
from datetime import timedelta

import pytest
from homeassistant.exceptions import HomeAssistantError

from tests.portal import Fault
from tests.support.faults import CASES, Case
from tests.support.harness import Harness

pytestmark = pytest.mark.history(days=6)

PATHS = {
    "account": "home",
    "daily": "report/usagehistory",
    "hourly": "report/usagehistory",
    "payment": "payment/webform2",
    "topups": "report/transactionhistory",
    "sign-in, step 1": "*",
    "sign-in, step 2": "*",
}
REPORTS = {"daily": "1", "hourly": "3"}
SAMPLE = {"status 503", "cut off", "NaN", "negative", "rows out of order", "thousands commas"}
"""One of each family, for the operations whose readings end up in statistics; all of the matrix
takes a quarter of an hour: `scripts/test -m matrix`."""
MOST_REQUESTS_AN_HOUR = 60
"""Polls every ten minutes, and what the history tries before it waits."""


@pytest.mark.parametrize("moment", ["first time", "with history"])
@pytest.mark.parametrize(
    ("case", "operation"),
    # A clock that stands lets no request run out of time; the client's own matrix has those two.
    [
        pytest.param(
            case,
            operation,
            marks=pytest.mark.long
            if str(case) in SAMPLE and operation in {"account", *REPORTS}
            else pytest.mark.matrix,
            id=f"{case}-{operation}",
        )
        for case in CASES
        if case.kind not in {"hang", "drip"}
        for operation in PATHS
    ],
)
async def test_a_fault_is_outlived(
    case: Case, moment: str, operation: str, account: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    portal = account.portal
    portal.set_profile(session_minutes=None)
    if moment == "with history":
        await account.start_history()
        await account.assert_statistics_equal_truth()
    signs_in = operation.startswith("sign-in")
    if signs_in:
        portal.expire()
        await account.forward(timedelta(minutes=12))
        assert account.state("sign_in_needed") == "on"
        if operation.endswith("2"):
            await account.call_sign_in()
    portal.add_fault(
        Fault(
            path=PATHS[operation],
            kind=case.kind,
            report=REPORTS.get(operation),
            **case.settings,
        )
    )
    portal.clear_requests()
    if signs_in:
        with suppress(HomeAssistantError):  # a sentence for the person who tries
            await account.sign_in()
    # Long enough that a day ends, and its reports are due.
    await account.forward(timedelta(minutes=12))
    await account.forward(timedelta(hours=11))
    await account.forward(timedelta(hours=1))
    await _nothing_is_wrong(account, signs=case.kind != "negative")
    if moment == "with history":
        assert len(portal.requests) <= 3 * MOST_REQUESTS_AN_HOUR

    portal.clear_faults()
    if account.state("sign_in_needed") == "on" and not (await account.sign_in())["signed_in"]:
        # That was to a picture that the fault has made worthless; there is a new one.
        assert (await account.sign_in())["signed_in"]
    for _ in range(4):
        await account.forward(timedelta(hours=7))
    await _all_is_right(account, case)
    ours = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert not [record for record in ours if record.exc_info and record.levelno > logging.DEBUG]


async def _all_is_right(account: Harness, case: Case) -> None:
    """Compare what is recorded after the fault with the truth."""
    if case.kind == "negative":  # current that flows back stays
        await _nothing_is_wrong(account, signs=False)
        return
    if case.kind == "nan":  # the hours left out are asked for again after some days
        for _ in range(8):
            await account.forward(timedelta(hours=12))
    await account.assert_statistics_equal_truth(published_before=timedelta(hours=13))


async def _nothing_is_wrong(account: Harness, *, signs: bool) -> None:
    """Compare what is recorded under the fault with the truth, now or before it was corrected.

    Without `signs`, values below zero count as if they were above.
    """
    before = account.now - timedelta(hours=13)
    for meter in account.portal.meters:
        real = dict(account.portal.truth(meter.number, "day"))
        shown = await account.statistics(meter, "daily")
        earlier = dict(account.portal.truth(meter.number, "day", at=before))
        wrong = [
            start
            for start, (state, _) in shown.items()
            if (state if signs else abs(state))
            not in {float(real[start]), float(earlier.get(start, real[start]))}
        ]
        assert wrong == []
