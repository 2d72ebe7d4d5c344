"""The paths of the REST view, each over what the account has already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any, Final, override

from aiohttp import web
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.http.auth import SIGN_QUERY_PARAM
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util

from custom_components.usms.client import Resolution, Tariff, Utility, residential
from custom_components.usms.client.brunei import brunei_date
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.const import DOMAIN
from custom_components.usms.data import UsmsConfigEntry

from . import answers, consumption, parameters
from .answers import Found
from .consumption import Page, Query
from .errors import ErrorCode, RestError, code_of
from .openapi import document
from .view import Answer, ReadView, Request, Rest, UsmsView, tag_of


@callback
def async_setup_rest(hass: HomeAssistant) -> None:
    """Register all paths, once for all accounts."""
    rest = Rest(hass)
    for view in VIEWS:
        hass.http.register_view(view(rest))


class AccountsView(ReadView):
    """The accounts that are set up, and how each is doing."""

    path = "/accounts"
    content = "Account"
    many = True

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer."""
        rest = self.rest
        return Answer.of([answers.account(entry, rest.meters(entry)) for entry in rest.entries])


class RefreshView(UsmsView):
    """Read the account page of the portal now; the only path for which the portal is asked."""

    path = "/accounts/{entry_id}/refresh"
    content = "Account"
    errors = (ErrorCode.ACCOUNT_NOT_FOUND, ErrorCode.SIGN_IN_NEEDED, ErrorCode.USMS_UNAVAILABLE)
    policy = POLICY_CONTROL

    async def post(self, request: web.Request, **names: str) -> web.StreamResponse:
        """Answer when the page is read."""
        return await self._serve(request, names, self.rest.grant_refresh)

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Read the account page; who asks meanwhile waits for the same poll."""
        hass, entry_id = self.rest.hass, names["entry_id"]
        entry: UsmsConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN:
            raise RestError(ErrorCode.ACCOUNT_NOT_FOUND)
        if entry.state is not ConfigEntryState.LOADED:
            raise RestError(ErrorCode.NOT_READY)
        coordinator = entry.runtime_data.coordinator
        await asyncio.wait([coordinator.async_poll()])
        if not coordinator.last_update_success:
            error = coordinator.last_exception
            raise RestError(code_of(error and error.__cause__))
        return Answer.of(answers.account(entry, self.rest.meters(entry)))


class MetersView(ReadView):
    """The meters of all accounts, as their cards show them."""

    path = "/meters"
    content = "Meter"
    many = True

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer."""
        rest = self.rest
        return Answer.of(
            [answers.meter(one) for entry in rest.entries for one in rest.meters(entry)]
        )


class MeterView(ReadView):
    """A meter: its card, what it used and what that costs, as far as it is published."""

    path = "/meters/{meter}"
    content = "MeterDetails"
    errors = (ErrorCode.METER_NOT_FOUND,)

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer."""
        found = self.rest.meter(names["meter"])
        if found.figures is None:
            raise RestError(ErrorCode.NOT_READY)
        return Answer.of(answers.details(found, found.figures))


class UnitView(ReadView):
    """The units that a meter has left, as the portal shows them."""

    path = "/meters/{meter}/unit"
    content = "Unit"
    errors = (ErrorCode.METER_NOT_FOUND, ErrorCode.DATA_NOT_FOUND, ErrorCode.SIGN_IN_NEEDED)
    shown = staticmethod(answers.unit)

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer."""
        found = self.rest.meter(names["meter"])
        if found.card is None:
            waits = found.entry.runtime_data.coordinator.sign_in_needed
            raise RestError(ErrorCode.SIGN_IN_NEEDED if waits else ErrorCode.NOT_READY)
        shown = self.shown(found)
        if shown is None:
            raise RestError(ErrorCode.DATA_NOT_FOUND, "The portal shows none at the moment")
        return Answer.of(shown)


class CreditView(UnitView):
    """The balance of a meter, as the portal shows it; below 0 the meter owes."""

    path = "/meters/{meter}/credit"
    content = "Credit"
    shown = staticmethod(answers.credit)


