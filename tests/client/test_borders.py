"""Cookies and forms go to the portal's origin alone, and only over a connection that is proved."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from custom_components.usms.client import (
    NO_PACING,
    PortalUnavailable,
    UsmsClient,
    UsmsConnectionError,
    WrongRequest,
    new_cookie_jar,
)
from tests.portal import Fault, SimulatedPortal

from .conftest import NOW, PASSWORD, USERNAME


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of the loopback, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a portal")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "portal.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
async def tls_portal(certificate: Path) -> AsyncIterator[SimulatedPortal]:
    """A portal over TLS, whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    portal = SimulatedPortal(seed=1, days=10, now=NOW)
    await portal.start(ssl_context=context)
    yield portal
    await portal.stop()


async def _sign_in(client: UsmsClient, portal: SimulatedPortal) -> None:
    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)


async def test_a_certificate_that_nobody_vouches_for(tls_portal: SimulatedPortal) -> None:
    async with UsmsClient(base_url=tls_portal.base_url, pacing=NO_PACING) as client:
        with pytest.raises(UsmsConnectionError):
            await client.sign_in(USERNAME, PASSWORD)
    assert tls_portal.requests == []


@pytest.mark.parametrize("path", ["reslogin", "home"])
async def test_nothing_goes_to_another_origin(
    tls_portal: SimulatedPortal, certificate: Path, path: str
) -> None:
    """Not to another port of the same host."""
    trusting = ssl.create_default_context(cafile=str(certificate))
    http = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusting), cookie_jar=new_cookie_jar()
    )
    client = UsmsClient(http, base_url=tls_portal.base_url, pacing=NO_PACING)
    async with SimulatedPortal(seed=1, days=10, now=NOW) as elsewhere, http:
        await _sign_in(client, tls_portal)
        await client.account()
        tls_portal.add_fault(
            Fault(
                path=path,
                kind="redirect_host",
                location=f"{elsewhere.base_url}ResLogin",
                status=307,
            )
        )
        with pytest.raises(PortalUnavailable, match="another host"):
            await (client.account() if path == "home" else client.sign_in(USERNAME, PASSWORD))
        assert elsewhere.requests == []


@pytest.mark.parametrize("path", ["reslogin", "loginsession.aspx"])
async def test_a_form_is_not_sent_on(
    client: UsmsClient, portal: SimulatedPortal, path: str
) -> None:
    async with SimulatedPortal(seed=1, days=10, now=NOW) as elsewhere:
        portal.add_fault(
            Fault(
                path=path,
                kind="redirect_host",
                location=f"{elsewhere.base_url}ResLogin",
                method="POST" if path == "reslogin" else None,
            )
        )
        with pytest.raises(PortalUnavailable):
            await _sign_in(client, portal)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "address", ["http://www.usms.com.bn/SmartMeter/", "http://192.0.2.7/", "ftp://127.0.0.1/"]
)
async def test_plain_http_is_for_this_machine_alone(address: str) -> None:
    with pytest.raises(WrongRequest):
        UsmsClient(base_url=address)
