"""Signing in: password, then the captcha for a person; first, again, and with a new password."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .client import (
    CaptchaExpired,
    CaptchaRefused,
    UsmsError,
    clean_username,
)
from .connection.accounts import async_connection, async_leave_connection
from .connection.captcha import Captcha
from .connection.connection import Connection
from .connection.errors import TooManyAnswers, error_key, error_placeholders
from .const import CONF_CAPTCHA, DOMAIN
from .found import Found, async_found
from .options_flow import UsmsOptionsFlow
from .privacy import distinct, masked

_LOGGER = logging.getLogger(__name__)

_PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_USER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
        vol.Required(CONF_PASSWORD): _PASSWORD,
    }
)
_PASSWORD_SCHEMA: Final = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD})
_CAPTCHA_SCHEMA: Final = vol.Schema(
    {vol.Optional(CONF_CAPTCHA, default=""): TextSelector(TextSelectorConfig(autocomplete="off"))}
)


class UsmsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sign in to an account."""

    VERSION = 1

    def __init__(self) -> None:
        """Begin with nothing."""
        self._credentials: dict[str, str] = {}
        self._connection: Connection | None = None
        self._captcha: Captcha | None = None
        self._found: Found | None = None
        self._busy = False
        self._stop_listening: CALLBACK_TYPE | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> UsmsOptionsFlow:
        """Return the options' flow."""
        return UsmsOptionsFlow()

    # --- the first steps: new account, sign-in needed again, new password ---

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for user name and password."""
        if user_input is None:
            return self._show_first_step({})
        username = clean_username(user_input[CONF_USERNAME])
        # Compared, and not made the unique id: Home Assistant makes issue ids of those.
        self._async_abort_entries_match({CONF_USERNAME: username})
        if username != self._credentials.get(CONF_USERNAME):
            self._leave_connection()
        self._credentials = {
            CONF_USERNAME: username,
            CONF_PASSWORD: user_input[CONF_PASSWORD],
        }
        return await self._async_sign_in()

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Sign in again with what is known, once a person is there to read the captcha."""
        self._credentials = {key: entry_data[key] for key in (CONF_USERNAME, CONF_PASSWORD)}
        try:
            connection = await self._async_connection()
        except UsmsError as err:
            return self._begin_again(err)
        self._stop_listening = connection.async_add_listener(self._async_end_if_signed_in)
        return await self.async_step_reauth_confirm()

    @callback
    def _async_end_if_signed_in(self) -> None:
        """End where another way was faster, by a phone or a dashboard."""
        connection = self._connection
        if connection and connection.life.signed_in_at and not self._busy:
            self.hass.config_entries.flow.async_abort(self.flow_id)

    @callback
    @override
    def async_remove(self) -> None:
        """Leave nothing behind: no listener, and no connection of an account that was not added."""
        if self._stop_listening:
            self._stop_listening()
        self._leave_connection()

    @callback
    def _leave_connection(self) -> None:
        if self.source == SOURCE_USER and self._connection:
            async_leave_connection(self.hass, self._credentials[CONF_USERNAME], self.flow_id)
            self._connection = None

    @callback
    def _join_connection(self, connection: Connection) -> None:
        """Take the place of a set-up that was left open, such as by closing the app."""
        connection.flows.add(self.flow_id)
        for flow_id in connection.flows - {self.flow_id}:
            self.hass.config_entries.flow.async_abort(flow_id)

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait for a person; ask for the password only where the known one was refused."""
        if user_input is None:
            return self._show_first_step({})
        self._credentials |= user_input
        return await self._async_sign_in()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a changed password."""
        if user_input is None:
            return self._show_first_step({})
        username = self._get_reconfigure_entry().data[CONF_USERNAME]
        self._credentials = {CONF_USERNAME: username, **user_input}
        return await self._async_sign_in()

    def _show_first_step(self, errors: dict[str, str]) -> ConfigFlowResult:
        """Show the step that this flow began with."""
        if self.source == SOURCE_USER:
            known = {CONF_USERNAME: self._credentials.get(CONF_USERNAME)}
            schema = self.add_suggested_values_to_schema(_USER_SCHEMA, known)
            return self.async_show_form(step_id="user", data_schema=schema, errors=errors)
        if self.source == SOURCE_REAUTH:
            refused = self._connection and self._connection.password_refused
            return self.async_show_form(
                step_id="reauth_confirm",
                data_schema=_PASSWORD_SCHEMA if refused else vol.Schema({}),
                errors=errors,
                description_placeholders={"account": self._get_reauth_entry().title},
            )
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=_PASSWORD_SCHEMA,
            errors=errors,
            description_placeholders={"account": self._get_reconfigure_entry().title},
        )

    # --- signing in ---

    async def _async_connection(self) -> Connection:
        """Return the account's connection; raises WrongRequest for a wrong portal address."""
        entry_id = None
        if self.source == SOURCE_REAUTH:
            entry_id = self._get_reauth_entry().entry_id
        elif self.source == SOURCE_RECONFIGURE:
            entry_id = self._get_reconfigure_entry().entry_id
        username = self._credentials[CONF_USERNAME]
        self._connection = await async_connection(self.hass, username, entry_id)
        if self.source == SOURCE_USER:
            self._join_connection(self._connection)
        return self._connection

    async def _async_sign_in(self) -> ConfigFlowResult:
        """Send the credentials; go on with the captcha where the portal asks for it."""
        self._busy = True
        try:
            connection = await self._async_connection()
            captcha = await connection.async_begin(
                self._credentials[CONF_USERNAME], self._credentials[CONF_PASSWORD]
            )
        except UsmsError as err:
            return self._begin_again(err)
        finally:
            self._busy = False
        return self._show_captcha(captcha) if captcha else await self._signed_in()

    async def async_step_captcha(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a person's answer; an empty one brings a new picture."""
        connection, captcha = self._connection, self._captcha
        # This step is shown with both only.
        assert connection is not None  # noqa: S101
        assert captcha is not None  # noqa: S101
        text = ((user_input or {}).get(CONF_CAPTCHA) or "").strip()
        error = None
        self._busy = True
        try:
            if not text:
                renewed = await connection.async_renew(captcha)
                return self._show_captcha(renewed) if renewed else await self._signed_in()
            await connection.async_answer(captcha, text)
        except CaptchaRefused:
            error = "captcha_refused"
        except CaptchaExpired:
            error = "captcha_expired"
        except TooManyAnswers as err:  # the picture stays, and can be answered later
            return self._show_captcha(captcha, {"base": error_key(err)}, error_placeholders(err))
        except UsmsError as err:
            return self._begin_again(err)
        finally:
            self._busy = False
        if error is None:
            return await self._signed_in()
        if connection.captcha is None:  # another way to answer has failed meanwhile
            return await self._async_sign_in()
        return self._show_captcha(connection.captcha, {"base": error})

    def _show_captcha(
        self,
        captcha: Captcha,
        errors: dict[str, str] | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> ConfigFlowResult:
        self._captcha = captcha
        return self.async_show_form(
            step_id="captcha",
            data_schema=_CAPTCHA_SCHEMA,
            errors=errors or {},
            description_placeholders={
                **(placeholders or {}),
                "captcha_image": "data:image/png;base64,"
                + base64.b64encode(captcha.picture).decode(),
            },
        )

    def _begin_again(self, err: UsmsError) -> ConfigFlowResult:
        """Show the first step with what went wrong."""
        _LOGGER.debug("Signing in failed: %s", err)
        return self._show_first_step({"base": error_key(err)})

    async def _signed_in(self) -> ConfigFlowResult:
        """Go on with what the account has, or keep the credentials of one that is set up."""
        if self.source != SOURCE_USER:
            return self._finish()
        connection = self._connection
        assert connection is not None  # noqa: S101 (it has just signed in)
        try:
            account = await connection.client.account()
        except UsmsError as err:  # the set-up account tries again by itself, and says why
            _LOGGER.debug("Reading the account failed: %s", err)
            return self._create_entry({})
        self._found = await async_found(self.hass, account)
        return await self.async_step_found()

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was found; take names of meters, and the wish for the Energy dashboard."""
        found = self._found
        assert found is not None  # noqa: S101 (this step is shown with it only)
        if user_input is None:
            return self.async_show_form(
                step_id="found",
                data_schema=found.schema,
                description_placeholders=found.placeholders,
                last_step=True,
            )
        return self._create_entry(await found.async_take(user_input))

    def _create_entry(self, remembered: Mapping[str, Any]) -> ConfigFlowResult:
        """Keep the account; its connection has the session."""
        titles = {entry.title for entry in self._async_current_entries()}
        title = f"USMS account {masked(self._credentials[CONF_USERNAME])}"
        return self.async_create_entry(
            title=distinct(title, titles),
            data={**self._credentials, **remembered},
        )

    def _finish(self) -> ConfigFlowResult:
        """Keep the credentials of an account that is set up."""
        if self.source == SOURCE_REAUTH:
            entry = self._get_reauth_entry()
        else:
            entry = self._get_reconfigure_entry()
        result = self.async_update_and_abort(entry, data_updates=self._credentials)
        if entry.state is not ConfigEntryState.LOADED:
            # Else polls go on by themselves over the connection that has signed in.
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result
