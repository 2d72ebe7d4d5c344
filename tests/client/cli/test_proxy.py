"""The command line goes by the proxy of the environment."""

import pytest

from tests.client.forward_proxy import Proxy

from .conftest import Shell


async def test_a_command_goes_by_the_proxy(
    signed_in: Shell, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await signed_in("meters")
    assert proxy.asked == []
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    assert (await signed_in("meters")).out == said.out
    assert proxy.asked == [f"{signed_in.portal.base_url}Home"]
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1")
    wrong = await signed_in("meters")
    assert (wrong.code, wrong.err) == (
        2,
        "usms: HTTP_PROXY is not the address of an http proxy\n",
    )
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    gone = await signed_in("meters")
    assert gone.code == 1
    assert gone.err == "usms: The proxy can't be reached or refuses\n"
