"""History into the store: plan, read, check, store, one report at a time.

Home Assistant and the command line run the same loop. It may be stopped at any moment and goes on
where it stopped: what was read is committed before the next report is asked for.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

from ..back_off import BackOff
from ..brunei import utcnow
from ..errors import ClockWrong, NoData, PageNotUnderstood, ReportNotOffered
from ..models import Reading, Resolution, Utility
from ..store.models import DayState, StoredMeter
from . import plan, settling
from .known_days import KnownDays
from .ownership import read_report
from .plan import MeterState, Step
from .progress import Pace, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from ..models import Account, Meter, Unread
    from ..store import ReadingsStore
    from .payments import PaymentsSync
    from .source import ReportSource

_LOGGER = logging.getLogger(__name__)

CLOCK_TOLERANCE: Final = timedelta(hours=1)
"""By how much this machine's clock may differ from the portal's."""
_DEFERRED_FOR: Final = timedelta(hours=6)
_LONGEST_DEFERRED: Final = timedelta(days=4)
_NOT_UNDERSTOOD_IN_A_ROW: Final = 3
_PAGE_SERVES: Final = "open_page_serves"
_PAGE_SERVES_KNOWN_FOR: Final = timedelta(days=30)


class Sync:
    """Keeps the store of an account up to date with the portal."""

    def __init__(
        self, client: ReportSource, store: ReadingsStore, *, now: Callable[[], datetime] = utcnow
    ) -> None:
        """Read through that client into that store; `now` returns the time."""
        self._client = client
        self._store = store
        self._now = now
        self._states: dict[str, MeterState] = {}
        self._present: set[str] = set()
        self._outlook: plan.Outlook | None = None
        """Of the states; None until someone asks."""
        self._deferred: dict[Step, datetime] = {}
        self._delays: dict[Step, BackOff] = {}  # of what was not understood, the next
        self._unread: Unread | None = None
        self._pace = Pace()

    async def open(self) -> None:
        """Take up what the store holds."""
        known = await asyncio.to_thread(self._take_up)
        if isinstance(known, dict):
            since = datetime.fromisoformat(known["at"])
            # A portal that serves no further days is tried again now and then: it may learn.
            if known["value"] or self._now() - since < _PAGE_SERVES_KNOWN_FOR:
                self._client.open_page_serves = known["value"]

    def _take_up(self) -> object:
        """Take up what is stored of each meter; return what is of how the page serves (blocks)."""
        for meter in self._store.meters():
            self._put(MeterState(meter, KnownDays(self._store.days(meter.number))))
        self._outlook = plan.outlook(self._meters(), self._now())  # it goes through all days
        return self._store.fact(_PAGE_SERVES)

    async def record_account(self, account: Account, payments: PaymentsSync | None = None) -> bool:
        """Take note of what cards show; with `payments`, return whether a balance moved.

        Raises ClockWrong, as `run` does.
        """
        self._check_clock()
        self._present = {meter.number for meter in account.meters}
        cards = [(meter.number, meter.utility, _card(meter)) for meter in account.meters]
        note = partial(self._store.record_meters, cards, account.read_at)
        record = partial(payments.record_account, account, note) if payments else note
        moved = await asyncio.to_thread(record)
        for stored in await asyncio.to_thread(self._store.meters):
            known = self._states.get(stored.number)
            if known is None:
                await self._load(stored)
            else:
                self._put(replace(known, meter=stored))
        return bool(moved)

    def utility(self, meter: str) -> Utility | None:
        """Return what a meter measures, if that is known."""
        state = self._states.get(meter)
        return state.meter.utility if state else None

    @property
    def outlook(self) -> plan.Outlook:
        """How far the history has come."""
        if self._outlook is None:
            self._outlook = plan.outlook(self._meters(), self._now(), deferred=self._deferred)
        return self._outlook

    @property
    def puts_off(self) -> bool:
        """Whether reports wait for another try, for they were not understood."""
        return bool(self._deferred)

    def next_step(self) -> Step | None:
        """Return the report that is due, or None."""
        now = self._now()
        self._deferred = {step: until for step, until in self._deferred.items() if until > now}
        self._outlook = None
        return plan.next_step(
            self._meters(),
            now,
            page_serves=self._client.open_page_serves,
            deferred=self._deferred,
        )

    async def run(self) -> AsyncIterator[Progress]:
        """Read report after report until nothing is due, yielding after each.

        Raises what the client raises; all that was read before is in the store. A page that is
        not understood is put off for some hours, so that it does not block those behind it, and
        is raised when nothing else is left to read, or after three such in a row: then it is the
        layout that has changed, and asking on would only burden the portal.
        """
        not_understood: PageNotUnderstood | None = None
        in_a_row = 0
        self._check_clock()
        while step := await asyncio.to_thread(self.next_step):
            began = monotonic()
            try:
                changed = await self.take(step)
            except PageNotUnderstood as err:
                _LOGGER.warning("A report is put off: %s", err)
                # Longer each time, so that a long stretch of them hides nothing behind it.
                delays = self._delays.setdefault(step, BackOff(_DEFERRED_FOR, _LONGEST_DEFERRED))
                self._deferred[step] = self._now() + delays.next()
                not_understood = err
                in_a_row += 1
                if in_a_row >= _NOT_UNDERSTOOD_IN_A_ROW:
                    break
                continue
            in_a_row = 0
            self._delays.pop(step, None)
            self._pace.add(monotonic() - began)
            yield await asyncio.to_thread(self._progress, step, changed)
        if not_understood:
            raise not_understood

    async def take(self, step: Step) -> set[date]:
        """Read one report into the store; return the days of which a reading changed."""
        _LOGGER.debug("Reading %s to %s (%s): %s", step.first, step.last, step.resolution, step.why)
        readings = await self._read(step)
        if readings is None:
            return set()
        self._check_clock()
        changed = await asyncio.to_thread(self._keep, step, readings, self._now())
        await self._remember_page_serves()
        # A daily report may open or settle any day; an hourly one touches its own.
        one_day = step.resolution is Resolution.HOUR
        await self._load(self._states[step.meter].meter, step.first if one_day else None, step.last)
        return changed

    async def request(self, meter: str, first: date, last: date, *, force: bool = False) -> None:
        """Have days asked for, also before the start that was found; with `force` once more."""
        await asyncio.to_thread(self._store.want, meter, first, last, again=force)
        self._deferred = {step: at for step, at in self._deferred.items() if step.meter != meter}
        await self._load(self._states[meter].meter)

    def _check_clock(self) -> None:
        """Raise ClockWrong where days would be planned and settled by a clock that is wrong."""
        offset = self._client.clock_offset
        if offset is not None and abs(offset) > CLOCK_TOLERANCE:
            raise ClockWrong(offset)

    # --- the parts of a step ---

    async def _read(self, step: Step) -> Iterable[Reading] | None:
        """Ask the portal; an empty list where it has nothing, None where it never will."""
        self._unread, state = None, self._states[step.meter]
        try:
            meters = {state.meter.number: state.meter.utility for state in self._states.values()}
            checked = await read_report(self._client, self._store, step, meters)
            for meter, (first, last) in checked.again.items():
                await self.request(meter, first, last, force=True)
            if step.resolution is Resolution.HOUR and state.meter.hourly_refused_at:
                await self._set_hourly_refused(step.meter, None)
        except NoData:
            return ()
        except ReportNotOffered:
            if step.resolution is Resolution.DAY:
                raise
            await self._set_hourly_refused(step.meter, self._now())
            return None
        self._unread = checked.report.unread
        return checked.report.readings

    async def _set_hourly_refused(self, meter: str, at: datetime | None) -> None:
        await asyncio.to_thread(self._store.set_hourly_refused, meter, at)
        state = self._states[meter]
        self._put(replace(state, meter=replace(state.meter, hourly_refused_at=at)))

    def _keep(self, step: Step, readings: Iterable[Reading], now: datetime) -> set[date]:
        """Store a report and what follows from it, as one transaction (blocks)."""
        store = self._store
        with store.transaction():
            if step.resolution is Resolution.DAY:
                changed = store.save_days(step.meter, step.first, step.last, readings, now)
                days = store.days(step.meter)
            else:
                hours = store.save_hours(step.meter, step.first, readings, now)
                changed = {step.first} if hours else set()
                days = store.days(step.meter, step.first, step.last)
            opened = [day for day in days.values() if not day.settled]
            changed |= {day.day for day in opened if self._estimate(step.meter, day, now)}
            has_hours = self._states[step.meter].has_hours(now)
            settled = [
                day.day for day in opened if settling.is_settled(day, now, has_hours=has_hours)
            ]
            if settled:
                store.settle(step.meter, settled, now)
        return changed

    def _estimate(self, meter: str, day: DayState, now: datetime) -> bool:
        """Give the hours that a day lacks their share; return whether that changed anything."""
        if day.total is None or not settling.wants_estimates(day, now):
            return False
        stored = self._store.readings(meter, Resolution.HOUR, day.day, day.day)
        estimates = settling.estimates(day.day, stored, day.total)
        if estimates is None:
            return False
        return self._store.estimate_hours(meter, day.day, estimates, now)

    async def _remember_page_serves(self) -> None:
        serves = self._client.open_page_serves
        known = await asyncio.to_thread(self._store.fact, _PAGE_SERVES)
        if serves is not None and (not isinstance(known, dict) or known["value"] != serves):
            fact = {"value": serves, "at": self._now().isoformat()}
            await asyncio.to_thread(self._store.remember, _PAGE_SERVES, fact)

    # --- the state in memory ---

    def _meters(self) -> list[MeterState]:
        """Return the meters that the account has now; without a look at it, all of the store."""
        return [
            state
            for number, state in self._states.items()
            if not self._present or number in self._present
        ]

    async def _load(
        self, meter: StoredMeter, first: date | None = None, last: date | None = None
    ) -> None:
        days = await asyncio.to_thread(self._store.days, meter.number, first, first and last)
        known = self._states.get(meter.number)
        if first and known:
            days = {**known.days, **days}
        self._put(MeterState(meter, KnownDays(days)))

    def _put(self, state: MeterState) -> None:
        self._states[state.meter.number] = state
        self._outlook = None

    def _progress(self, step: Step, changed: set[date]) -> Progress:
        outlook = self.outlook
        return Progress(
            step=step,
            done=outlook.done,
            total=outlook.done + outlook.left,
            days_complete=outlook.days_complete,
            empty_days=outlook.empty_days,
            changed=tuple(sorted(changed)),
            time_left=self._pace.time_for(outlook.left),
            unread=self._unread,
        )


def _card(meter: Meter) -> str:
    """Return what moves on a card when the meter has reported."""
    return f"{meter.remaining_units} {meter.balance}"
