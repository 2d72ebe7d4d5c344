"""Every text that the code shows is there, in each language, and none is there for nothing."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import homeassistant.exceptions
import pytest
import yaml
from homeassistant.helpers.selector import ObjectSelector

from custom_components.usms import privacy, sensor_types, tariff_forms
from custom_components.usms.client import TariffKind, Utility, WrongTariff
from custom_components.usms.client import errors as client_errors
from custom_components.usms.client.models import Resolution
from custom_components.usms.config_flow import UsmsConfigFlow
from custom_components.usms.connection import errors
from custom_components.usms.issues import store as store_issues
from custom_components.usms.low_credit import LowCreditBy
from custom_components.usms.options_flow import UsmsOptionsFlow
from custom_components.usms.repairs import TariffFlow
from custom_components.usms.spending_sensors import spending_sensors
from tests.support import ROOT

INTEGRATION = ROOT / "custom_components" / "usms"
SIGN_IN_ERRORS = {*errors.KEYS.values(), *errors.CAUSE_KEYS.values(), errors.UNKNOWN}


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return texts by their path."""
    texts: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            texts |= flat(value, f"{prefix}{key}.")
        else:
            texts[prefix + key] = value
    return texts


ENGLISH = load(INTEGRATION / "translations" / "en.json")


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the integration's modules, without the client's: that speaks to programs."""
    paths = [p for p in INTEGRATION.rglob("*.py") if INTEGRATION / "client" not in p.parents]
    return {path: ast.parse(path.read_text()) for path in paths}


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for path, tree in trees().items():
        yield from ((path, node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    """Return what is called, without the object it belongs to."""
    return getattr(call.func, "id", None) or getattr(call.func, "attr", "")


def assigned(path: Path, to: str) -> set[str]:
    """Return the texts that a module assigns to a variable, or to an entry of it."""
    found = set()
    for node in ast.walk(trees()[path]):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                name = target.value if isinstance(target, ast.Subscript) else target
                if isinstance(name, ast.Name) and name.id == to:
                    found.add(node.value.value)
    return found - {None}


def steps_of(flow: type) -> set[str]:
    prefix = "async_step_"
    ours = [vars(base) for base in flow.__mro__ if base.__module__.startswith("custom_components")]
    names = (name for attributes in ours for name in attributes)
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


@pytest.mark.parametrize("language", ["ms"])
def test_translations_are_complete(language: str) -> None:
    english = flat(ENGLISH)
    other = flat(load(INTEGRATION / "translations" / f"{language}.json"))
    assert other.keys() == english.keys()
    for key, text in english.items():
        placeholders = sorted(re.findall(r"\{\w+\}", text))
        assert sorted(re.findall(r"\{\w+\}", other[key])) == placeholders, key
        assert other[key].strip()


def test_no_strings_json_beside_the_translations() -> None:
    assert not (INTEGRATION / "strings.json").exists()


def test_exceptions() -> None:
    """Wherever one is raised; a key that can't be followed to its values is an error."""
    followed = {"error_key": SIGN_IN_ERRORS, "_text": set(store_issues.TEXTS.values())}
    keys: set[str] = set()
    for path, call in calls():
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if name_of(call) == "refused":
            keys.add(ast.literal_eval(call.args[0]))
        if "translation_domain" not in given:
            continue
        match given["translation_key"]:
            case ast.Constant(value=str(key)):
                keys.add(key)
            case ast.Call() as inner if name_of(inner) in followed:
                keys |= followed[name_of(inner)]
            case ast.Name(id="key") if path.name == "action_target.py":
                pass  # of `refused`
            case ast.Attribute(attr="translation_key"):
                pass  # of another exception
            case other:
                pytest.fail(f"{path.name}: which key is {ast.unparse(other)}?")
    assert keys == ENGLISH["exceptions"].keys()


def test_every_exception_that_people_see_is_translated() -> None:
    seen = {
        name
        for name, kind in vars(homeassistant.exceptions).items()
        if isinstance(kind, type) and issubclass(kind, homeassistant.exceptions.HomeAssistantError)
    } | {"UpdateFailed"}
    seen -= {"Unauthorized", "UnknownUser"}  # Home Assistant's own texts
    for path, call in calls():
        if name_of(call) in seen:
            given = {keyword.arg for keyword in call.keywords}
            assert {"translation_domain", "translation_key"} <= given, f"{path.name}:{call.lineno}"


def test_sign_in_errors() -> None:
    """Each kind that ends a sign-in has a text of its own."""
    text_of = {kind: errors.error_key(kind.__new__(kind)) for kind in kinds_of_errors()}
    without_one = {
        # Answered with a picture, or with a sign-in.
        *("CaptchaRequired", "CaptchaRefused", "CaptchaExpired", "SessionExpired"),
        # Of reports, and of the store.
        *("NoData", "ClockWrong"),
        *("StoreError", "StoreCorrupt", "StoreTooNew", "StoreFull", "StoreNotWritable"),
        "UsmsError",
    }
    unknown = {kind.__name__ for kind, key in text_of.items() if key == errors.UNKNOWN}
    assert unknown == without_one


def kinds_of_errors() -> list[type[client_errors.UsmsError]]:
    return [
        kind
        for kind in vars(client_errors).values()
        if isinstance(kind, type) and issubclass(kind, client_errors.UsmsError)
    ]


