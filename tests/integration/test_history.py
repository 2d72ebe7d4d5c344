"""History: the store, and the statistics that are derived from it."""

from .harness import Harness


async def test_everything_is_read_and_equals_the_truth(account: Harness) -> None:
    assert account.requests("report") == 0
    await account.start_history()
    await account.assert_statistics_equal_truth()
    assert account.state("history_progress") == "100"
