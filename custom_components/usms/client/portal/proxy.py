"""The proxy that the environment names, where a caller wants it taken.

Not by aiohttp's own `trust_env`: that sends what `~/.netrc` has for a host, or for any host, too.
"""

from __future__ import annotations

from typing import Final
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from ..errors import WrongRequest

_SCHEMES: Final = frozenset({"http", "https"})


def proxy_for(address: URL) -> URL | None:
    """Return the proxy of `HTTP_PROXY` or `HTTPS_PROXY` for an address, unless `NO_PROXY` has it.

    Raises WrongRequest, without the proxy's password, for one that can't be used.
    """
    named = getproxies().get(address.scheme)
    if not named or not address.host or proxy_bypass(address.host):
        return None
    try:
        proxy = URL(named if "://" in named else f"http://{named}")
        usable = proxy.scheme in _SCHEMES and bool(proxy.host)
    except ValueError:
        usable = False
    if not usable:
        raise WrongRequest(f"{address.scheme.upper()}_PROXY is not the address of an http proxy")
    return proxy
