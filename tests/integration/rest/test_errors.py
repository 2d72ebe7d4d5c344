"""Bad questions, and the codes of errors."""

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.usms.client import UsmsError, errors
from custom_components.usms.rest.errors import CODES, ErrorCode, code_of
from custom_components.usms.rest.view import ROOT
from tests.integration.rest.api import Api
from tests.support.harness import Harness

BAD_QUESTIONS = (
    ("/meters/00000000", {}, 404, "METER_NOT_FOUND"),
    ("/meters/00000000/consumption", {}, 404, "METER_NOT_FOUND"),
    ("{meter}/consumption", {"start": "2020-01-01", "end": "2020-02-01"}, 404, "DATA_NOT_FOUND"),
    ("{meter}/consumption", {"start": "2030-01-01"}, 404, "DATA_NOT_FOUND"),
    ("{water}/consumption", {"resolution": "hour"}, 404, "DATA_NOT_FOUND"),
    ("{meter}/consumption", {"resolution": "week"}, 400, "INVALID_PARAMETER"),
    ("{meter}/consumption", {"from": "2026-11-01"}, 400, "INVALID_PARAMETER"),
    ("{meter}/consumption", {"limit": "0"}, 400, "INVALID_PARAMETER"),
    ("{meter}/consumption", {"limit": "20001"}, 400, "INVALID_PARAMETER"),
    ("{meter}/consumption", {"start": "2010-01-01"}, 400, "INVALID_PARAMETER"),
    (
        "{meter}/consumption",
        {"start": "2026-11-02", "end": "2026-11-01"},
        400,
        "INVALID_PARAMETER",
    ),
    ("{meter}/consumption", {"start": "2026-02-30"}, 400, "INVALID_DATE"),
    ("{meter}/consumption", {"start": "20261101"}, 400, "INVALID_DATE"),
    ("{meter}/consumption", {"end": "2026-11-01T05:00:00"}, 400, "INVALID_DATE"),
    ("{meter}/consumption", {"end": ""}, 400, "INVALID_DATE"),
    ("/tariffs/gas", {}, 400, "INVALID_PARAMETER"),
    ("/tariffs/water", {"consumption": "-1"}, 400, "INVALID_PARAMETER"),
    ("/tariffs/water", {"consumption": "nan"}, 400, "INVALID_PARAMETER"),
    ("/tariffs/water", {"meter": "00000000"}, 404, "METER_NOT_FOUND"),
    ("/meters", {"page": "2"}, 400, "INVALID_PARAMETER"),
)


async def test_bad_questions(hass: HomeAssistant, read: Harness, api: Api) -> None:
    for template, query, status, code in BAD_QUESTIONS:
        path = template.replace("{meter}", f"/meters/{read.meter().number}")
        path = path.replace("{water}", f"/meters/{read.meter('water').number}")
        assert await api.refused(path, **query) == (status, code), (path, query)
    response = await api.client.get(
        f"{ROOT}/tariffs/water?consumption=1&consumption=2", headers=api.authorization
    )
    assert (await response.json())["error_code"] == "INVALID_PARAMETER"
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    for entry_id in ("nothing", other.entry_id):
        path = f"/accounts/{entry_id}/refresh"
        assert await api.refused(path, "POST") == (404, "ACCOUNT_NOT_FOUND")


def test_every_error_of_the_client_has_a_code() -> None:
    def kinds(kind: type[UsmsError]) -> set[type[UsmsError]]:
        return {kind}.union(*(kinds(child) for child in kind.__subclasses__()))

    for kind in kinds(UsmsError) - {UsmsError}:
        assert set(kind.__mro__) & CODES.keys(), f"{kind.__name__} has no code"
    assert code_of(errors.ReportNotOffered()) is ErrorCode.INVALID_PARAMETER
    assert code_of(errors.StoreError()) is ErrorCode.NOT_READY
