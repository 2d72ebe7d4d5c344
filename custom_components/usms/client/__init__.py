"""Client for USMS, Brunei's prepaid electricity and water smart meters."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Return a public name; all that they need is imported when the first is asked for.

        So a module that is imported alone, as by `usms --help`, does not wait for aiohttp.
        """
        from importlib.util import find_spec  # noqa: PLC0415 - nor for this

        if find_spec(f"{__name__}.{name}"):  # a module, which `import` is about to load itself
            raise AttributeError(name)
        value = globals()[name] = getattr(import_module(f"{__name__}.api"), name)
        return value
