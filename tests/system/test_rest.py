"""The REST view of a real Home Assistant, tried by its own document."""

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.support import ROOT
from tests.support.home import Home

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

SCHEMATHESIS = ROOT / ".venv" / "envs" / "schemathesis" / "bin" / "schemathesis"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
MANY = 1_000_000


@pytest.fixture(scope="session")
def _schemathesis() -> None:
    subprocess.run([ROOT / "scripts" / "setup", "--api"], check=True, cwd=ROOT)


@pytest.fixture
async def read(home: Home) -> Home:
    """Home Assistant with an account whose history is read, and without limits."""
    await home.add_account()
    await home.until(lambda: complete(home), 300)
    await home.stop()
    file = home.config / ".storage" / "core.config_entries"
    entries = json.loads(file.read_text())
    for entry in entries["data"]["entries"]:
        if entry["domain"] == "usms":
            entry["options"] = {"read_limit": MANY, "refresh_limit": MANY}
    file.write_text(json.dumps(entries))
    await home.start()
    return home


async def complete(home: Home) -> bool:
    return (await home.state("_history_progress"))["state"] == "100"


@pytest.mark.usefixtures("_schemathesis")
async def test_the_document_without_a_failure(read: Home) -> None:
    document = await read.api.call("GET", "/api/usms/openapi.json")
    known = {
        "meter": [meter.number for meter in read.portal.meters],
        "entry_id": [await read.entry_id()],
    }
    tell(document, known)
    file = read.config / "openapi.json"
    file.write_text(json.dumps(document))
    process = await asyncio.create_subprocess_exec(
        SCHEMATHESIS,
        "--config-file",
        CONFIGURATION,
        "run",
        file,
        f"--url={read.api.url}/api/usms",
        f"--header=Authorization: Bearer {read.api.token}",
        "--checks=all",
        "--max-examples=30",
        "--seed=1",
        "--continue-on-failure",
        "--no-color",
        cwd=read.config,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    print(output)
    assert process.returncode == 0, output[-5000:]
    tested = re.search(r"Tested: (\d+)", output)
    assert tested
    assert int(tested[1]) == len(document["paths"])
    assert read.trouble() == []


def tell(node: Any, known: dict[str, list[str]]) -> None:
    """Have a document say which meters and accounts there are, for it to be tried with these."""
    if isinstance(node, dict):
        if node.get("in") in {"path", "query"} and node["name"] in known:
            node.pop("example", None)
            node["schema"] = {"type": "string", "enum": known[node["name"]]}
        for child in node.values():
            tell(child, known)
    elif isinstance(node, list):
        for child in node:
            tell(child, known)


async def test_every_path_is_401_without_a_token(home: Home) -> None:
    await home.add_account()
    await home.until(lambda: there(home))
    document = await home.api.call("GET", "/api/usms/openapi.json")
    async with ClientSession(home.api.url) as anybody:
        for path, operations in document["paths"].items():
            (method,) = operations.keys() & {"get", "post"}
            address = "/api/usms" + re.sub(r"\{\w+\}", home.portal.meters[0].number, path)
            async with anybody.request(method, address) as response:
                assert response.status == 401, path


async def there(home: Home) -> bool:
    return (await home.state("_balance"))["state"] not in {"missing", "unavailable", "unknown"}
