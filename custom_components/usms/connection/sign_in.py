"""Signing in without a flow: by an action, from a dashboard or a phone."""

from __future__ import annotations

import logging

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.exceptions import HomeAssistantError

from ..client import (
    CaptchaExpired,
    CaptchaRefused,
    UsmsError,
)
from ..const import DOMAIN
from ..data import UsmsData
from .errors import error_key, error_placeholders

_LOGGER = logging.getLogger(__name__)


async def async_sign_in(data: UsmsData, answer: str | None) -> str | None:
    """Sign in with the stored password and what a person read in the captcha.

    Returns None where that is done, or why a picture now waits for an answer: `captcha_needed`
    (it was asked for, or it is the first), `captcha_refused`, or `captcha_expired` (the answer was
    to another picture and did not count). Raises HomeAssistantError for all that no answer helps.
    """
    try:
        return await _async_try(data, answer)
    except CaptchaRefused:
        return "captcha_refused"
    except CaptchaExpired:
        return "captcha_expired"
    except UsmsError as err:
        _LOGGER.debug("Signing in failed: %s", err)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=error_key(err),
            translation_placeholders=error_placeholders(err),
        ) from err


async def async_new_captcha(data: UsmsData) -> None:
    """Draw another picture, or sign in where the portal asks for none.

    Raises HomeAssistantError where that fails, or the account is signed in.
    """
    if data.connection.captcha is None and not data.coordinator.sign_in_needed:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_captcha_needed")
    await async_sign_in(data, None)


async def _async_try(data: UsmsData, answer: str | None) -> str | None:
    connection = data.connection
    captcha = connection.captcha
    if captcha is None:
        if not data.coordinator.sign_in_needed:
            return None
        account = data.coordinator.config_entry.data
        begun = await connection.async_begin(account[CONF_USERNAME], account[CONF_PASSWORD])
        waits = "captcha_expired" if answer else "captcha_needed"
        return waits if begun else None
    if answer is None:
        return "captcha_needed" if await connection.async_renew(captcha) else None
    await connection.async_answer(captcha, answer)
    return None
