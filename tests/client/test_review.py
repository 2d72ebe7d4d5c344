"""The review of payments: what a simulated household's balance shows, and what the store keeps."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.usms.client import BRUNEI, Account, Meter, Payment, TopUp, TopUpOrigin
from custom_components.usms.client.billing.schedule import RunningBill, TariffSchedule
from custom_components.usms.client.billing.tariff import residential
from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.models import Reading, Resolution, Utility
from custom_components.usms.client.review import review
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.client.store.payments import Payments
from custom_components.usms.client.summary import Figures, count
from custom_components.usms.client.sync.payments import PaymentSource, PaymentsSync
from custom_components.usms.client.sync.settling import remainder
from tests.portal import Profile
from tests.portal import accounts as portal
from tests.portal.ledger import TopUp as Truth

METER = "10000001"
CENT = Decimal("0.01")
AT = datetime(2026, 11, 3, 12, 0, tzinfo=BRUNEI)
DAY = timedelta(days=1)


@pytest.fixture
def store() -> Iterator[ReadingsStore]:
    store = ReadingsStore(Path(":memory:"))
    store.record_meter(METER, Utility.ELECTRICITY, "", AT)
    yield store
    store.close()


class Household:
    """A simulated meter, looked at now and then, and the store and books that come of it."""

    def __init__(self, utility: Utility, days: int, minutes: int, profile: Profile) -> None:
        """Look every so many minutes."""
        self.now = datetime(2026, 11, 20, 9, 7, 13, tzinfo=BRUNEI)
        self.minutes = minutes
        self.utility = utility
        self.profile = profile
        account = portal.make_accounts(5, days, self.now, profile)[portal.DEMO_USERNAME]
        self.real = next(meter for meter in account.meters if meter.utility == utility)
        self.begin = brunei_midnight(self.real.installed + DAY) + timedelta(minutes=3)
        self.schedule = TariffSchedule.always(residential(utility))
        self.store = ReadingsStore(Path(":memory:"))
        self.store.record_meter(self.number, utility, "", self.begin)
        self.payments = Payments(self.store)
        self.news: list[TopUp] = []

    @property
    def number(self) -> str:
        """The meter's."""
        return self.real.number

    def live(self) -> None:
        """Look at the card all the time, and read and review once a day."""
        at, before = self.begin, None
        review_at = brunei_midnight(self.begin.date()) + timedelta(hours=14)
        while at <= self.now:
            card = Meter(self.number, self.utility, balance=self.real.balance(at).quantize(CENT))
            self.payments.record_balance(card, at, before=before)
            before = at
            at += timedelta(minutes=self.minutes)
            if at >= review_at:
                self.read(at)
                review(self.store, {self.number: self.schedule}, at)
                self.news += self.payments.unannounced(self.number, at)
                review_at += DAY
        self.now = at

    def read(self, at: datetime) -> None:
        """Read what the portal has published of the last days."""
        for day in (at.date() - n * DAY for n in range(6)):
            hours = [Reading(*hour) for hour in self.real.truth.shown_hours(day, at, self.profile)]
            total = self.real.truth.shown_day(day, at, self.profile)
            if hours:
                self.store.save_hours(self.number, day, hours, at)
            if total is None:
                continue
            self.store.save_days(self.number, day, day, [Reading(brunei_midnight(day), total)], at)
            if self.utility is Utility.ELECTRICITY and at.date() - day > 3 * DAY:
                shares = remainder(day, hours, total)
                self.store.estimate_hours(self.number, day, shares, at)

    def truth(self) -> list[Truth]:
        """Return the real top-ups."""
        return [topup for topup in self.real.topups(self.now) if topup.at > self.begin]

    def predicted(self) -> Iterator[tuple[Decimal, Decimal]]:
        """Yield the balance by our own book at each reading's end, beside the portal's."""
        hourly = self.utility is Utility.ELECTRICITY
        resolution = Resolution.HOUR if hourly else Resolution.DAY
        span = timedelta(hours=1) if hourly else DAY
        bill = RunningBill(self.schedule)
        # Water is charged at five the next morning.
        lag = timedelta(0) if hourly else timedelta(hours=5)
        balances = self.payments.balances(self.number)
        balance = balances[0].amount
        topups = sorted((topup.at, topup.credited) for topup in self.payments.topups(self.number))
        topups.append((datetime.max.replace(tzinfo=BRUNEI), Decimal(0)))
        for stored in self.store.readings(self.number, resolution):
            at = stored.start + span + lag
            cost = bill.use(stored.start.date(), stored.value)
            if at > self.begin:
                balance -= cost
            while topups[0][0] <= at:
                balance += topups.pop(0)[1]
            # A top-up that only the balance tells of is known since the next look.
            fresh = any(at - timedelta(minutes=self.minutes) < t.at <= at for t in self.truth())
            if not fresh and self.begin < at < self.now - 5 * DAY:
                yield balance, self.real.balance(at)

    def bill(self) -> Decimal:
        """Return what a month costs on average."""
        first, last = (
            self.payments.balances(self.number)[0],
            self.payments.balances(self.number)[-1],
        )
        paid = sum((topup.recharge for topup in self.truth()), Decimal(0))
        months = Decimal((last.seen_at - first.seen_at) / DAY) / Decimal("30.4")
        return (first.amount + paid - last.amount) / months


