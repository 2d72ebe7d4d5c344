"""A simulated USMS portal: sessions, captcha, cards and reports, as far as the real one is known.

Where it is not known, `Profile` switches between the ways it may behave, and `Fault` makes any
path fail. All that its meters measure is made from a seed.
"""

from .accounts import (
    DEMO_PASSWORD,
    DEMO_USERNAME,
    OTHER_PASSWORD,
    OTHER_USERNAME,
    Account,
    Meter,
)
from .faults import Fault
from .profile import Profile
from .server import Record, SimulatedPortal
from .truth import BRUNEI

__all__ = [
    "BRUNEI",
    "DEMO_PASSWORD",
    "DEMO_USERNAME",
    "OTHER_PASSWORD",
    "OTHER_USERNAME",
    "Account",
    "Fault",
    "Meter",
    "Profile",
    "Record",
    "SimulatedPortal",
]
