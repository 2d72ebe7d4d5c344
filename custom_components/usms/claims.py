"""Which account has a meter that stands in several: the one that was set up first.

So each meter has one set of entities and statistics, which no two accounts write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .client import Account
from .const import DOMAIN
from .issues.meters import async_update_shared_issue


@dataclass(frozen=True, slots=True)
class _Claim:
    entry_id: str
    drop: Callable[[str], None] = field(repr=False)
    """Takes the meter from the account that has it."""


_CLAIMS: HassKey[dict[str, _Claim]] = HassKey(f"{DOMAIN}_claims")


@callback
def async_claim_meters(
    hass: HomeAssistant, entry: ConfigEntry, account: Account, drop: Callable[[str], None]
) -> Account:
    """Return the account with the meters that are its own.

    `drop` is called with the number of one that an account set up earlier claims later.
    """
    claims = hass.data.setdefault(_CLAIMS, {})
    own = []
    for meter in account.meters:
        claim = claims.get(meter.number)
        owner = hass.config_entries.async_get_entry(claim.entry_id) if claim else None
        if owner and owner is not entry and owner.created_at <= entry.created_at:
            async_update_shared_issue(hass, entry, meter.number, owner)
            continue
        claims[meter.number] = _Claim(entry.entry_id, drop)
        async_update_shared_issue(hass, entry, meter.number, None)
        if claim and owner and owner is not entry:
            claim.drop(meter.number)
            async_update_shared_issue(hass, owner, meter.number, entry)
        own.append(meter)
    if len(own) == len(account.meters):
        return account
    return replace(account, meters=tuple(own))


@callback
def async_is_elsewhere(hass: HomeAssistant, entry: ConfigEntry, meter: str) -> bool:
    """Return whether another account has a meter."""
    claim = hass.data.get(_CLAIMS, {}).get(meter)
    return claim is not None and claim.entry_id != entry.entry_id


@callback
def async_release_meters(hass: HomeAssistant, entry_id: str) -> None:
    """Give up the meters of an account that is removed: others take them at their next poll."""
    claims = hass.data.get(_CLAIMS, {})
    for number in [number for number, claim in claims.items() if claim.entry_id == entry_id]:
        del claims[number]
