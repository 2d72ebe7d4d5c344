"""Client for USMS, Brunei's prepaid electricity and water smart meters."""

from .client import UsmsClient
from .errors import (
    CaptchaExpired,
    CaptchaRefused,
    CaptchaRequired,
    CredentialsRefused,
    NoData,
    PageNotUnderstood,
    PortalUnavailable,
    ReportNotOffered,
    SessionExpired,
    UnknownMeter,
    UsmsConnectionError,
    UsmsError,
    WrongRequest,
)
from .lifetime import Ending, SessionLife
from .models import (
    BRUNEI,
    Account,
    Challenge,
    Meter,
    Payment,
    Reading,
    Report,
    Resolution,
    TopUp,
    Utility,
)
from .session import clean_username
from .transport import BASE_URL_VARIABLE, DEFAULT_BASE_URL, NO_PACING, Pacing, new_cookie_jar

__all__ = [
    "BASE_URL_VARIABLE",
    "BRUNEI",
    "DEFAULT_BASE_URL",
    "NO_PACING",
    "Account",
    "CaptchaExpired",
    "CaptchaRefused",
    "CaptchaRequired",
    "Challenge",
    "CredentialsRefused",
    "Ending",
    "Meter",
    "NoData",
    "Pacing",
    "PageNotUnderstood",
    "Payment",
    "PortalUnavailable",
    "Reading",
    "Report",
    "ReportNotOffered",
    "Resolution",
    "SessionExpired",
    "SessionLife",
    "TopUp",
    "UnknownMeter",
    "UsmsClient",
    "UsmsConnectionError",
    "UsmsError",
    "Utility",
    "WrongRequest",
    "clean_username",
    "new_cookie_jar",
]