class ConsumptionView(ReadView):
    """What a meter used by hour, day or month, by time; only what is published."""

    path = "/meters/{meter}/consumption"
    content = "Reading"
    many = True
    parameters = (
        parameters.RESOLUTION,
        parameters.START,
        parameters.END,
        parameters.LIMIT,
    )
    errors = (ErrorCode.METER_NOT_FOUND, ErrorCode.DATA_NOT_FOUND, ErrorCode.INVALID_DATE)

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer; the tag goes by the store's version, so nothing is read where it holds."""
        found = self.rest.meter(names["meter"])
        store = found.entry.runtime_data.store
        version, query = store.version, _query(found, request.values)
        tag = tag_of(f"{version} {query}".encode())
        if request.has(tag):
            return Answer(tag)
        begin = partial(consumption.begin, store, query)
        page, first = await self.rest.read((tag, 0), begin)
        following = None
        if page.following:
            start = page.following.isoformat()
            address = request.raw.rel_url.without_query_params(SIGN_QUERY_PARAM)
            following = str(address.update_query(start=start))
        if len(page.pieces) == 1:
            return Answer(tag, b"[" + first + b"]", following=following)
        return Answer(tag, pieces=self._pieces(tag, store, page, first), following=following)

    async def _pieces(
        self, tag: str, store: ReadingsStore, page: Page, first: bytes
    ) -> AsyncGenerator[bytes]:
        """Yield the list; each piece is read when the one before is sent."""
        yield b"[" + first
        for number, (start, end) in enumerate(page.pieces[1:], 1):
            job = partial(consumption.encoded, store, page.query, start, end)
            piece = await self.rest.read((tag, number), job)
            if piece:
                yield b"," + piece
        yield b"]"


class ForecastView(ReadView):
    """What the month will come to, and when the balance runs out; a range holds 4 times of 5."""

    path = "/meters/{meter}/forecast"
    content = "Forecast"
    errors = (ErrorCode.METER_NOT_FOUND, ErrorCode.DATA_NOT_FOUND)

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer."""
        found = self.rest.meter(names["meter"])
        if found.figures is None:
            raise RestError(ErrorCode.NOT_READY)
        spending = found.figures.spending
        if spending is None or spending.forecast is None:
            raise RestError(
                ErrorCode.DATA_NOT_FOUND, "There are no complete days yet, or no prices"
            )
        return Answer.of(answers.forecast(found, spending.forecast, found.figures.standing))


class TariffsView(ReadView):
    """The tariffs of today: of each meter, and the residential one of a utility without meters."""

    path = "/tariffs"
    content = "Tariff"
    many = True

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer."""
        tariffs = _tariffs(self.rest)
        return Answer.of([answers.tariff(*tariff) for tariff in tariffs])


class TariffView(ReadView):
    """A tariff of today, and what a month costs by it."""

    path = "/tariffs/{utility}"
    content = "PricedTariff"
    parameters = (parameters.CONSUMPTION, parameters.METER)
    errors = (ErrorCode.METER_NOT_FOUND, ErrorCode.DATA_NOT_FOUND)

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer."""
        if names["utility"] not in Utility:
            raise RestError(ErrorCode.INVALID_PARAMETER, f"utility is one of {', '.join(Utility)}")
        utility, number = Utility(names["utility"]), request.values.get("meter")
        if number is not None and self.rest.meter(number).utility is not utility:
            raise RestError(ErrorCode.METER_NOT_FOUND, f"This meter measures no {utility}")
        for tariff in _tariffs(self.rest):
            if tariff[0].utility is utility and number in {None, tariff[1]}:
                cost = answers.priced(tariff[0], request.values.get("consumption"))
                return Answer.of(answers.tariff(*tariff) | cost)
        raise RestError(ErrorCode.DATA_NOT_FOUND, "The prices of this meter are not known")


class OpenApiView(ReadView):
    """The OpenAPI document of these paths."""

    path = "/openapi.json"
    content = "Document"

    @override
    async def answer(self, request: Request, **names: str) -> Answer:
        """Answer."""
        integration = async_get_loaded_integration(self.rest.hass, DOMAIN)
        return Answer.of(document(VIEWS, str(integration.version)))


VIEWS: Final[tuple[type[UsmsView], ...]] = (
    AccountsView,
    RefreshView,
    MetersView,
    MeterView,
    UnitView,
    CreditView,
    ConsumptionView,
    ForecastView,
    TariffsView,
    TariffView,
    OpenApiView,
)


def _query(found: Found, values: Mapping[str, Any]) -> Query:
    """Return what a query asks for; raises RestError."""
    resolution: Resolution = values.get("resolution", Resolution.DAY)
    start: datetime | None = values.get("start")
    end: datetime | None = values.get("end")
    start, end = consumption.span(resolution, start, end, brunei_date(dt_util.utcnow()))
    limit: int = values.get("limit", parameters.USUAL_ROWS)
    return Query(found.number, found.utility, resolution, start, end, limit)


def _tariffs(rest: Rest) -> list[tuple[Tariff, str | None, date | None]]:
    """Return the tariffs of today, the meter that each is for, and since when it holds."""
    today = brunei_date(dt_util.utcnow())
    found: list[tuple[Tariff, str | None, date | None]] = []
    for entry in rest.entries:
        for meter in rest.meters(entry):
            if schedule := meter.schedule:
                tariff = schedule.on(today)
                since = next(dated.since for dated in schedule.tariffs if dated.tariff is tariff)
                found.append((tariff, meter.number, since))
    measured = {tariff.utility for tariff, _, _ in found}
    return found + [
        (residential(utility), None, None) for utility in Utility if utility not in measured
    ]
