"""The client for scripts and notebooks: the same calls, each of which waits for its answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from .brunei import utcnow
from .client import UsmsClient
from .errors import CaptchaRequired, UsmsConnectionError, UsmsError
from .models import Challenge
from .portal.pace import Pacing

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from .portal.turns import Turns
    from .store import ReadingsStore
    from .sync import Progress

P = ParamSpec("P")
T = TypeVar("T")


def _waits(
    method: Callable[Concatenate[UsmsClient, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[BlockingClient, P], T]:
    """Make a method of this client of one of that: same arguments, same answer, same errors."""

    @wraps(method)
    def wait(self: BlockingClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(method(self._client, *args, **kwargs))

    return wait


def _on_loop(
    method: Callable[Concatenate[UsmsClient, P], T],
) -> Callable[Concatenate[BlockingClient, P], T]:
    """Make a method of this client of one of that which does not wait: it runs on the loop."""

    @wraps(method)
    async def call(client: UsmsClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return method(client, *args, **kwargs)

    return _waits(call)


class BlockingClient:
    """An account on the portal, as `UsmsClient`, whose methods it has.

    The client runs on an event loop in a thread of its own, so this works wherever Python does,
    in a notebook too, whose own loop is running. Several threads may share it: their calls go one
    after the other. Use it as a context manager, or call `close`.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        pacing: Pacing = Pacing(),  # noqa: B008 (frozen)
        timeout: float = 60.0,
        now: Callable[[], datetime] = utcnow,
        turns: Turns | None = None,
        trust_env: bool = False,
    ) -> None:
        """Make a client; raises WrongRequest for an address that can't be the portal's.

        `base_url` defaults to `USMS_BASE_URL` in the environment, then to the operator's address;
        `timeout` is in seconds, for one request; `now` returns the time for `Account.read_at`.
        Programs that use one session share `turns` (`SharedTurns`), whose pacing counts then. With
        `trust_env` it goes by the proxy that `HTTP_PROXY` and `HTTPS_PROXY` name.
        """
        self._now = now
        self._loop: asyncio.AbstractEventLoop
        self._client: UsmsClient
        self._stop: asyncio.Event
        started: Future[None] = Future()

        async def serve() -> None:
            try:
                client = UsmsClient(
                    base_url=base_url,
                    pacing=pacing,
                    timeout=timeout,
                    now=now,
                    turns=turns,
                    trust_env=trust_env,
                )
            except UsmsError as err:
                started.set_exception(err)
                return
            async with client:
                self._client, self._stop = client, asyncio.Event()
                self._loop = asyncio.get_running_loop()
                started.set_result(None)
                await self._stop.wait()

        self._thread = threading.Thread(
            target=lambda: asyncio.run(serve()), name="usms client", daemon=True
        )
        self._thread.start()
        try:
            started.result()
        except UsmsError:
            self._thread.join()
            raise

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread; once more does no harm."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    # --- signing in ---

    def sign_in(
        self,
        username: str,
        password: str,
        *,
        answer_captcha: Callable[[bytes], str] | None = None,
    ) -> None:
        """Sign in as `UsmsClient.sign_in` does; `answer_captcha` is called in this thread."""
        try:
            self._run(self._client.sign_in(username, password))
        except CaptchaRequired as required:
            if answer_captcha is None:
                raise
            challenge: Challenge | None = required.challenge
            while challenge and not (text := answer_captcha(challenge.image).strip()):
                challenge = self.refresh_captcha(challenge)
            if challenge:
                self.answer(challenge, text)

    answer = _waits(UsmsClient.answer)
    refresh_captcha = _waits(UsmsClient.refresh_captcha)
    is_signed_in = _waits(UsmsClient.is_signed_in)
    sign_out = _waits(UsmsClient.sign_out)
    export_session = _on_loop(UsmsClient.export_session)
    restore_session = _on_loop(UsmsClient.restore_session)

    # --- reading ---

    account = _waits(UsmsClient.account)
    hourly = _waits(UsmsClient.hourly)
    daily = _waits(UsmsClient.daily)
    payment = _waits(UsmsClient.payment)
    top_up_url = _on_loop(UsmsClient.top_up_url)
    topups = _waits(UsmsClient.topups)

    def read_history(self, store: ReadingsStore) -> Iterator[Progress]:
        """Read into the store what it lacks, yielding after each report, until nothing is due.

        It may be stopped at any moment and goes on where it stopped. Raises what the client
        raises; all that was read before is in the store.
        """
        from .sync import Sync  # noqa: PLC0415 - others do not wait for it

        sync = Sync(self._client, store, now=self._now)

        async def begin() -> None:
            await sync.open()
            await sync.record_account(await self._client.account())

        self._run(begin())
        reports = sync.run()

        async def read() -> Progress | None:
            return await anext(reports, None)

        while progress := self._run(read()):
            yield progress

    # --- the loop ---

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine; when the wait is interrupted, so is the coroutine."""
        if not self._thread.is_alive():
            coroutine.close()
            raise UsmsConnectionError("The client is closed")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise
