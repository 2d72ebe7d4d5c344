"""Why the portal can't be read: each cause has its word, and nothing of the portal's text."""

import gzip
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from custom_components.usms.client import (
    NO_PACING,
    Cause,
    PageNotUnderstood,
    PortalUnavailable,
    UsmsClient,
    UsmsConnectionError,
    WrongRequest,
    new_cookie_jar,
)
from custom_components.usms.client.portal.transport import USER_AGENT
from tests.portal import Fault, SimulatedPortal
from tests.support.certificates import Certificate, certificate
from tests.support.hostile import HostileProxy, Passing, hostile_proxy

from .conftest import NOW, PASSWORD, USERNAME


@pytest.fixture(scope="module")
def root() -> Certificate:
    """The authority that the client trusts."""
    return certificate("a root", authority=True)


@pytest.fixture
async def proxy(portal: SimulatedPortal) -> AsyncIterator[HostileProxy]:
    async with hostile_proxy(portal.origin) as proxy:
        yield proxy


def trusting(root: Certificate) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=root.pem.decode()))


async def sign_in(client: UsmsClient, portal: SimulatedPortal) -> None:
    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)


# --- certificates ---


def _chain(root: Certificate, folder: Path) -> ssl.SSLContext:
    between = certificate("between", root, authority=True)
    return certificate("a portal", between).server(folder)  # and not what is between


CERTIFICATES: dict[Cause, Callable[[Certificate, Path], ssl.SSLContext]] = {
    Cause.CERTIFICATE_CHAIN: _chain,
    Cause.CERTIFICATE_HOST: lambda root, folder: certificate(
        "a portal", root, host="other.example"
    ).server(folder),
    Cause.CERTIFICATE_EXPIRED: lambda root, folder: certificate(
        "a portal", root, ended=True
    ).server(folder),
    Cause.CERTIFICATE_SELF_SIGNED: lambda _root, folder: certificate("a portal").server(folder),
}


@pytest.mark.parametrize("cause", CERTIFICATES)
async def test_a_certificate_that_cannot_be_verified(
    portal: SimulatedPortal, root: Certificate, tmp_path: Path, cause: Cause
) -> None:
    context = CERTIFICATES[cause](root, tmp_path)
    async with (
        hostile_proxy(portal.origin, context) as proxy,
        aiohttp.ClientSession(connector=trusting(root), cookie_jar=new_cookie_jar()) as http,
    ):
        client = UsmsClient(http, base_url=proxy.base_url, pacing=NO_PACING)
        with pytest.raises(UsmsConnectionError, match="certificate") as error:
            await client.sign_in(USERNAME, PASSWORD)
    assert error.value.cause is cause
    assert proxy.asked == []


async def test_a_whole_chain_and_redirects_to_http(
    portal: SimulatedPortal, root: Certificate, tmp_path: Path
) -> None:
    """TLS ends at a proxy; the portal behind it redirects to plain http, or names the port."""
    between = certificate("between", root, authority=True)
    context = certificate("a portal", between).server(tmp_path, between)
    turn = 0

    def to_http(answer: Passing) -> None:
        nonlocal turn
        for n, (name, value) in enumerate(answer.headers):
            if name == "Location":
                forms = ("http://127.0.0.1", "http://127.0.0.1:80", proxy.origin)
                form = forms[turn % 3]
                answer.headers[n] = (name, form + value)
                turn += 1

    async with (
        hostile_proxy(portal.origin, context) as proxy,
        aiohttp.ClientSession(connector=trusting(root), cookie_jar=new_cookie_jar()) as http,
    ):
        proxy.change = to_http
        client = UsmsClient(http, base_url=proxy.base_url, pacing=NO_PACING)
        await sign_in(client, portal)
        assert await client.is_signed_in()
    assert turn >= 4


# --- other connections ---


