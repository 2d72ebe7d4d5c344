"""The client for scripts and notebooks, against the simulated portal."""

import asyncio
import inspect
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from custom_components.usms.client import (
    NO_PACING,
    BlockingClient,
    CaptchaRefused,
    CaptchaRequired,
    SessionExpired,
    UsmsClient,
    UsmsConnectionError,
    WrongRequest,
)
from custom_components.usms.client.models import Resolution
from custom_components.usms.client.store import ReadingsStore
from tests.portal import SimulatedPortal

from .conftest import NOW, PASSWORD, USERNAME


@pytest.fixture
def blocking(portal: SimulatedPortal) -> Iterator[BlockingClient]:
    """A client whose calls the tests wait for in another thread: the portal runs in this one."""
    with BlockingClient(
        base_url=portal.base_url, pacing=NO_PACING, timeout=5, now=lambda: NOW
    ) as client:
        yield client


def test_it_has_every_method_of_the_other() -> None:
    for name, method in inspect.getmembers(UsmsClient, inspect.isfunction):
        if name.startswith("_"):
            continue
        ours = getattr(BlockingClient, name)
        assert ours.__doc__
        assert not inspect.iscoroutinefunction(ours), name
        parameters = inspect.signature(method).parameters
        assert list(inspect.signature(ours).parameters) == list(parameters), name


async def test_it_reads_what_the_other_reads(
    blocking: BlockingClient, signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    session = signed_in.export_session()
    await asyncio.to_thread(blocking.restore_session, session)
    assert await asyncio.to_thread(blocking.export_session) == session
    assert await asyncio.to_thread(blocking.is_signed_in)
    number = portal.meters[0].number
    day, first = date(2026, 11, 10), date(2026, 10, 20)
    account = await asyncio.to_thread(blocking.account)
    assert account.read_at == NOW
    assert account.meters == (await signed_in.account()).meters
    assert await asyncio.to_thread(blocking.hourly, number, day) == await signed_in.hourly(
        number, day
    )
    days = await asyncio.to_thread(blocking.daily, number, first=first, last=day)
    assert days == await signed_in.daily(number, first, day)
    assert await asyncio.to_thread(blocking.payment, number) == await signed_in.payment(number)
    topups = await asyncio.to_thread(blocking.topups, number, first, day)
    assert topups == await signed_in.topups(number, first, day)
    await asyncio.to_thread(blocking.sign_out)
    with pytest.raises(SessionExpired):
        await asyncio.to_thread(blocking.account)


async def test_the_captcha_is_asked_for_in_the_thread_that_signs_in(
    blocking: BlockingClient, portal: SimulatedPortal
) -> None:
    answers: list[tuple[int, bytes]] = []

    def answer(image: bytes) -> str:
        answers.append((threading.get_ident(), image))
        return portal.captcha_answer if len(answers) > 1 else " "  # another picture first

    def sign_in() -> int:
        blocking.sign_in(USERNAME, PASSWORD, answer_captcha=answer)
        return threading.get_ident()

    caller = await asyncio.to_thread(sign_in)
    assert [thread for thread, _ in answers] == [caller, caller]
    assert len({image for _, image in answers}) == 2
    assert await asyncio.to_thread(blocking.is_signed_in)


async def test_a_captcha_that_nobody_reads_or_somebody_misreads(
    blocking: BlockingClient, portal: SimulatedPortal
) -> None:
    with pytest.raises(CaptchaRequired) as required:
        await asyncio.to_thread(blocking.sign_in, USERNAME, PASSWORD)
    await asyncio.to_thread(blocking.answer, required.value.challenge, portal.captcha_answer)
    assert await asyncio.to_thread(blocking.is_signed_in)
    with pytest.raises(CaptchaRefused):
        await asyncio.to_thread(
            lambda: blocking.sign_in(USERNAME, PASSWORD, answer_captcha=lambda _: "wrong")
        )


async def test_signing_in_without_a_captcha(
    blocking: BlockingClient, portal: SimulatedPortal
) -> None:
    portal.set_profile(captcha=False)
    await asyncio.to_thread(blocking.sign_in, USERNAME, PASSWORD)
    assert await asyncio.to_thread(blocking.is_signed_in)


async def test_it_works_where_a_loop_is_running(portal: SimulatedPortal) -> None:
    """As in a notebook; the portal runs in a thread of its own here."""
    started = threading.Event()
    stop: asyncio.Event
    loop: asyncio.AbstractEventLoop
    address = ""

    async def serve() -> None:
        nonlocal stop, loop, address
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        async with SimulatedPortal(seed=1, days=5, now=NOW) as other:
            other.set_profile(captcha=False)
            address = other.base_url
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    try:
        assert asyncio.get_running_loop().is_running()
        with BlockingClient(base_url=address, pacing=NO_PACING) as client:
            client.sign_in(USERNAME, PASSWORD)
            assert len(client.account().meters) == 2
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def test_history_stops_and_goes_on(
    blocking: BlockingClient, signed_in: UsmsClient, portal: SimulatedPortal, tmp_path: Path
) -> None:
    number = portal.meters[0].number
    blocking.restore_session(signed_in.export_session())
    path = tmp_path / "readings.db"

    def read(most: int | None) -> int:
        with closing(ReadingsStore(path)) as store:
            for count, progress in enumerate(blocking.read_history(store), 1):
                assert progress.done <= progress.total
                if count == most:
                    return count
        return count

    assert await asyncio.to_thread(read, 12) == 12
    portal.clear_requests()
    rest = await asyncio.to_thread(read, None)
    assert 0 < rest < 120
    with closing(ReadingsStore(path)) as store:
        for resolution in (Resolution.HOUR, Resolution.DAY):
            found = [
                (reading.start, reading.value)
                for reading in store.readings(number, resolution)
                if not reading.estimated
            ]
            assert found == portal.truth(number, resolution)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_closed_and_wrong(portal: SimulatedPortal) -> None:
    client = BlockingClient(base_url=portal.base_url)
    client.close()
    client.close()
    with pytest.raises(UsmsConnectionError):
        client.account()
    with pytest.raises(WrongRequest):
        BlockingClient(base_url="http://example.com/")
    assert not [t for t in threading.enumerate() if t.name == "usms client"]