def test_config_flow() -> None:
    texts = ENGLISH["config"]
    # A person is there to answer: no sign-in of a flow has to wait.
    shown = SIGN_IN_ERRORS - {"sign_in_waits"}
    shown |= assigned(INTEGRATION / "config_flow.py", "error")
    assert shown == texts["error"].keys()
    assert steps_of(UsmsConfigFlow) - {"reauth"} == texts["step"].keys()
    assert aborts() == ENGLISH["options"]["abort"].keys()
    # Those of _async_abort_entries_match and async_update_(reload_)and_abort.
    assert texts["abort"].keys() == {
        *("already_configured", "reauth_successful", "reconfigure_successful")
    }


def test_options_flow() -> None:
    texts = ENGLISH["options"]
    steps = steps_of(UsmsOptionsFlow)
    assert steps == texts["step"].keys()
    for menu in ("init", "meter", "entry"):
        assert texts["step"][menu]["menu_options"].keys() < steps
    shown = wrong_terms()
    for name in ("options_flow.py", "meter_options.py", "tariff_options.py"):
        shown |= assigned(INTEGRATION / name, "errors")
    assert shown == texts["error"].keys()
    assert aborts() == texts["abort"].keys()


@pytest.mark.parametrize("kind", ["config", "options"])
def test_titles_of_menus_have_no_placeholders(kind: str) -> None:
    """The frontend fills them in descriptions of menus alone."""
    for texts in ENGLISH[kind]["step"].values():
        if "menu_options" in texts:
            assert "{" not in texts["title"]


def aborts() -> set[str]:
    """Return the reasons of our own for which flows end without an entry."""
    found = [call for _path, call in calls() if name_of(call) in {"async_abort", "AbortFlow"}]
    reasons = [keyword.value for call in found for keyword in call.keywords]
    reasons += [argument for call in found for argument in call.args]
    return {str(reason.value) for reason in reasons if isinstance(reason, ast.Constant)}


def wrong_terms() -> set[str]:
    """Return the errors of forms that ask for a tariff."""
    unit = "kWh"
    schemas = (tariff_forms.COMMERCIAL, tariff_forms.DWELLINGS, tariff_forms.own(unit))
    fields = {str(field) for schema in schemas for field in schema.schema} - {"vacant"}
    shown = {}
    for field in (*fields, "tiers[1].rate", "kind"):
        shown.update(tariff_forms.tariff_errors(WrongTariff(field, "such as below 0")))
    assert shown.keys() == {*fields, "base"}
    return set(shown.values())


def test_repair_flow() -> None:
    texts = ENGLISH["issues"]["tariff_needed"]["fix_flow"]
    assert steps_of(TariffFlow) - {"init"} == texts["step"].keys()
    fields = {str(field) for field in tariff_forms.COMMERCIAL.schema}
    assert fields == texts["step"]["confirm"]["data"].keys()
    shown = set()
    for field in ("kva", "vacant"):
        shown.update(tariff_forms.tariff_errors(WrongTariff(field, "such as below 0")).values())
    assert shown == texts["error"].keys()


def test_selectors() -> None:
    options = {
        "resolution": Resolution,
        "tariff_kind": TariffKind,
        "low_credit_by": LowCreditBy,
    }
    texts = ENGLISH["selector"]
    assert texts.keys() == {*options, "tiers", "tariff_entry", "tariff_text"}
    # The frontend prefers these to the labels that the form has for the tariffs themselves.
    assert texts["tariff_entry"]["options"].keys() == {tariff_forms.ADD}
    for name, values in options.items():
        assert texts[name]["options"].keys() == {value.value for value in values}
    (tiers,) = (
        selector
        for selector in tariff_forms.own("kWh").schema.values()
        if isinstance(selector, ObjectSelector)
    )
    assert texts["tiers"]["fields"].keys() == tiers.config["fields"].keys()


def test_devices() -> None:
    assert ENGLISH["device"].keys() == {"account", *privacy.DEVICE_KINDS.values()}


@pytest.mark.parametrize("platform", sorted(ENGLISH["entity"]))
def test_every_entity_has_a_name_and_an_icon(platform: str) -> None:
    code = (INTEGRATION / f"{platform}.py").read_text()
    keys = set(re.findall(r'translation_key="(\w+)"', code))
    if platform == "sensor":
        described = (
            sensor_types.LAST_POLL,
            sensor_types.HISTORY_PROGRESS,
            sensor_types.STATUS,
            *sensor_types.card_sensors(Utility.WATER),
            *sensor_types.consumption_sensors(Utility.ELECTRICITY, hourly=True),
            *spending_sensors(Utility.ELECTRICITY, hourly=True),
        )
        keys = {str(sensor.translation_key) for sensor in described}
        assert all(sensor.key == sensor.translation_key for sensor in described)
    assert keys == ENGLISH["entity"][platform].keys()
    icons = load(INTEGRATION / "icons.json")["entity"][platform]
    assert keys == icons.keys()
    assert all(re.fullmatch(r"mdi:[a-z0-9-]+", icon["default"]) for icon in icons.values())


def test_services_are_described_and_translated() -> None:
    described = yaml.safe_load((INTEGRATION / "services.yaml").read_text()) or {}
    assert described.keys() == ENGLISH.get("services", {}).keys()
    icons = load(INTEGRATION / "icons.json").get("services", {})
    assert described.keys() == icons.keys()
    for name, service in described.items():
        texts = ENGLISH["services"][name]
        assert texts["name"]
        assert texts["description"]
        assert (service or {}).get("fields", {}).keys() == texts.get("fields", {}).keys()