class _NoNames(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(f"no address for {host}")

    async def close(self) -> None:
        pass


async def test_a_name_without_an_address() -> None:
    connector = aiohttp.TCPConnector(resolver=_NoNames())
    async with aiohttp.ClientSession(connector=connector, cookie_jar=new_cookie_jar()) as http:
        client = UsmsClient(http, base_url="https://portal.example/", pacing=NO_PACING)
        with pytest.raises(UsmsConnectionError) as error:
            await client.account()
    assert error.value.cause is Cause.DNS
    assert "portal.example" not in str(error.value)


async def test_a_proxy_that_is_not_there(portal: SimulatedPortal) -> None:
    async with aiohttp.ClientSession(
        proxy="http://127.0.0.1:9", cookie_jar=new_cookie_jar()
    ) as http:
        client = UsmsClient(http, base_url=portal.base_url, pacing=NO_PACING)
        with pytest.raises(UsmsConnectionError) as error:
            await client.account()
    assert error.value.cause is Cause.PROXY


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault(path="*", kind="status", status=407), Cause.PROXY),
        (Fault(path="*", kind="drop"), Cause.CONNECTION),
        (Fault(path="*", kind="hang"), Cause.TIMEOUT),
        (Fault(path="*", kind="firewall"), Cause.FIREWALL),
        (Fault(path="*", kind="maintenance"), Cause.MAINTENANCE),
        (Fault(path="*", kind="empty"), Cause.EMPTY),
        (Fault(path="*", kind="status", status=403), Cause.FORBIDDEN),
        (Fault(path="*", kind="status", status=429), Cause.TOO_MANY_REQUESTS),
        (Fault(path="*", kind="status", status=500), Cause.STATUS),
        (Fault(path="*", kind="redirect_host"), Cause.ELSEWHERE),
    ],
    ids=lambda value: value if isinstance(value, Cause) else "",
)
@pytest.mark.parametrize("signing_in", [True, False])
async def test_the_cause_is_named(
    signed_in: UsmsClient, portal: SimulatedPortal, fault: Fault, cause: Cause, signing_in: bool
) -> None:
    portal.faults = [fault]
    signed_in.timeout = 0.3
    with pytest.raises((UsmsConnectionError, PortalUnavailable)) as error:
        await (signed_in.sign_in(USERNAME, PASSWORD) if signing_in else signed_in.account())
    assert error.value.cause is cause


# --- being asked to wait ---


@pytest.mark.parametrize("form", ["90", "date"])
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_kept(portal: SimulatedPortal, status: int, form: str) -> None:
    if form == "date":
        # By the clock of the server that answers so, which is not the client's here.
        form = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    portal.add_fault(Fault(path="home", kind="status", status=status, retry_after=form, times=1))
    now = NOW
    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING, now=lambda: now) as client:
        await sign_in(client, portal)
        portal.clear_requests()
        for seconds in (0, 30, 88):
            now = NOW + timedelta(seconds=seconds)
            with pytest.raises(PortalUnavailable) as error:
                await client.account()
            assert error.value.retry_after is not None
            assert abs(error.value.retry_after - timedelta(seconds=90 - seconds)) < timedelta(
                seconds=2
            )
        assert len(portal.requests) == 1  # nothing is sent meanwhile
        now = NOW + timedelta(seconds=92)
        await client.account()


@pytest.mark.parametrize("text", ["soon", "-5", "", "1e9", "²"])
async def test_a_wait_that_is_none(
    signed_in: UsmsClient, portal: SimulatedPortal, text: str
) -> None:
    portal.add_fault(Fault(path="home", kind="status", status=429, retry_after=text, times=1))
    with pytest.raises(PortalUnavailable) as error:
        await signed_in.account()
    assert error.value.retry_after is None
    await signed_in.account()


async def test_a_wait_has_an_end(portal: SimulatedPortal) -> None:
    portal.add_fault(Fault(path="home", kind="status", status=429, retry_after="9" * 30, times=1))
    now = NOW
    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING, now=lambda: now) as client:
        await sign_in(client, portal)
        with pytest.raises(PortalUnavailable):
            await client.account()
        now = NOW + timedelta(hours=7)
        portal.set_profile(session_minutes=None)
        await client.account()


# --- redirects ---


async def test_a_redirect_to_nowhere(signed_in: UsmsClient, portal: SimulatedPortal) -> None:
    portal.add_fault(Fault(path="home", kind="redirect_nowhere"))
    with pytest.raises(PageNotUnderstood, match="Location"):
        await signed_in.account()


# --- answers as browsers take them ---


def _long_header(answer: Passing) -> None:
    answer.headers.append(("X-Long", "x" * 60_000))
    answer.headers.append(("Set-Cookie", f"long={'x' * 5000}; path=/"))


