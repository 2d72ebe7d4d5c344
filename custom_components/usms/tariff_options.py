"""The options of a meter's tariffs: what its units cost from when on."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import (
    DateSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations

from .client import DatedTariff, Tariff, TariffKind, TariffSchedule, Utility, WrongTariff
from .const import CONF_TARIFF, DOMAIN
from .meter_options import MeterOptionsFlow
from .tariff_forms import (
    ADD,
    COMMERCIAL,
    CONF_ENTRY,
    CONF_KIND,
    CONF_SINCE,
    DWELLINGS,
    FIRST,
    label_of,
    name_of,
    own,
    tariff_errors,
    terms_of,
)

_YEARS: Final = range(2000, 2100)
"""In which a tariff may begin."""


def _kinds(*, water: bool) -> SelectSelector:
    """Return the choice of a tariff's kind; the prices of commercial water are not known."""
    kinds = [kind for kind in TariffKind if not (water and kind is TariffKind.COMMERCIAL)]
    return SelectSelector(
        SelectSelectorConfig(options=[kind.value for kind in kinds], translation_key="tariff_kind")
    )


class TariffOptionsFlow(MeterOptionsFlow):
    """The steps about a meter's tariffs.

    The first of them holds from the beginning: it can be changed, and others follow it, each from
    its day on. So no step changes what was before the day that it asks for.
    """

    def __init__(self) -> None:
        """Begin with nothing chosen."""
        super().__init__()
        self._since: date | None = None
        self._kind = TariffKind.RESIDENTIAL
        self._changed: DatedTariff | None = None
        """The tariff that is changed or deleted; None for one that is added."""

    async def _async_schedule(self) -> TariffSchedule | None:
        return (await self._async_data()).schedule(self._chosen_meter.number)

    async def _async_dated(self) -> dict[str, DatedTariff]:
        """Return the tariffs of the meter, by the names that forms have for them."""
        schedule = await self._async_schedule()
        return {name_of(dated): dated for dated in schedule.tariffs} if schedule else {}

    async def _label(self, dated: DatedTariff) -> str:
        # Flows do not know the user's language, only that of Home Assistant.
        language = self.hass.config.language
        texts = await async_get_translations(self.hass, language, "selector", {DOMAIN})
        return label_of(dated, texts)

    async def async_step_tariffs(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show which tariff holds from when; ask which to change, or for another."""
        dated = await self._async_dated()
        if not dated:
            return await self.async_step_first_tariff()
        if user_input is not None:
            return await self._async_chosen(user_input[CONF_ENTRY], dated)
        options = [
            SelectOptionDict(value=name, label=await self._label(tariff))
            for name, tariff in dated.items()
        ]
        options.append(SelectOptionDict(value=ADD, label=ADD))
        choice = SelectSelectorConfig(
            options=options, mode=SelectSelectorMode.LIST, translation_key="tariff_entry"
        )
        schema = vol.Schema({vol.Required(CONF_ENTRY): SelectSelector(choice)})
        return self.async_show_form(
            step_id="tariffs", data_schema=schema, description_placeholders=self._meter_name()
        )

    async def _async_chosen(self, name: str, tariffs: dict[str, DatedTariff]) -> ConfigFlowResult:
        self._changed = tariffs.get(name)
        if name == ADD:
            return await self.async_step_tariff()
        if self._changed is None:
            return self.async_abort(reason="tariff_gone")
        if self._changed.since is None:
            return await self.async_step_first_tariff()
        return await self.async_step_entry()

    async def async_step_entry(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to change a tariff or to delete it."""
        return self.async_show_menu(
            step_id="entry",
            menu_options=["tariff", "delete"],
            description_placeholders=await self._tariff_name(),
        )

    async def _tariff_name(self) -> dict[str, str]:
        return {"tariff": await self._label(self._changed) if self._changed else ""}

    async def async_step_delete(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Delete a tariff once that is confirmed: the one before it holds on."""
        schedule = await self._async_schedule()
        day = self._changed.since if self._changed else None
        if user_input is None or not schedule or not day:
            return self.async_show_form(
                step_id="delete",
                data_schema=vol.Schema({}),
                description_placeholders=await self._tariff_name(),
            )
        if await self._async_overtaken() == "tariff_changed":
            return self.async_abort(reason="tariff_changed")
        return self._keep(CONF_TARIFF, schedule.without(day).to_dict())

    async def async_step_first_tariff(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the kind of the tariff that holds from the beginning."""
        self._since = None
        return await self._async_kind_step("first_tariff", {}, user_input)

    async def async_step_tariff(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the kind of a tariff, and from when on it holds."""
        errors = {}
        if user_input is not None:
            self._since = date.fromisoformat(user_input[CONF_SINCE])
            if self._since.year not in _YEARS:
                errors[CONF_SINCE] = "wrong_day"
            elif await self._async_is_taken():
                errors[CONF_SINCE] = "day_taken"
        return await self._async_kind_step("tariff", errors, user_input)

    async def _async_overtaken(self) -> str | None:
        """Return why another form has overtaken this one; None where it has not."""
        dated = await self._async_dated()
        if self._changed is None:  # the first of a meter that had none, or one that is added
            return "tariff_changed" if self._since is None and FIRST in dated else None
        now = dated.get(name_of(self._changed))
        if now is None:
            return "tariff_gone"
        return None if now == self._changed else "tariff_changed"

    async def _async_is_taken(self) -> bool:
        """Return whether another tariff begins on the day that is chosen."""
        own_day = self._changed.since if self._changed else None
        day = self._since
        return day not in (None, own_day) and str(day) in await self._async_dated()

    async def _async_kind_step(
        self, step_id: str, errors: dict[str, str], user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for a kind, and go on to its terms."""
        water = self._chosen_meter.utility is Utility.WATER
        if user_input is not None:
            self._kind = TariffKind(user_input[CONF_KIND])
            if not errors:
                return await self._async_ask_for_terms(water=water)
        since = {vol.Required(CONF_SINCE): DateSelector()} if step_id == "tariff" else {}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({vol.Required(CONF_KIND): _kinds(water=water), **since}),
                self._known_terms() if user_input is None else user_input,
            ),
            description_placeholders=self._meter_name(),
            errors=errors,
        )

    def _known_terms(self) -> dict[str, Any]:
        if self._changed is None:
            return {}
        return {CONF_KIND: self._changed.tariff.kind.value, CONF_SINCE: name_of(self._changed)}

    async def _async_ask_for_terms(self, *, water: bool) -> ConfigFlowResult:
        match self._kind:
            case TariffKind.OWN:
                return await self.async_step_own()
            case TariffKind.COMMERCIAL:
                return await self.async_step_commercial()
            case TariffKind.RESIDENTIAL if water:
                return await self.async_step_dwellings()
            case TariffKind.RESIDENTIAL:
                return await self._async_set_tariff("tariff", {})

    async def async_step_commercial(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the capacity."""
        return await self._async_tariff_step("commercial", COMMERCIAL, user_input)

    async def async_step_dwellings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the number of units in the building."""
        return await self._async_tariff_step("dwellings", DWELLINGS, user_input)

    async def async_step_own(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for tiers and charges."""
        utility = self._chosen_meter.utility
        return await self._async_tariff_step(
            "own", own(utility.unit if utility else ""), user_input
        )

    async def _async_tariff_step(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if user_input is not None:
            return await self._async_set_tariff(step_id, user_input, schema)
        tariff = self._changed.tariff if self._changed else None
        known = terms_of(tariff) if tariff and tariff.kind is self._kind else {}
        return self.async_show_form(
            step_id=step_id, data_schema=self.add_suggested_values_to_schema(schema, known)
        )

    async def _async_set_tariff(
        self, step_id: str, terms: dict[str, Any], schema: vol.Schema | None = None
    ) -> ConfigFlowResult:
        """Keep a tariff from a day on, in the place of the one that is changed."""
        utility = self._chosen_meter.utility
        assert utility is not None  # noqa: S101 (only those have prices)
        try:
            tariff = Tariff.from_dict(utility, {"kind": self._kind.value, **terms})
        except WrongTariff as err:
            return self.async_show_form(
                step_id=step_id,
                data_schema=self.add_suggested_values_to_schema(schema or vol.Schema({}), terms),
                errors=tariff_errors(err),
            )
        # Another form may have been saved since this one was opened.
        if reason := await self._async_overtaken():
            return self.async_abort(reason=reason)
        if await self._async_is_taken():
            chosen = {CONF_KIND: self._kind.value, CONF_SINCE: str(self._since)}
            return await self._async_kind_step("tariff", {CONF_SINCE: "day_taken"}, chosen)
        before = await self._async_schedule()
        if before and self._changed and self._changed.since:
            before = before.without(self._changed.since)
        after = before.with_tariff(self._since, tariff) if before else TariffSchedule.always(tariff)
        return self._keep(CONF_TARIFF, after.to_dict())
