"""Every fault of the portal, by operation, at two moments: a documented error, or the truth.

`scripts/reliability` writes what came out into docs/reliability.md.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from custom_components.usms.client import NO_PACING, CaptchaRequired, Report, UsmsClient
from tests.portal import Fault, SimulatedPortal
from tests.support.faults import CASES, Case

from .conftest import NOW, PASSWORD, USERNAME

TODAY = NOW.date()
DAY = TODAY - timedelta(days=10)
MOMENTS = ("first time", "with history")
MOST_REQUESTS = 10
"""Of one operation; of a minute, for the client never tries again by itself."""


async def _sign_in(client: UsmsClient, portal: SimulatedPortal) -> None:
    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)


class Trial:
    """One portal and one client, of whom an operation is asked."""

    def __init__(self, portal: SimulatedPortal, client: UsmsClient) -> None:
        self.portal = portal
        self.client = client
        self.meter = portal.meters[0]
        self._required: CaptchaRequired | None = None

    async def prepare(self, operation: str, moment: str) -> None:
        """Bring the client where the operation begins; with history it has read reports."""
        if operation == "sign-in, step 1" and moment == MOMENTS[0]:
            return
        if operation != "sign-in, step 2" or moment == MOMENTS[1]:
            await _sign_in(self.client, self.portal)
        if moment == MOMENTS[1]:
            for n in range(2):
                await self.client.hourly(self.meter.number, DAY - timedelta(days=1 + n))
            if operation == "daily":
                await self.client.daily(self.meter.number, DAY - timedelta(days=9), DAY)
        if operation == "sign-in, step 2":
            await self.step_1()

    # --- the operations, each of which returns only the truth ---

    async def step_1(self) -> None:
        with pytest.raises(CaptchaRequired) as required:
            await self.client.sign_in(USERNAME, PASSWORD)
        assert required.value.challenge.image.startswith(b"\x89PNG")
        self._required = required.value

    async def step_2(self) -> None:
        assert self._required
        await self.client.answer(self._required.challenge, self.portal.captcha_answer)

    async def account(self) -> None:
        account = await self.client.account()
        shown = {m.number: (m.remaining_units, m.balance) for m in account.meters}
        real = {
            meter.number: (
                meter.remaining_units(NOW).quantize(Decimal("0.001")),
                meter.balance(NOW).quantize(Decimal("0.01")),
            )
            for meter in self.portal.meters
        }
        if account.unread:
            assert shown != real
            shown = {
                number: tuple(
                    value if read is None else read
                    for read, value in zip(shown.get(number, (None, None)), values, strict=True)
                )
                for number, values in real.items()
            }
        self._same(shown, real)

    async def hourly(self) -> None:
        report = await self.client.hourly(self.meter.number, DAY)
        self._is_truth(report, "hour")

    async def daily(self) -> None:
        report = await self.client.daily(self.meter.number, DAY - timedelta(days=6), DAY)
        self._is_truth(report, "day")

    async def payment(self) -> None:
        payment = await self.client.payment(self.meter.number)
        real = (
            self.meter.remaining_units(NOW).quantize(Decimal("0.001")),
            self.meter.balance(NOW).quantize(Decimal("0.01")),
            Decimal(0),
        )
        shown = (payment.remaining_units, payment.balance, payment.total_debt)
        self._same({1: shown}, {1: real})

    async def topups(self) -> None:
        meter = self.portal.meters[1]
        found = await self.client.topups(meter.number, TODAY - timedelta(days=89), TODAY)
        real = [topup for topup in meter.topups(NOW) if topup.at.date() >= TODAY - timedelta(89)]
        assert [(t.at, t.amount, t.units, t.recharge) for t in found] == [
            (t.at, t.amount, t.units, t.recharge) for t in real
        ]
        assert found

    def _is_truth(self, report: Report, resolution: str) -> None:
        real = [
            (start, value)
            for start, value in self.portal.truth(self.meter.number, resolution)
            if report.first <= start.date() <= report.last
        ]
        assert real
        shown = {r.start: (r.value,) for r in report.readings}
        if report.unread:  # what can't be read is left out, and nothing else
            assert 0 < len(shown) <= len(real)
        known = {start: (value,) for start, value in real if start in shown or not report.unread}
        self._same(shown, known)
        assert list(shown) == sorted(shown)

    def _same(self, shown: object, real: object) -> None:
        # A card may well say that somebody owes, and a row that current flowed back.
        if any(fault.kind == "negative" for fault in self.portal.faults):
            shown, real = _absolute(shown), _absolute(real)
        assert shown == real


def _absolute(amounts: object) -> object:
    assert isinstance(amounts, dict)
    return {key: tuple(abs(value) for value in of) for key, of in amounts.items()}


OPERATIONS: dict[str, tuple[str, Callable[[Trial], Awaitable[None]]]] = {
    "sign-in, step 1": ("*", Trial.step_1),
    "sign-in, step 2": ("*", Trial.step_2),
    "account": ("home", Trial.account),
    "hourly": ("report/usagehistory", Trial.hourly),
    "daily": ("report/usagehistory", Trial.daily),
    "payment": ("payment/webform2", Trial.payment),
    "topups": ("report/transactionhistory", Trial.topups),
}


@pytest.mark.parametrize(
    "operation",
    [
        # All of them take minutes; the account's show the same of every fault.
        pytest.param(operation, marks=() if operation == "account" else pytest.mark.long)
        for operation in OPERATIONS
    ],
)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_fault(
    case: Case,
    operation: str,
    record_property: Callable[[str, object], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    path, operate = OPERATIONS[operation]
    outcomes = []
    for moment in MOMENTS:
        async with (
            SimulatedPortal(seed=1, days=60, now=NOW) as portal,
            UsmsClient(base_url=portal.base_url, pacing=NO_PACING, timeout=30) as client,
        ):
            trial = Trial(portal, client)
            await trial.prepare(operation, moment)
            portal.clear_requests()
            portal.add_fault(Fault(path=path, kind=case.kind, **case.settings))
            if case.kind in {"hang", "drip"}:
                client.timeout = 0.05
            outcomes.append(await _outcome(operate(trial), case))
            assert len(portal.requests) <= MOST_REQUESTS

            portal.clear_faults()
            client.timeout = 30
            await _sign_in(client, portal)
            if not operation.startswith("sign-in"):
                await operate(trial)
            await trial.account()
    record_property("cell", f"{case}|{operation}|{'|'.join(outcomes)}")
    ours = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert ours
    assert not [record for record in ours if record.exc_info or record.levelno >= logging.ERROR]


async def _outcome(operation: Awaitable[None], case: Case) -> str:
    """Return the documented error that an operation ended with, or that it told the truth."""
    try:
        await operation
    except case.errors as err:
        return type(err).__name__
    assert not case.always, "it can't have succeeded"
    return "right"
