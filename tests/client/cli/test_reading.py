"""What the commands tell, against the portal's truth."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.usms.client import BRUNEI
from custom_components.usms.client.billing.forecast import forecast
from custom_components.usms.client.billing.precision import cost_known
from custom_components.usms.client.billing.schedule import TariffSchedule
from custom_components.usms.client.billing.tariff import residential_electricity
from tests.client.conftest import NOW, PASSWORD, USERNAME
from tests.portal import Fault

from .conftest import ELECTRICITY, WATER, Shell, assert_same, truth


async def test_meters(signed_in: Shell) -> None:
    rows = (await signed_in("meters", "--json")).json
    now = signed_in.portal.now()
    for row, meter in zip(rows, signed_in.portal.meters, strict=True):
        electricity = meter.utility == "electricity"
        assert row == {
            "meter": meter.number,
            "utility": meter.utility,
            "status": "ACTIVE",
            "remaining_units": float(meter.remaining_units(now).quantize(Decimal("0.001"))),
            "unit": "kWh" if electricity else "m³",
            "balance": float(meter.balance(now).quantize(Decimal("0.01"))),
            "last_updated": "2026-11-20T00:00:00+08:00",
        }
    assert_same(await signed_in("meters", "--json"), await signed_in("--csv", "meters"))
    table = (await signed_in("meters")).out.splitlines()
    assert table[0].split("  ")[0] == "Meter"
    assert "Balance (B$)" in table[0]
    assert f"{rows[0]['balance']:.2f}" in table[1]
    assert "m³" in table[2]


async def test_a_meter_that_shows_nothing_yet(signed_in: Shell) -> None:
    signed_in.portal.set_profile(new_meters=(WATER,))
    row = (await signed_in("meters", "--json")).json[1]
    assert (row["remaining_units"], row["balance"], row["last_updated"]) == (None,) * 3
    assert " -  " in (await signed_in("meters")).out.splitlines()[2]
    assert (await signed_in("status", WATER)).code == 0


async def test_meters_on_further_pages_are_told(signed_in: Shell) -> None:
    signed_in.portal.set_profile(more_meters=1, cards_a_page=2)
    said = await signed_in("meters", "--json")
    assert (said.code, len(said.json)) == (0, 2)
    assert said.err == "usms: The portal shows 2 of 3 meters; the others can't be read.\n"
    signed_in.portal.set_profile(cards_a_page=0)
    said = await signed_in("meters", "--json")
    assert (len(said.json), said.err) == (3, "")


async def test_short_forms(signed_in: Shell) -> None:
    assert (await signed_in("--list")).out == (await signed_in("meters")).out
    row = (await signed_in("meters", "--json")).json[0]
    said = await signed_in("-m", ELECTRICITY, "--unit")
    assert said.out.split() == ["Unit", str(row["remaining_units"]), "kWh"]
    said = await signed_in("-m", ELECTRICITY, "--credit")
    assert said.out.split() == ["Credit", "B$", f"{row['balance']:.2f}"]
    said = await signed_in("-m", ELECTRICITY, "--unit", "--credit", "--json")
    assert said.json == {key: row[key] for key in ("meter", "remaining_units", "unit", "balance")}
    said = await signed_in("-m", ELECTRICITY, "--consumption", "--json")
    assert said.json == truth(signed_in, ELECTRICITY, "day", "2026-10-20", "2026-11-19")
    assert (await signed_in("-m", ELECTRICITY)).out == (await signed_in("status", ELECTRICITY)).out
    both = ("-m", ELECTRICITY, "--unit", "--consumption")
    for wrong in (("--unit",), (), ("--list", "meters"), ("--unit", "meters"), both):
        assert (await signed_in(*wrong)).code == 2, wrong


@pytest.mark.parametrize(
    ("arguments", "meter", "resolution", "first", "last"),
    [
        (("--hourly",), ELECTRICITY, "hour", "2026-11-19", "2026-11-20"),
        (("--hourly", "--to", "2026-11-12"), ELECTRICITY, "hour", "2026-11-12", "2026-11-12"),
        (
            ("--hourly", "--from", "2026-11-12", "--to", "2026-11-14"),
            *(ELECTRICITY, "hour", "2026-11-12", "2026-11-14"),
        ),
        ((), WATER, "day", "2026-10-20", "2026-11-19"),
        (("--daily", "--from", "2026-09-01"), WATER, "day", "2026-09-01", "2026-11-19"),
        (("--from", "2026-11-20"), WATER, "day", "2026-11-20", "2026-11-20"),
    ],
)
async def test_usage(
    signed_in: Shell,
    arguments: tuple[str, ...],
    meter: str,
    resolution: str,
    first: str,
    last: str,
) -> None:
    said = await signed_in("usage", meter, *arguments, "--json")
    assert said.code == 0, said.err
    assert said.json == truth(signed_in, meter, resolution, first, last)
    assert_same(said, await signed_in("usage", meter, *arguments, "--csv"))


async def test_a_meter_may_be_left_out_or_named_by_what_it_measures(signed_in: Shell) -> None:
    for number, said in (
        (WATER, ("usage", "water")),
        (ELECTRICITY, ("usage", "electricity", "--monthly")),
        (WATER, ("topups", "water", "--json")),
        (ELECTRICITY, ("-m", "electricity", "--unit", "--json")),
        (WATER, ("status", "water", "--json")),
    ):
        same = tuple(number if part in {"water", "electricity"} else part for part in said)
        assert (await signed_in(*said)).out == (await signed_in(*same)).out
    hours = (await signed_in("usage", "--hourly", "--json")).json
    assert hours == (await signed_in("usage", ELECTRICITY, "--hourly", "--json")).json
    assert hours


async def test_usage_by_month_is_the_sum_of_the_days(signed_in: Shell) -> None:
    said = await signed_in("usage", ELECTRICITY, "--monthly", "--json")
    sums: dict[str, Decimal] = {}
    for start, value in signed_in.portal.truth(ELECTRICITY, "day"):
        month = start.replace(day=1).isoformat()
        sums[month] = sums.get(month, Decimal(0)) + value
    assert {row["start"]: row["consumption"] for row in said.json} == {
        month: float(total) for month, total in sums.items()
    }
    table = (await signed_in("usage", ELECTRICITY, "--monthly")).out.splitlines()
    assert table[0].split() == ["Month", "Consumption", "(kWh)"]
    assert table[-1] == f"Total: {sum(sums.values())} kWh"
    assert table[-2].split() == ["2026-11", str(sums["2026-11-01T00:00:00+08:00"])]


async def test_usage_that_is_not_published_is_not_zero(signed_in: Shell) -> None:
    said = await signed_in("usage", ELECTRICITY, "--to", "2026-01-31", "--csv")
    assert (said.code, said.out) == (0, "start,consumption,unit,estimated\n")
    assert said.err == "usms: Nothing is published for these days.\n"
    assert "Total" not in (await signed_in("usage", ELECTRICITY, "--to", "2026-01-31")).out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((ELECTRICITY, "--from", "2026-11-21"), "The days lie in the future"),
        (
            (ELECTRICITY, "--from", "2026-11-10", "--to", "2026-11-09"),
            "The last day lies before the first",
        ),
        ((ELECTRICITY, "--from", "yesterday"), "is no day such as 2026-11-30"),
        (("12345",), "no such meter"),
        ((WATER, "--hourly"), "offers no hourly report"),
        ((ELECTRICITY, "--hourly", "--daily"), "not allowed with"),
        ((ELECTRICITY, "--json", "--csv"), "not allowed with"),
        ((ELECTRICITY, "--database", "nowhere.db"), "usms sync fills one"),
        ((), "There are 2 meters: say electricity, water or the number of one"),
    ],
)
async def test_wrong_use(signed_in: Shell, arguments: tuple[str, ...], sentence: str) -> None:
    said = await signed_in("usage", *arguments)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert said.err.startswith("usms: ")
    assert said.err.count("\n") == 1


async def test_status(signed_in: Shell) -> None:
    said = await signed_in("status", ELECTRICITY, "--json")
    days = {start.date(): value for start, value in signed_in.portal.truth(ELECTRICITY, "day")}
    lately = {day: days[day] for day in days if day >= NOW.date() - timedelta(days=31)}
    card = (await signed_in("meters", "--json")).json[0]
    schedule = TariffSchedule.always(residential_electricity())
    made = forecast(lately, schedule, NOW, Decimal(str(card["balance"])))
    assert made
    assert made.days_left
    assert made.days_left > 3
    month = [day for day in days if day >= NOW.date().replace(day=1)]
    assert len(month) == 19  # the 20th is not over
    used = sum(days[day] for day in month)
    price = residential_electricity().bill(used)
    assert said.json == card | {
        "used_this_month": float(used),
        "cost_this_month": float(round(price, 2)),
        "per_day": float(made.per_day),
        "month_consumption": float(made.month_consumption.expected),
        "month_cost": float(cost_known(made.month_cost.expected)),
        "month_cost_low": float(cost_known(made.month_cost.low)),
        "month_cost_high": float(cost_known(made.month_cost.high)),
        "runs_out": _noon(made.runs_out),
        "runs_out_early": _noon(made.runs_out_early),
        "runs_out_late": _noon(made.runs_out_late),
        "days_left": made.days_left // 1,
    }
    assert_same(said, await signed_in("status", ELECTRICITY, "--csv"))
    commercial = (await signed_in("status", ELECTRICITY, "--kva", "10", "--json")).json
    assert commercial["month_cost"] > said.json["month_cost"]
    both = (await signed_in("status", "--json")).json
    assert [row["meter"] for row in both] == [ELECTRICITY, WATER]
    assert both[0] == said.json
    said = await signed_in("status", WATER)
    lines = dict(line.split("  ", 1) for line in said.out.splitlines() if "  " in line)
    assert lines["Used this month"].strip() == f"{both[1]['used_this_month']:.3f} m³"
    assert lines["Its cost so far (B$)"].strip() == f"{both[1]['cost_this_month']:.2f}"
    assert lines["Remaining"].strip() == f"{both[1]['remaining_units']:.3f} m³"


def _noon(moment: datetime | None) -> str | None:
    """Return the day of a moment that is days away: it is known no finer."""
    return moment and moment.replace(hour=12, minute=0, second=0, microsecond=0).isoformat()


async def test_status_for_people(signed_in: Shell) -> None:
    row = (await signed_in("status", ELECTRICITY, "--json")).json
    said = (await signed_in("status", ELECTRICITY)).out
    lines = [line.split("  ", 1) for line in said.splitlines() if "  " in line]
    ranges = [text.strip() for title, text in lines if title == "80 % interval"]
    assert ranges == [
        f"{row['month_cost_low']:.2f} to {row['month_cost_high']:.2f}",
        f"{row['runs_out_early'][:10]} to {row['runs_out_late'][:10]}",
    ]
    assert dict(lines)["Runs out"].strip() == row["runs_out"][:10]


async def test_plan(signed_in: Shell) -> None:
    said = (await signed_in("plan", ELECTRICITY, "--json")).json
    assert (said["meter"], said["until"]) == (ELECTRICITY, "2026-12-31")
    assert 0 <= said["expected"] <= said["likely"] <= said["safe"]
    assert all(said[name] % 5 == 0 for name in ("expected", "likely", "safe"))
    sooner = (await signed_in("plan", ELECTRICITY, "--until", "2026-11-25", "--json")).json
    assert sooner["safe"] <= said["safe"]
    dear = (await signed_in("plan", ELECTRICITY, "--kva", "10", "--json")).json
    assert dear["expected"] > said["expected"]
    assert_same(await signed_in("plan", WATER, "--json"), await signed_in("plan", WATER, "--csv"))
    people = (await signed_in("plan", ELECTRICITY, "--kva", "10")).out
    assert "with 95 %" in people
    assert "50" in people
    lasts = (await signed_in("plan", ELECTRICITY, "--amount", "20", "--json")).json
    assert lasts["safe"] <= lasts["likely"] <= lasts["expected"]
    longer = (await signed_in("plan", ELECTRICITY, "--amount", "50", "--json")).json
    assert longer["expected"] > lasts["expected"]
    assert "Until" in (await signed_in("plan", ELECTRICITY, "--amount", "20")).out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--until", "2026-11-19"),
        ("--amount", "-1"),
        ("--until", "2028-01-01"),
        ("--amount", "much"),
        ("--amount", "1e9"),
        ("--amount", "-5"),
    ],
)
async def test_a_plan_that_cannot_be(signed_in: Shell, arguments: tuple[str, ...]) -> None:
    said = await signed_in("plan", ELECTRICITY, *arguments)
    assert (said.code, said.out) == (2, "")


async def test_prices_of_a_commercial_customer_are_not_guessed(signed_in: Shell) -> None:
    signed_in.portal.set_profile(customer_type="Commercial")
    row = (await signed_in("status", ELECTRICITY, "--json")).json
    assert (row["cost_this_month"], row["month_cost"], row["days_left"]) == (None, None, None)
    assert row["balance"] is not None
    # What is used is known all the same.
    priced = (await signed_in("status", ELECTRICITY, "--kva", "15", "--json")).json
    used = ("used_this_month", "per_day", "month_consumption")
    assert [row[key] for key in used] == [priced[key] for key in used]
    assert None not in [row[key] for key in used]
    why = f"No prices for {ELECTRICITY}: the portal calls it Commercial; give --kva."
    assert why in (await signed_in("status", ELECTRICITY)).out
    refused = await signed_in("plan", ELECTRICITY)
    assert refused.code != 0
    assert why in refused.err
    assert (await signed_in("status", ELECTRICITY, "--kva", "15", "--json")).json["month_cost"] > 0
    assert (await signed_in("plan", ELECTRICITY, "--kva", "15", "--json")).json["safe"] > 0


async def test_the_top_up_page_is_not_read_where_the_prices_are_given(signed_in: Shell) -> None:
    def asked() -> bool:
        return any("payment" in request.path.casefold() for request in signed_in.portal.requests)

    await signed_in("status", ELECTRICITY, "--kva", "10")
    await signed_in("status", WATER, "--units", "2")
    assert not asked()
    await signed_in("status", ELECTRICITY, "--units", "2")
    assert asked()


async def test_prices_that_are_taken_for_granted_are_said(signed_in: Shell) -> None:
    signed_in.portal.add_fault(Fault("payment/webform2", "other_page"))
    for command in ("status", "plan"):
        said = await signed_in(command, ELECTRICITY)
        assert said.code == 0
        assert "is priced as residential" in said.out


async def test_a_plan_says_what_is_owed(signed_in: Shell) -> None:
    said = (await signed_in("plan", ELECTRICITY, "--json")).json
    assert said["debt"] == 0
    signed_in.portal.set_profile(debt=80)
    said = (await signed_in("plan", ELECTRICITY, "--json")).json
    assert (said["debt"], said["debt_monthly"]) == (80, 8)
    people = (await signed_in("plan", ELECTRICITY)).out
    assert "B$ 80.00 is owed, B$ 8.00 a month" in people


async def test_status_on_the_first_of_a_month_knows_nothing_of_it(signed_in: Shell) -> None:
    """Nothing is published of a day that is not over; that is not 0."""
    signed_in.now = NOW.replace(day=1)
    row = (await signed_in("status", ELECTRICITY, "--json")).json
    assert (row["used_this_month"], row["cost_this_month"]) == (None, None)
    assert row["per_day"] > 0


async def test_topups(signed_in: Shell) -> None:
    said = await signed_in("topups", ELECTRICITY, "--json")
    real = signed_in.portal.meters[0].topups(signed_in.portal.now())
    assert real
    assert said.json == [
        {
            "time": topup.at.astimezone(BRUNEI).isoformat(),
            "transaction": topup.number,
            "amount": float(topup.amount),
            "debt_cleared": float(topup.debt),
            "recharge": float(topup.recharge),
            "units": float(topup.units),
            "unit": "kWh",
            "payment_mode": topup.mode,
            "site": topup.site,
            "source": topup.source,
        }
        for topup in real
    ]
    assert_same(said, await signed_in("topups", ELECTRICITY, "--csv"))
    some = await signed_in("topups", ELECTRICITY, "--from", "2026-11-01", "--json")
    assert some.json == [row for row in said.json if row["time"] >= "2026-11-01"]
    total = sum(topup.amount for topup in real)
    assert (await signed_in("topups", ELECTRICITY)).out.endswith(f"Total: B$ {total:.2f}\n")


# Of the operator's tariff page, the last one is its own worked example.
@pytest.mark.parametrize(
    ("arguments", "price"),
    [
        (("electricity", "750"), "18.00"),
        (("electricity", "0"), "0.00"),
        (("water", "60"), "8.40"),
        (("water", "60", "--units", "2"), "6.60"),
        (("electricity", "0", "--kva", "5", "--vacant"), "2.00"),
        (("electricity", "26880", "--kva", "140"), "1948.80"),
    ],
)
async def test_cost_asks_nobody(usms: Shell, arguments: tuple[str, ...], price: str) -> None:
    said = await usms("cost", *arguments, "--json")
    assert said.json["cost"] == float(price)
    assert said.json["consumption"] == float(arguments[1])
    assert_same(said, await usms("cost", *arguments, "--csv"))
    assert (await usms("cost", *arguments)).out.endswith(f"Total: B$ {price}\n")
    assert usms.portal.requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("gas", "1"),
        ("electricity",),
        ("electricity", "many"),
        ("electricity", "-1"),
        ("electricity", "inf"),
        ("electricity", "1", "--units", "2"),
        ("electricity", "1", "--vacant"),
        ("electricity", "1", "--kva", "none"),
        ("water", "1", "--kva", "2"),
        ("water", "1", "--units", "0.5"),
    ],
)
async def test_cost_of_what_has_no_price(usms: Shell, arguments: tuple[str, ...]) -> None:
    said = await usms("cost", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1


async def test_output_goes_to_a_file(signed_in: Shell, tmp_path: Path) -> None:
    file = tmp_path / "meters.json"
    wanted = (await signed_in("meters", "--json")).out
    said = await signed_in("meters", "--json", "--output", str(file))
    assert (said.code, said.out, said.err) == (0, "", "")
    assert file.read_text() == wanted
    assert json.loads(wanted)
    said = await signed_in("meters", "--output", str(tmp_path / "nowhere" / "file"))
    assert said.code == 1
    assert said.err.startswith("usms: No such file or directory: ")


async def test_trouble_on_the_portal_fails(signed_in: Shell) -> None:
    signed_in.portal.add_fault(Fault(path="Home", kind="status", status=503))
    said = await signed_in("meters")
    assert (said.code, said.out) == (1, "")
    assert said.err == "usms: The portal answered with HTTP status 503\n"


async def test_the_log_names_nobody(
    usms: Shell, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    await usms("login", "--verbose", answer=lambda: usms.portal.captcha_answer)
    await usms("usage", ELECTRICITY, "--verbose")
    assert "Signed in" in caplog.text
    session = json.loads((usms.state / "session.json").read_text())
    ours = [r for r in caplog.records if r.name.startswith("custom_components")]
    text = "\n".join(record.getMessage() for record in ours)
    cookies = [cookie["value"] for cookie in session["cookies"]]
    for secret in (USERNAME, PASSWORD, ELECTRICITY, *cookies):
        assert secret not in text
