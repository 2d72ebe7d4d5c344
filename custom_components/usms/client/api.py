"""All that the package gives by its own name."""

from .billing.forecast import Forecast, forecast
from .billing.schedule import DatedTariff, RunningBill, TariffSchedule
from .billing.tariff import (
    Tariff,
    TariffKind,
    commercial_electricity,
    residential,
    residential_electricity,
    residential_water,
)
from .billing.tiers import Tier, tiers_of
from .blocking import BlockingClient
from .brunei import BRUNEI
from .client import UsmsClient
from .errors import (
    CaptchaExpired,
    CaptchaRefused,
    CaptchaRequired,
    Cause,
    ClockWrong,
    CredentialsRefused,
    NoData,
    PageNotUnderstood,
    PortalUnavailable,
    ReportNotOffered,
    SessionExpired,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreNotWritable,
    StoreTooNew,
    UnknownMeter,
    UsmsConnectionError,
    UsmsError,
    WrongRequest,
    WrongTariff,
)
from .models import (
    Account,
    Challenge,
    Meter,
    Payment,
    Reading,
    Report,
    Resolution,
    TopUp,
    TopUpOrigin,
    Unread,
    Utility,
)
from .portal.addresses import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from .portal.pace import NO_PACING, Pacing
from .portal.picture import check_picture
from .portal.session import clean_username
from .portal.session_life import Ending, SessionLife
from .portal.transport import Turns, new_cookie_jar

__all__ = [
    "BASE_URL_VARIABLE",
    "BRUNEI",
    "DEFAULT_BASE_URL",
    "NO_PACING",
    "Account",
    "BlockingClient",
    "CaptchaExpired",
    "CaptchaRefused",
    "CaptchaRequired",
    "Cause",
    "Challenge",
    "ClockWrong",
    "CredentialsRefused",
    "DatedTariff",
    "Ending",
    "Forecast",
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
    "RunningBill",
    "SessionExpired",
    "SessionLife",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreNotWritable",
    "StoreTooNew",
    "Tariff",
    "TariffKind",
    "TariffSchedule",
    "Tier",
    "TopUp",
    "TopUpOrigin",
    "Turns",
    "UnknownMeter",
    "Unread",
    "UsmsClient",
    "UsmsConnectionError",
    "UsmsError",
    "Utility",
    "WrongRequest",
    "WrongTariff",
    "check_picture",
    "clean_username",
    "commercial_electricity",
    "forecast",
    "new_cookie_jar",
    "residential",
    "residential_electricity",
    "residential_water",
    "tiers_of",
]