def _x_gzip(answer: Passing) -> None:
    answer.body = gzip.compress(answer.body)
    names = [(n, v) for n, v in answer.headers if n != "Content-Length"]
    answer.headers = [
        *names,
        ("Content-Encoding", "x-gzip"),
        ("Content-Length", str(len(answer.body))),
    ]


def _same_length_twice(answer: Passing) -> None:
    answer.headers.append(("Content-Length", str(len(answer.body))))


def _no_length(answer: Passing) -> None:
    answer.headers = [(n, v) for n, v in answer.headers if n != "Content-Length"]


@pytest.mark.parametrize("change", [_long_header, _x_gzip, _no_length])
async def test_what_browsers_take(
    portal: SimulatedPortal, proxy: HostileProxy, change: Callable[[Passing], None]
) -> None:
    proxy.change = change
    async with UsmsClient(base_url=proxy.base_url, pacing=NO_PACING) as client:
        await sign_in(client, portal)
        assert await client.is_signed_in()


async def test_a_length_that_stands_twice_is_refused(proxy: HostileProxy) -> None:
    """Browsers take it; aiohttp does not, for it is a way to smuggle answers past proxies."""
    proxy.change = _same_length_twice
    async with UsmsClient(base_url=proxy.base_url, pacing=NO_PACING) as client:
        with pytest.raises(UsmsConnectionError) as error:
            await client.sign_in(USERNAME, PASSWORD)
    assert error.value.cause is Cause.CONNECTION


def _bomb(answer: Passing) -> None:
    answer.body = bytes(64 * 1024 * 1024)
    _x_gzip(answer)


def _cut(answer: Passing) -> None:
    _x_gzip(answer)
    answer.body = answer.body[:-9]
    answer.headers[-1] = ("Content-Length", str(len(answer.body)))


@pytest.mark.parametrize(
    ("change", "error"), [(_bomb, PageNotUnderstood), (_cut, UsmsConnectionError)]
)
async def test_x_gzip_has_the_same_limits(
    proxy: HostileProxy, change: Callable[[Passing], None], error: type[Exception]
) -> None:
    proxy.change = change
    async with UsmsClient(base_url=proxy.base_url, pacing=NO_PACING) as client:
        with pytest.raises(error):
            await client.sign_in(USERNAME, PASSWORD)


# --- who we say that we are ---


async def test_the_user_agent_is_honest_and_can_be_changed(
    proxy: HostileProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("", "Another/1.0 (of a person)"):
        monkeypatch.setenv("USMS_USER_AGENT", name)
        async with UsmsClient(base_url=proxy.base_url, pacing=NO_PACING) as client:
            assert not await client.is_signed_in()
    sent = [asked["User-Agent"] for asked in proxy.asked]
    assert list(dict.fromkeys(sent)) == [USER_AGENT, "Another/1.0 (of a person)"]
    assert "usms-client" in USER_AGENT


@pytest.mark.parametrize("name", ["a\r\nCookie: b", "é", "a\x7f"])
async def test_a_user_agent_that_cannot_be_sent(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("USMS_USER_AGENT", name)
    with pytest.raises(WrongRequest, match="USMS_USER_AGENT"):
        UsmsClient()


# --- the log ---


async def test_no_text_of_the_portal_reaches_the_log(
    portal: SimulatedPortal, proxy: HostileProxy, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it says: in a redirect, a cookie, a header, a status line or an error label."""
    caplog.set_level(logging.DEBUG)
    secret = "c4n4ry"
    portal.set_profile(captcha_label=f"No, {secret}", more_cookies=(f"{secret}[x]={secret}",))

    def spread(answer: Passing) -> None:
        answer.headers += [
            ("Set-Cookie", f"{secret}=1; domain={secret}.example"),
            ("Set-Cookie", f"@{secret}="),
            ("X-Said", secret),
            ("Retry-After", secret),
        ]

    proxy.change = spread
    async with UsmsClient(base_url=proxy.base_url, pacing=NO_PACING) as client:
        await sign_in(client, portal)
        await client.account()
        for location in (f"/SmartMeter/{secret}/{secret}?{secret}", f"http://{secret}.example/"):
            portal.faults = [Fault(path="home", kind="redirect_host", location=location)]
            with pytest.raises((PortalUnavailable, PageNotUnderstood)) as error:
                await client.account()
            assert secret not in str(error.value)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("custom_components")]
    assert ours
    assert [line for line in ours if secret in line] == []
