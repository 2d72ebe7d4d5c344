"""Signing in: one step, or two with the captcha, and the redirects that follow."""

from __future__ import annotations

from base64 import b64encode
from random import Random
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from . import captcha, pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .accounts import Account
    from .server import Answer, SimulatedPortal
    from .state import Session

USER: Final = "ASPxRoundPanel1$txtUsername"
PASSWORD: Final = "ASPxRoundPanel1$txtPassword"
CAPTCHA: Final = "ASPxRoundPanel1$ASPxCaptcha1$TB"
WRONG: Final = "Incorrect user name and password."
WRONG_2024: Final = "The given key was not present in the dictionary."
LOCKED: Final = "Your account has been locked."


def _shown(where: str, address: str, picture: bytes, token: str | None) -> str:
    """Return what stands in the picture's `src`."""
    return {
        "address": address,
        "data": f"data:image/png;base64,{b64encode(picture).decode()}",
        "second_step": address if token else "",
        "blob": "blob:https://portal.example/1",
        "elsewhere": f"http://203.0.113.7{address}",
    }[where]


class Login:
    """The pages before there is somebody signed in."""

    def __init__(self, portal: SimulatedPortal) -> None:
        """Work on that portal's sessions."""
        self._portal = portal
        self._random = Random(f"{portal.seed}/captcha")
        self._tickets: dict[str, str] = {}
        self._latest: dict[str, Session] = {}

    def form(self, session: Session, token: str | None, error: str = "") -> str:
        """Return the sign-in page, with a new captcha where the portal has any."""
        portal = self._portal
        src = None
        if portal.profile.captcha:
            text, picture = captcha.draw(self._random)
            name = portal.sessions.token(8)
            session.pictures = {name: picture}
            portal.captcha_answer = text
            if token:
                session.captcha = (token, text)
            src = f"/SmartMeter/DXB.axd?sc={token or ''}&DXCache={name}"
            src = _shown(portal.profile.captcha_picture, src, picture, token)
        action = f"./ResLogin?sc={token}" if token else "./ResLogin"
        hidden = portal.sessions.serve(session, "reslogin", token=token)
        return pages.login(hidden, error=error, captcha_src=src, action=action)

    def get(self, session: Session, token: str | None) -> str | Answer:
        """Serve the form; a second step that was not earned begins again."""
        if token and (session.captcha is None or session.captcha[0] != token):
            return self._portal.redirect("ResLogin")
        return self.form(session, token)

    def post(  # noqa: PLR0911 (each step may end it)
        self, session: Session, token: str | None, posted: Mapping[str, str]
    ) -> str | Answer:
        """Check credentials, and in the second step the captcha."""
        portal = self._portal
        view = portal.sessions.verify(session, "reslogin", posted)
        if view.memory["token"] != token:
            return self.form(session, None)
        account, error = self._account(posted)
        if account is None:
            return self.form(session, token, error)
        if not portal.profile.captcha:
            return self._ticket(account)
        if token is None:
            self._latest[account.username] = session
            session.captcha = (portal.sessions.token(16), "")
            return portal.redirect(f"ResLogin?sc={session.captcha[0]}")
        if self._latest.get(account.username) is not session:
            portal.overlapping_sign_ins += 1
        if not self._is_right(session, posted.get(CAPTCHA, "")):
            session.captcha = (token, "")
            if portal.profile.captcha_label:
                return self.form(session, token, portal.profile.captcha_label)
            return portal.redirect(f"ResLogin?sc={token}")
        return self._ticket(account)

    def session(self, session: Session, signature: str | None) -> Session | None:
        """Exchange a ticket for a signed-in session."""
        username = self._tickets.pop(signature or "", None)
        if username is None:
            return None
        portal = self._portal
        return portal.sessions.sign_in(session, username, portal.now(), portal.profile)

    def _account(self, posted: Mapping[str, str]) -> tuple[Account | None, str]:
        profile = self._portal.profile
        account = self._portal.accounts.get(posted.get(USER, ""))
        if account is None:
            return None, WRONG
        if profile.locked_after and account.wrong_passwords >= profile.locked_after:
            return None, LOCKED
        if account.password != posted.get(PASSWORD):
            account.wrong_passwords += 1
            return None, WRONG_2024 if profile.wrong_password == "dictionary" else WRONG
        account.wrong_passwords = 0
        return account, ""

    def _is_right(self, session: Session, answer: str) -> bool:
        if session.captcha is None or not session.captcha[1]:
            return False
        text = session.captcha[1]
        return answer == text or (
            not self._portal.profile.captcha_case_matters and answer.lower() == text
        )

    def _ticket(self, account: Account) -> Answer:
        signature = self._portal.sessions.token(20)
        self._tickets[signature] = account.username
        return self._portal.redirect(
            f"LoginSession.aspx?pLoginName={quote(account.username)}&pType=R&Sig={signature}"
        )