@pytest.mark.parametrize("utility", Utility)
@pytest.mark.parametrize(
    ("minutes", "days"),
    [
        (30, 50),
        pytest.param(10, 730, marks=pytest.mark.long),
        pytest.param(60, 730, marks=pytest.mark.long),
    ],
)
def test_every_top_up_is_found_and_none_invented(utility: Utility, minutes: int, days: int) -> None:
    household = Household(utility, days, minutes, Profile())
    household.live()
    found, real = household.payments.topups(household.number), household.truth()
    assert len(real) >= max(1, days // 130)
    assert [topup.origin for topup in found] == [TopUpOrigin.BALANCE] * len(found)
    assert len(found) == len(real)
    for ours, theirs in zip(found, real, strict=True):
        assert timedelta(0) <= ours.at - theirs.at <= timedelta(minutes=minutes)
        # The balance shows whole cents.
        assert abs(ours.amount - theirs.amount) <= 2 * CENT
    told = [topup.at for topup in household.news]
    assert told == [topup.at for topup in found if topup.at > household.begin + DAY]
    off = [abs(ours - theirs) for ours, theirs in household.predicted()]
    assert len(off) > (days - 12) * (18 if utility is Utility.ELECTRICITY else 0.8)
    assert max(off) < household.bill() / 100


def test_a_top_up_that_the_history_has_is_not_found_again() -> None:
    household = Household(Utility.ELECTRICITY, 50, 30, Profile(credit_delay_minutes=55))
    household.live()
    number, now = household.number, household.now
    assert {topup.origin for topup in household.payments.topups(number)} == {TopUpOrigin.BALANCE}
    history = [
        TopUp(real.at, real.number, number, real.amount, real.debt, real.recharge, real.units)
        for real in household.truth()
    ]
    assert household.payments.save_history(number, history, now) == len(history)
    assert household.payments.save_history(number, history, now) == 0
    review(household.store, {number: household.schedule}, now)
    found = household.payments.topups(number)
    assert [topup for topup in found if topup.origin is TopUpOrigin.HISTORY] == history
    assert len(found) == len(history)
    assert household.payments.unannounced(number, now) == []


def test_water_that_draws_on_electricity_is_a_transfer() -> None:
    profile = Profile(water_draws_on_electricity=True)
    power = Household(Utility.ELECTRICITY, 70, 30, profile)
    power.live()
    water = Household(Utility.WATER, 70, 30, profile)
    # Both meters of one account, in one store, looked at at the same moments.
    water.store, water.payments = power.store, power.payments
    water.store.record_meter(water.number, Utility.WATER, "", power.begin)
    water.live()
    review(power.store, {power.number: power.schedule, water.number: water.schedule}, power.now)
    drawn = water.real.drawn(power.now)
    assert drawn
    since = power.now - 20 * DAY
    to_water = power.payments.topups(water.number, since)
    from_power = [
        topup
        for topup in power.payments.topups(power.number, since)
        if topup.origin is TopUpOrigin.TRANSFER
    ]
    assert to_water
    assert {topup.origin for topup in to_water} == {TopUpOrigin.TRANSFER}
    assert [topup.at for topup in from_power] == [topup.at for topup in to_water]
    for ours, theirs in zip(to_water, drawn[-len(to_water) :], strict=True):
        assert abs(ours.amount - theirs) <= 2 * CENT
    assert [out.amount for out in from_power] == [-to.amount for to in to_water]


@pytest.mark.parametrize("utility", Utility)
@pytest.mark.parametrize(
    ("percent", "differs"), [(100, False), (102, False), (105, True), (92, True)]
)
def test_another_price_shows_in_the_bill(utility: Utility, percent: int, differs: bool) -> None:
    household = Household(utility, 32, 60, Profile(price_percent=percent))
    household.live()
    number = household.number
    found = review(household.store, {number: household.schedule}, household.now)[number]
    assert found.bill is not None
    assert abs(found.bill.difference - Decimal(percent - 100) / 100) < Decimal("0.02")
    assert found.bill.differs is differs
    assert found.bill.last >= household.now.date() - 6 * DAY
    assert found.bill.uncertainty < Decimal("0.04")


def test_books_without_a_price_find_rises_alone() -> None:
    household = Household(Utility.ELECTRICITY, 35, 60, Profile())
    household.live()
    number = household.number
    found = review(household.store, {number: None}, household.now)[number]
    assert found.bill is None
    assert len(household.payments.topups(number)) == len(household.truth())


def test_debts_come_back(store: ReadingsStore) -> None:
    payments = Payments(store)
    assert payments.debt(METER) is None
    payment = Payment(
        METER, "Residential", "DEBT_ADJUSTED", Decimal("120.50"), None, Decimal("12.05"), None,
        None, None, None,
    )  # fmt: skip
    payments.save_payment(payment, AT)
    debt = payments.debt(METER)
    assert debt is not None
    assert (debt.read_at, debt.customer_type) == (AT, "Residential")
    assert (debt.owing, debt.monthly) == (Decimal("120.50"), Decimal("12.05"))


def test_only_a_balance_that_moved_is_kept(store: ReadingsStore) -> None:
    payments = Payments(store)
    for minute, amount in enumerate(["5.00", "5.00", "4.99", "5.00"]):
        meter = Meter(METER, Utility.ELECTRICITY, balance=Decimal(amount))
        assert payments.record_balance(meter, AT + timedelta(minutes=minute)) is (minute != 1)
    assert not payments.record_balance(
        Meter(METER, Utility.ELECTRICITY), AT
    )  # a card that is being updated
    amounts = [str(balance.amount) for balance in payments.balances(METER)]
    assert amounts == ["5.00", "4.99", "5.00"]
    last = payments.balance(METER)
    assert last is not None
    assert last.seen_at == AT + timedelta(minutes=3)
    since = payments.balances(METER, AT + timedelta(minutes=2, seconds=30))
    assert [str(balance.amount) for balance in since] == ["4.99", "5.00"]


class Shown(PaymentSource):
    """A portal whose transaction history can be read, and that counts how often it is."""

    def __init__(self) -> None:
        """Begin with an empty one."""
        self.rows: list[TopUp] = []
        self.read = 0

    async def payment(self, meter: str) -> Payment:
        """Not asked."""
        raise NotImplementedError

    async def topups(self, meter: str, first: date, last: date) -> tuple[TopUp, ...]:
        """Return the rows of those days."""
        self.read += 1
        return tuple(row for row in self.rows if first <= row.at.date() <= last)


def row(at: datetime, amount: str) -> TopUp:
    return TopUp(at, f"T{at:%m%d%H%M}", METER, Decimal(amount), None, Decimal(amount), None)


def use(store: ReadingsStore, first: date, days: int, per_day: str, at: datetime) -> None:
    """Store days that were used alike, hour by hour."""
    for day in (first + n * DAY for n in range(days)):
        start = brunei_midnight(day)
        value = (Decimal(per_day) / 24).quantize(Decimal("0.001"))
        hours = [Reading(start + n * timedelta(hours=1), value) for n in range(24)]
        store.save_days(METER, day, day, [Reading(start, 24 * value)], at)
        store.save_hours(METER, day, hours, at)


FLAT = TariffSchedule.from_dict(
    {"utility": "electricity", "tariffs": [{"kind": "own", "tiers": [{"rate": "0.10"}]}]}
)


@pytest.mark.parametrize("amount", ["-20.00", "4.00"])
@pytest.mark.parametrize("hourly", [True, False])
async def test_what_use_hides_is_in_the_history_within_a_day(
    store: ReadingsStore, amount: str, hourly: bool
) -> None:
    """A reversal, and a top-up that is smaller than what was used between two polls."""
    begin = brunei_midnight(date(2026, 11, 1)) + timedelta(minutes=5)
    at = begin + 20 * DAY
    if hourly:
        use(store, begin.date(), 20, "120", at)
    else:
        last = begin.date() + 19 * DAY
        days = [Reading(brunei_midnight(begin.date() + n * DAY), Decimal(120)) for n in range(20)]
        store.save_days(METER, begin.date(), last, days, at)
    portal, now = Shown(), [begin]
    sync = PaymentsSync(portal, store, now=lambda: now[0])
    moved = begin + 10 * DAY + timedelta(hours=9)
    balance = Decimal(300)
    for poll in range(20 * 4):
        now[0] = begin + poll * timedelta(hours=6)
        shown = balance - 3 * poll
        if now[0] > moved:
            portal.rows = [row(moved, amount)]
            shown += Decimal(amount)
        meter = Meter(METER, Utility.ELECTRICITY, balance=shown)
        sync.record_account(Account((meter,), now[0]))
        if found := review(store, {METER: FLAT}, now[0]).get(METER):
            await sync.read_topups({METER: found.unsettled})
        review(store, {METER: FLAT}, now[0])
        if now[0] > moved + DAY:
            (topup,) = sync.payments.topups(METER)
            assert (topup.amount, topup.origin) == (Decimal(amount), TopUpOrigin.HISTORY)
    assert portal.read <= 21  # once a day, and after the rise
    found = review(store, {METER: FLAT}, now[0])[METER]
    assert found.bill is not None
    assert not found.bill.differs


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_days_that_are_never_published_make_no_bill_differ(store: ReadingsStore, lost: int) -> None:
    """The month's tiers run on with what is usual."""
    begin = brunei_midnight(date(2026, 11, 1))
    gaps = [date(2026, 11, 3 + n) for n in range(lost)]
    schedule = TariffSchedule.always(residential(Utility.ELECTRICITY))
    days = [date(2026, 11, 1) + n * DAY for n in range(30)]
    for day in days:
        if day not in gaps:
            use(store, day, 1, "25", begin + 30 * DAY)
    bill = RunningBill(schedule)
    balance, payments, differs = Decimal(90), Payments(store), []
    for day in days:
        start = brunei_midnight(day)
        for hour in range(24):
            balance -= bill.use(day, Decimal("1.042"))
            at = start + timedelta(hours=hour + 1)
            card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
            payments.record_balance(card, at, before=at - timedelta(hours=1))
        found = review(store, {METER: schedule}, at).get(METER)
        differs += [day] if found and found.bill and found.bill.differs else []
    assert not differs
    assert found is not None
    assert found.bill is not None  # and it still says something


def test_a_row_that_a_balance_has_shown_is_not_credited_again(store: ReadingsStore) -> None:
    """Its time may be some minutes after the poll that has seen it."""
    begin = brunei_midnight(date(2026, 11, 1))
    use(store, begin.date(), 9, "20", begin + 9 * DAY)
    payments = Payments(store)
    last = begin + 9 * DAY + timedelta(hours=12)
    for n, amount in enumerate(["5.20", "5.00", "4.80", "22.80"]):
        at = last - (3 - n) * timedelta(hours=2)
        card = Meter(METER, Utility.ELECTRICITY, balance=Decimal(amount))
        payments.record_balance(card, at, before=at - timedelta(hours=2))
    payments.save_history(METER, [row(last + timedelta(minutes=3), "18.20")], last)
    review(store, {METER: FLAT}, last)
    left = [count(store, METER, FLAT, last + timedelta(hours=n)).standing for n in (1, 3, 12, 24)]
    amounts = [found.amount.expected for found in left if found]
    assert amounts == sorted(amounts, reverse=True)
    assert 20 < amounts[-1] < amounts[0] <= Decimal("22.80")


def standings(store: ReadingsStore, days: int, *, shown_on: bool) -> list[tuple[datetime, Figures]]:
    """Return what is shown each noon, from a balance of B$12.00 that use takes 2.00 of a day.

    With `shown_on`, the portal goes on showing it as it was; else nothing is polled any more.
    """
    begin = brunei_midnight(date(2026, 11, 1))
    use(store, date(2026, 10, 1), 31, "20", begin)
    payments, before, found = Payments(store), begin - timedelta(hours=1), []
    card = Meter(METER, Utility.ELECTRICITY, balance=Decimal("12.00"))
    payments.record_balance(card, begin, before=before)
    for hour in range(24 * days):
        at = begin + timedelta(hours=hour)
        if shown_on:
            payments.record_balance(card, at, before=at - timedelta(hours=1))
            if at.hour == 9:
                use(store, at.date() - DAY, 1, "20", at)
        if at.hour == 12:
            found.append((at, count(store, METER, FLAT, at)))
    return found


def test_a_balance_that_the_portal_no_longer_moves_gets_old(store: ReadingsStore) -> None:
    found = standings(store, 9, shown_on=True)
    left = [figures.standing for _, figures in found if figures.standing]
    assert not left[0].estimated
    assert [standing.estimated for standing in left[4:]] == [True] * 5
    assert left[4].amount.expected == pytest.approx(Decimal("3.00"), abs=Decimal("0.20"))
    assert left[-1].amount.expected < 0


def test_what_has_run_out_did_so_when_it_did(store: ReadingsStore) -> None:
    """However long ago that is, with nothing polled since."""
    moments = set()
    for at, figures in standings(store, 12, shown_on=False):
        assert figures.spending is not None
        assert figures.spending.forecast is not None
        made = figures.spending.forecast
        if at.day > 8:
            assert made.days_left == 0
            moments.add(made.runs_out)
            assert made.runs_out_late == made.runs_out or at.day < 11
            assert made.runs_out_early is not None
            assert made.runs_out is not None
            assert made.runs_out_early <= made.runs_out
    (moment,) = moments
    assert moment is not None
    assert moment.date() in {date(2026, 11, 6), date(2026, 11, 7)}


def test_a_minimum_charge_makes_no_bill_differ(store: ReadingsStore) -> None:
    terms = {"kind": "own", "tiers": [{"rate": "0.20"}], "monthly_minimum": "12"}
    schedule = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    begin = brunei_midnight(date(2026, 11, 1))
    use(store, begin.date(), 20, "1", begin + 20 * DAY)
    balance, payments = Decimal(90), Payments(store)
    for hour in range(24 * 20):
        balance -= Decimal(12) / 30 / 24
        at = begin + timedelta(hours=hour + 1)
        card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
        payments.record_balance(card, at, before=at - timedelta(hours=1))
    assert review(store, {METER: schedule}, at)[METER].bill is None


def test_a_balance_that_only_a_charge_will_move_does_not_get_old(store: ReadingsStore) -> None:
    terms = {"kind": "commercial", "kva": 10, "vacant": True}
    schedule = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    begin = brunei_midnight(date(2026, 10, 1))
    use(store, date(2026, 9, 1), 60, "0.1", begin)
    payments = Payments(store)
    card = Meter(METER, Utility.ELECTRICITY, balance=Decimal("20.00"))
    for hour in range(24 * 31):
        at = begin + timedelta(hours=hour)
        payments.record_balance(card, at, before=at - timedelta(hours=1))
    standing = count(store, METER, schedule, at).standing
    assert standing is not None
    assert not standing.estimated


def test_what_use_explains_is_no_glitch(store: ReadingsStore) -> None:
    """A shop that is looked at four times a day, and tops up as much as it uses between."""
    begin = brunei_midnight(date(2026, 11, 1))
    use(store, begin.date(), 11, "300", begin + 11 * DAY)
    payments = Payments(store)
    for n in range(42):
        at = begin + n * timedelta(hours=6)
        amount = Decimal(100) - Decimal("7.5") * n + 15 * (n // 2)
        card = Meter(METER, Utility.ELECTRICITY, balance=amount)
        payments.record_balance(card, at, before=at - timedelta(hours=6))
    payments.history_failed(METER, at)
    review(store, {METER: FLAT}, at)
    found = payments.topups(METER)
    assert len(found) == 20
    assert sum(topup.amount for topup in found) == pytest.approx(Decimal(300), rel=Decimal("0.02"))


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize(("minutes", "looks"), [(10, 1), (10, 2), (60, 1), (360, 1), (360, 2)])
def test_a_rise_that_is_taken_back_is_no_top_up(
    store: ReadingsStore, minutes: int, looks: int, readable: bool
) -> None:
    """It is announced only where the next look shows it too, and is stored nowhere in the end."""
    begin = brunei_midnight(date(2026, 11, 1))
    use(store, date(2026, 10, 1), 34, "24", begin)
    payments, step, news = Payments(store), timedelta(minutes=minutes), []
    payments.unannounced(METER, begin)
    rose = begin + timedelta(hours=36)
    for n in range(int(4 * DAY / step)):
        at = begin + n * step
        balance = Decimal(60) - (at - begin) // timedelta(hours=1) * Decimal("0.1")
        balance += 40 if rose <= at < rose + looks * step else 0
        card = Meter(METER, Utility.ELECTRICITY, balance=balance)
        if payments.record_balance(card, at, before=at - step):
            if readable:
                payments.save_history(METER, [], at)
            else:
                payments.history_failed(METER, at)
            review(store, {METER: FLAT}, at)
            news += payments.unannounced(METER, at)
            if looks == 1 or at >= rose + (looks + 1) * step:
                assert not payments.topups(METER)
    # Over six hours two looks are what a top-up is known by.
    assert len(news) == (not readable and looks * minutes > 360)


def test_a_top_up_that_one_look_does_not_show_is_announced_once(store: ReadingsStore) -> None:
    begin = brunei_midnight(date(2026, 11, 1))
    payments, news = Payments(store), []
    payments.unannounced(METER, begin)
    for n, amount in enumerate(["5.00", "25.00", "24.90", "4.80", "24.70", "24.60"]):
        at = begin + n * timedelta(hours=1)
        card = Meter(METER, Utility.ELECTRICITY, balance=Decimal(amount))
        payments.record_balance(card, at, before=at - timedelta(hours=1))
        payments.history_failed(METER, at)
        review(store, {METER: FLAT}, at)
        news += payments.unannounced(METER, at)
    assert len(news) == len(payments.topups(METER)) == 1


@pytest.mark.parametrize("fixed", ["0", "15", "45"])
def test_days_left_only_fall_hour_by_hour_until_it_is_empty(
    store: ReadingsStore, fixed: str
) -> None:
    """When that is does not change, whatever is charged at midnight."""
    terms = {"kind": "own", "tiers": [{"rate": "0.10"}], "monthly_fixed": fixed}
    schedule = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    begin = brunei_midnight(date(2026, 11, 1))
    use(store, date(2026, 10, 1), 31, "20", begin)
    card = Meter(METER, Utility.ELECTRICITY, balance=Decimal("2.60"))
    Payments(store).record_balance(card, begin)
    left, out = [], set()
    for hour in range(3, 72):
        found = count(store, METER, schedule, begin + timedelta(hours=hour)).spending
        assert found is not None
        assert found.forecast is not None
        left.append(found.forecast.days_left)
        out.add(found.forecast.runs_out)
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0
    assert max(out) - min(out) < timedelta(minutes=10)


@pytest.mark.parametrize(("border", "differs"), [("500", True), ("600", False)])
def test_a_tier_that_ends_elsewhere_is_found(
    store: ReadingsStore, border: str, differs: bool
) -> None:
    tiers = [{"end": border, "rate": "0.01"}, {"rate": "0.08"}]
    terms = {"kind": "own", "tiers": tiers}
    real = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    ours = TariffSchedule.always(residential(Utility.ELECTRICITY))
    begin = brunei_midnight(date(2026, 11, 1))
    use(store, begin.date(), 28, "30", begin + 28 * DAY)
    bill, balance, payments = RunningBill(real), Decimal(90), Payments(store)
    for hour in range(24 * 28):
        at = begin + timedelta(hours=hour + 1)
        balance -= bill.use((at - timedelta(hours=1)).date(), Decimal("1.25"))
        card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
        payments.record_balance(card, at, before=at - timedelta(hours=1))
    found = review(store, {METER: ours}, at)[METER].bill
    assert found is not None
    assert found.differs is differs


async def test_a_balance_is_not_seen_while_its_card_does_not_show_it(store: ReadingsStore) -> None:
    sync = PaymentsSync(Shown(), store, now=lambda: AT)
    for hour, shown in enumerate((20, 20, None, None, 12)):
        balance = None if shown is None else Decimal(shown)
        card = Meter(METER, Utility.ELECTRICITY, balance=balance)
        sync.record_account(Account((card,), AT + timedelta(hours=hour)))
    before, now = sync.payments.balances(METER)
    assert (before.amount, before.as_of) == (20, AT + timedelta(hours=1))
    assert (now.amount, now.seen_at) == (12, AT + timedelta(hours=4))


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(("factor", "differs"), [("1", False), ("1.1", True)])
def test_when_a_fixed_charge_is_taken_is_found_out(
    store: ReadingsStore, at_once: bool, factor: str, differs: bool
) -> None:
    terms = {"kind": "own", "tiers": [{"rate": "0.10"}], "monthly_fixed": "6"}
    schedule = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    begin = brunei_midnight(date(2026, 10, 30))
    balance, payments = Decimal(90), Payments(store)
    for n in range(13):
        start, used = begin + n * DAY, Decimal(12 + 12 * (n * 5 % 7))
        use(store, start.date(), 1, str(used), begin + 13 * DAY)
        for hour in range(24):
            balance -= used / 24 / 10 * Decimal(factor)
            if at_once:
                balance -= 6 if (start.day, hour) == (1, 9) else 0
            else:
                balance -= Decimal(6) / 30 / 24 * Decimal(factor)
            at = start + timedelta(hours=hour + 1)
            card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
            payments.record_balance(card, at, before=at - timedelta(hours=1))
    found = review(store, {METER: schedule}, at)[METER].bill
    assert found is not None
    assert found.differs is differs
    assert abs(found.difference - (Decimal(factor) - 1)) < Decimal("0.01")


def test_a_glitch_at_the_edge_of_what_is_looked_at_is_no_top_up(store: ReadingsStore) -> None:
    """Forty-five days later, what was before a zero is no longer looked at."""
    begin = brunei_midnight(date(2026, 10, 1))
    use(store, begin.date(), 52, "10", begin + 52 * DAY)
    payments = Payments(store)
    zero = begin + 2 * DAY + timedelta(hours=9)
    for hour in range(24 * 50):
        at = begin + timedelta(hours=hour)
        shown = 80 - Decimal(hour) / 24
        if zero <= at < zero + timedelta(hours=3):
            shown = Decimal(0)
        card = Meter(METER, Utility.ELECTRICITY, balance=shown.quantize(CENT))
        payments.record_balance(card, at, before=at - timedelta(hours=1))
        if hour >= 47 * 24:
            payments.history_failed(METER, at)
            review(store, {METER: FLAT}, at)
            assert payments.topups(METER) == []


@pytest.mark.parametrize("price", ["1", "1.05"])
def test_water_that_is_lowered_half_a_day_late(store: ReadingsStore, price: str) -> None:
    """Days have nothing but the day before's use in them where the delay is not known."""
    begin = brunei_midnight(date(2026, 10, 20))
    schedule = TariffSchedule.always(residential(Utility.WATER))
    bill, balance, payments = RunningBill(schedule), Decimal(90), Payments(store)
    store.record_meter(METER, Utility.WATER, "", begin)
    due, before, differences = Decimal(0), Decimal(0), []
    for n in range(-3, 16):  # polled from the fourth day on
        day = begin.date() + n * DAY
        value = Decimal("2.1") + Decimal(n * n % 7) / 10
        for hour in range(24):
            at = brunei_midnight(day) + timedelta(hours=hour)
            if hour == 12 and before:
                balance -= due
                start = at - timedelta(hours=36)
                store.save_days(METER, day - DAY, day - DAY, [Reading(start, before)], at)
            if n < 0:
                continue
            card = Meter(METER, Utility.WATER, balance=balance.quantize(CENT))
            payments.record_balance(card, at, before=at - timedelta(hours=1))
            found = review(store, {METER: schedule}, at).get(METER)
            if found and found.bill and found.bill.differs:
                differences.append((n, found.bill.difference))
        due, before = bill.use(day, value) * Decimal(price), value
    if price == "1":
        assert not differences
    else:
        assert differences[0][0] <= 12
        assert all(difference > 0 for _, difference in differences)


@pytest.mark.parametrize("price", ["1", "1.05"])
@pytest.mark.parametrize("begins", [date(2026, 10, 1), date(2026, 10, 25)])
@pytest.mark.parametrize("charge", [3, 30])
def test_a_fixed_charge_taken_at_once_hides_no_price(
    store: ReadingsStore, charge: int, begins: date, price: str
) -> None:
    """Also where the first reading is in the middle of a month."""
    terms = {"kind": "own", "tiers": [{"rate": "0.20"}], "monthly_fixed": charge}
    schedule = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    begin = brunei_midnight(begins)
    use(store, begins, 42, "24", begin + 42 * DAY)
    balance, payments, differences = Decimal(300), Payments(store), []
    for hour in range(24 * 40):
        at = begin + timedelta(hours=hour + 1)
        balance -= Decimal("0.2") * Decimal(price)
        if at.day == 1 and at.hour == 9:
            balance -= charge
        card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
        payments.record_balance(card, at, before=at - timedelta(hours=1))
        if hour % 8 == 0:
            found = review(store, {METER: schedule}, at).get(METER)
            if found and found.bill and found.bill.differs:
                differences.append((at, found.bill.difference))
    if price == "1":
        assert not differences
    else:
        assert all(difference > 0 for _, difference in differences)
        # Also weeks after the charge, when the days that are compared have none.
        assert any(25 * DAY < at - begin < 26 * DAY for at, _ in differences)


def test_a_rise_that_was_announced_is_one_event_whatever_it_turns_out_to_be(
    store: ReadingsStore,
) -> None:
    """The history can't be read, then has not got it for two days, then has it."""
    begin = brunei_midnight(date(2026, 11, 1))
    use(store, begin.date(), 12, "24", begin + 12 * DAY)
    payments, balance, news = Payments(store), Decimal(30), []
    rose = begin + 4 * DAY + timedelta(hours=14)
    payments.unannounced(METER, begin)
    for hour in range(24 * 8):
        at = begin + timedelta(hours=hour)
        balance -= Decimal("0.1")
        if at == rose:
            balance += 20
        card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
        payments.record_balance(card, at, before=at - timedelta(hours=1))
        if at < rose + timedelta(hours=8):
            payments.history_failed(METER, at)
        else:
            late = at > rose + timedelta(hours=60)
            payments.save_history(METER, [row(rose - timedelta(hours=1), "20")] if late else [], at)
        review(store, {METER: FLAT}, at)
        news += payments.unannounced(METER, at)
    assert len(news) == 1
    (topup,) = payments.topups(METER)
    assert topup.origin is TopUpOrigin.HISTORY


def range_of_the_one_topup(
    store: ReadingsStore, schedule: TariffSchedule, at: datetime
) -> tuple[Decimal, Decimal]:
    """Review the payments without a history; return between what the top-up that is found lies."""
    payments = Payments(store)
    payments.history_failed(METER, at)
    review(store, {METER: schedule}, at)
    (topup,) = payments.topups(METER)
    assert topup.low is not None
    assert topup.high is not None
    return topup.low, topup.high


def test_a_top_up_in_an_evening_that_is_never_published(store: ReadingsStore) -> None:
    """What was used then is expected by the hour: an evening has more than its share of the day."""
    begin = brunei_midnight(date(2026, 11, 1))
    rose, balance, payments = begin + 6 * DAY + timedelta(hours=19), Decimal(90), Payments(store)
    for n in range(24):
        start = begin + n * DAY
        hours = [
            Reading(start + hour * timedelta(hours=1), Decimal(3 if 18 <= hour < 22 else "0.4"))
            for hour in range(24)
        ]
        if n not in {6, 7}:
            store.save_hours(METER, start.date(), hours, begin + 24 * DAY)
        for hour in hours:
            balance += (20 if hour.start == rose else 0) - hour.value / 10
            at = hour.start + timedelta(hours=1)
            card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
            payments.record_balance(card, at, before=at - timedelta(hours=1))
    low, high = range_of_the_one_topup(store, FLAT, at)
    assert low <= 20 <= high


@pytest.mark.parametrize("price", ["1", "1.05"])
def test_a_shop_that_is_charged_once_a_day_has_a_bill_check(
    store: ReadingsStore, price: str
) -> None:
    """However unlike its days are: what falls at once may be all that was used since the last."""
    terms = {"kind": "commercial", "kva": 10}
    schedule = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    begin = brunei_midnight(date(2026, 10, 25))
    bill, balance, payments, differs = RunningBill(schedule), Decimal(200), Payments(store), []
    for n in range(13):
        day, per_day = begin + n * DAY, Decimal((30, 90, 30, 30)[n % 4])
        for hour in range(24):
            at = day + timedelta(hours=hour)
            card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
            payments.record_balance(card, at, before=at - timedelta(hours=1))
        found = review(store, {METER: schedule}, at).get(METER)
        differs += [n] if found and found.bill and found.bill.differs else []
        use(store, day.date(), 1, str(per_day), at)
        balance -= bill.use(day.date(), per_day) * Decimal(price)
    assert found is not None
    assert found.bill is not None
    assert bool(differs) is (price != "1")


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("hours_late", [(0, 0, 0), (0, 2, 1)])
def test_a_fixed_charge_is_no_part_of_a_top_up(
    store: ReadingsStore, hours_late: tuple[int, ...], at_once: bool
) -> None:
    """Two days without a poll: whether their share of it was taken in them is found out, or not."""
    terms = {"kind": "own", "tiers": [{"rate": "0.10"}], "monthly_fixed": "30"}
    schedule = TariffSchedule.from_dict({"utility": "electricity", "tariffs": [terms]})
    begin = brunei_midnight(date(2026, 11, 2))
    use(store, begin.date(), 20, "24", begin + 20 * DAY)
    payments, moves = Payments(store), {begin + 8 * DAY + timedelta(hours=19): Decimal(20)}
    for hour in range(24 * 20):
        at = begin + timedelta(hours=hour + 1 + hours_late[hour % 3])
        cost = Decimal("0.10") + (1 if hour % 24 == 0 and not at_once else 0)
        moves[at] = moves.get(at, Decimal(0)) - cost
    balance, before = Decimal(90), begin
    for at in (begin + timedelta(hours=hour) for hour in range(24 * 20)):
        balance += moves.get(at, 0)
        if not 8 * DAY <= at - begin < 10 * DAY:
            card = Meter(METER, Utility.ELECTRICITY, balance=balance.quantize(CENT))
            payments.record_balance(card, at, before=before)
            before = at
    low, high = range_of_the_one_topup(store, schedule, at)
    assert low <= 20 <= high
    found_out = not any(hours_late)
    assert (high - low < Decimal("0.05")) is found_out
