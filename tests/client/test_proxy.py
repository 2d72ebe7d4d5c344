"""A proxy of the environment: taken where that is wanted, and nothing else of the environment."""

from pathlib import Path

import pytest
from yarl import URL

from custom_components.usms.client import NO_PACING, UsmsClient, WrongRequest
from custom_components.usms.client.portal.proxy import proxy_for
from tests.client.conftest import PASSWORD, USERNAME
from tests.portal import SimulatedPortal

from .forward_proxy import VARIABLES, Proxy


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def sign_in(portal: SimulatedPortal, *, trust_env: bool) -> None:
    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    async with UsmsClient(
        base_url=portal.base_url, pacing=NO_PACING, timeout=5, trust_env=trust_env
    ) as client:
        await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)
        assert len((await client.account()).meters) == 2


async def test_a_client_goes_by_the_proxy_where_it_may(
    portal: SimulatedPortal,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:secret@127.0.0.1:{proxy.port}")
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password private\n")
    monkeypatch.setenv("NETRC", str(netrc))
    await sign_in(portal, trust_env=False)
    assert proxy.asked == []
    await sign_in(portal, trust_env=True)
    assert len(proxy.asked) >= 6
    assert all(url.startswith(portal.base_url) for url in proxy.asked)
    assert [headers for headers in proxy.headers if "Authorization" in headers] == []
    assert {headers.get("Proxy-Authorization") for headers in proxy.headers} == {
        "Basic dXNlcjpzZWNyZXQ="
    }
    asked = len(proxy.asked)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    await sign_in(portal, trust_env=True)
    assert len(proxy.asked) == asked


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://p:1"}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({"https_proxy": "http://p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "https://p"}, "https://p"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "usms.com.bn"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.com"}, "http://p:1"),
    ],
)
def test_which_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(URL("https://www.usms.com.bn/SmartMeter/"))
    assert found == (URL(proxy) if proxy else None)


@pytest.mark.parametrize(
    "named",
    ["socks5://user:secret@p:1", "http://", "http://[", "p:secret", "http://p:99999", "\udcff"],
)
def test_no_proxy_at_all(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", named)
    with pytest.raises(WrongRequest) as raised:
        proxy_for(URL("https://www.usms.com.bn/SmartMeter/"))
    assert str(raised.value) == "HTTPS_PROXY is not the address of an http proxy"
