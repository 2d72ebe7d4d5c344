"""Signing in: password, then the captcha for a person; first, again, and with a new password."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from PIL import Image, UnidentifiedImageError

from .client import (
    CaptchaRefused,
    CaptchaRequired,
    Challenge,
    CredentialsRefused,
    PageNotUnderstood,
    PortalUnavailable,
    UsmsClient,
    UsmsConnectionError,
    UsmsError,
    WrongRequest,
    clean_username,
)
from .connection import SessionStore, account_id, async_create_client, masked
from .const import (
    CONF_CAPTCHA,
    CONF_POLL_INTERVAL,
    DEFAULT_POLL_INTERVAL,
    DOMAIN,
    MAX_POLL_INTERVAL,
    MIN_POLL_INTERVAL,
)

_LOGGER = logging.getLogger(__name__)

_ENLARGED: Final = 2
_ERRORS: Final[Mapping[type[UsmsError], str]] = {
    CredentialsRefused: "invalid_auth",
    UsmsConnectionError: "cannot_connect",
    PortalUnavailable: "portal_unavailable",
    PageNotUnderstood: "page_not_understood",
    WrongRequest: "wrong_request",
}

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
        self._client: UsmsClient | None = None
        self._challenge: Challenge | None = None
        self._password_refused = False

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
        await self.async_set_unique_id(account_id(username))
        self._abort_if_unique_id_configured()
        self._credentials = {
            CONF_USERNAME: username,
            CONF_PASSWORD: user_input[CONF_PASSWORD],
        }
        return await self._async_sign_in()

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Sign in again with what is known, once a person is there to read the captcha."""
        self._credentials = {key: entry_data[key] for key in (CONF_USERNAME, CONF_PASSWORD)}
        return await self.async_step_reauth_confirm()

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
            return self.async_show_form(
                step_id="reauth_confirm",
                data_schema=_PASSWORD_SCHEMA if self._password_refused else vol.Schema({}),
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

    async def _async_sign_in(self) -> ConfigFlowResult:
        """Send the credentials; go on with the captcha where the portal asks for it."""
        try:
            # Made inside: an address that can't be the portal's is told like any other error.
            self._client = self._client or async_create_client(self.hass)
            await self._client.sign_in(
                self._credentials[CONF_USERNAME], self._credentials[CONF_PASSWORD]
            )
        except CaptchaRequired as required:
            return await self._async_show_captcha(required.challenge, {})
        except UsmsError as err:
            return self._begin_again(err)
        return await self._async_finish(self._client)

    async def async_step_captcha(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a person's answer; an empty one brings a new picture."""
        client, challenge = self._client, self._challenge
        # This step is shown with both only.
        assert client is not None  # noqa: S101
        assert challenge is not None  # noqa: S101
        text = ((user_input or {}).get(CONF_CAPTCHA) or "").strip()
        try:
            if not text:
                return await self._async_show_captcha(await client.refresh_captcha(challenge), {})
            await client.answer(challenge, text)
        except CaptchaRefused as refused:
            return await self._async_show_captcha(refused.challenge, {"base": "captcha_refused"})
        except UsmsError as err:
            return self._begin_again(err)
        return await self._async_finish(client)

    async def _async_show_captcha(
        self, challenge: Challenge, errors: dict[str, str]
    ) -> ConfigFlowResult:
        self._challenge = challenge
        try:
            picture = await self.hass.async_add_executor_job(captcha_picture, challenge.image)
        except PageNotUnderstood as err:
            return self._begin_again(err)
        return self.async_show_form(
            step_id="captcha",
            data_schema=_CAPTCHA_SCHEMA,
            errors=errors,
            description_placeholders={
                "captcha_image": "data:image/png;base64," + base64.b64encode(picture).decode()
            },
        )

    def _begin_again(self, err: UsmsError) -> ConfigFlowResult:
        """Show the first step with what went wrong."""
        _LOGGER.debug("Signing in failed: %s", err)
        self._challenge = None
        self._password_refused = isinstance(err, CredentialsRefused)
        error = next((key for kind, key in _ERRORS.items() if isinstance(err, kind)), "unknown")
        return self._show_first_step({"base": error})

    async def _async_finish(self, client: UsmsClient) -> ConfigFlowResult:
        """Keep the session, then the account."""
        account = account_id(self._credentials[CONF_USERNAME])
        await SessionStore(self.hass, account).async_save(client.export_session())
        if self.source == SOURCE_USER:
            title = f"USMS {masked(self._credentials[CONF_USERNAME])}"
            return self.async_create_entry(title=title, data=self._credentials)
        if self.source == SOURCE_REAUTH:
            return self.async_update_reload_and_abort(
                self._get_reauth_entry(), data_updates=self._credentials
            )
        return self.async_update_reload_and_abort(
            self._get_reconfigure_entry(), data_updates=self._credentials
        )


class UsmsOptionsFlow(OptionsFlowWithReload):
    """How often to poll."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            minutes = int(user_input[CONF_POLL_INTERVAL])
            return self.async_create_entry(data={CONF_POLL_INTERVAL: minutes})
        schema = vol.Schema(
            {
                vol.Required(
                    CONF_POLL_INTERVAL,
                    default=self.config_entry.options.get(
                        CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL
                    ),
                ): NumberSelector(
                    NumberSelectorConfig(
                        min=MIN_POLL_INTERVAL,
                        max=MAX_POLL_INTERVAL,
                        step=1,
                        unit_of_measurement=UnitOfTime.MINUTES,
                        mode=NumberSelectorMode.BOX,
                    )
                )
            }
        )
        return self.async_show_form(step_id="init", data_schema=schema)


def captcha_picture(served: bytes) -> bytes:
    """Return a captcha for people to read: on white, enlarged (blocks).

    The portal draws it in black on nothing, invisible on a dark theme. Raises PageNotUnderstood
    for what is no picture.
    """
    try:
        image = Image.open(io.BytesIO(served)).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError) as err:
        raise PageNotUnderstood("DXB.axd", "the captcha's picture") from err
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    large = white.convert("L").resize(
        (image.width * _ENLARGED, image.height * _ENLARGED), Image.Resampling.LANCZOS
    )
    out = io.BytesIO()
    large.save(out, "PNG", optimize=True)
    return out.getvalue()
