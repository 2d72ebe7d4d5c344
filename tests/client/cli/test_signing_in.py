"""Signing in on the command line, with and without a person."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.conftest import PASSWORD, USERNAME
from tests.portal import OTHER_PASSWORD, OTHER_USERNAME, captcha

from .conftest import Shell


def answers(shell: Shell, *given: str | None) -> Callable[[], str]:
    """Give these in turn; None is what the picture shows."""
    left = list(given)

    def answer() -> str:
        text = left.pop(0)
        return shell.portal.captcha_answer if text is None else text

    return answer


async def test_the_session_is_kept_for_the_user_alone(usms: Shell) -> None:
    assert (await usms("meters")).code == 3
    assert usms.portal.requests == []  # nobody has to be asked to know that
    said = await usms("login", answer=answers(usms, None))
    assert (said.code, said.out) == (0, "Signed in.\n")
    assert PASSWORD not in said.err
    session = usms.state / "session.json"
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    assert stat.S_IMODE(usms.state.stat().st_mode) == 0o700
    assert PASSWORD not in session.read_text()
    assert {file.name for file in usms.state.iterdir()} == {"session.json", "turns.db"}
    assert (await usms("meters")).code == 0


async def test_a_folder_that_others_could_read_is_closed(usms: Shell) -> None:
    usms.state.mkdir(mode=0o755)
    session = usms.state / "session.json"
    session.write_text("{}")
    session.chmod(0o644)
    await usms.sign_in()
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    assert stat.S_IMODE(usms.state.stat().st_mode) == 0o700


async def test_another_picture_a_wrong_answer_a_right_one(usms: Shell) -> None:
    said = await usms("login", answer=answers(usms, "", "wrong", None))
    assert said.code == 0
    assert said.err.count("What does the picture show") == 3
    assert said.err.count("That was not what the picture shows") == 1
    assert (await usms("meters")).code == 0


async def test_three_wrong_answers_end_it(usms: Shell) -> None:
    said = await usms("login", answer=answers(usms, *["wrong"] * 3))
    assert said.code == 3
    assert said.err.endswith("Run: usms login\n")
    assert not (usms.state / "session.json").exists()


async def test_the_picture_is_named_and_is_gone_afterwards(usms: Shell) -> None:
    pages: list[str] = []

    def answer() -> str:
        (page,) = usms.state.glob("captcha*")
        pages.append(page.read_text())
        return usms.portal.captcha_answer

    said = await usms("login", answer=answer)
    assert f"The picture is in {usms.state / 'captcha.html'}" in said.err
    assert 'src="data:image/png;base64,' in pages[0]
    assert not (usms.state / "captcha.html").exists()


@pytest.mark.parametrize("image", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b" "])
async def test_a_captcha_that_is_no_picture(
    usms: Shell, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captcha, "draw", lambda _random: ("abcde", image))
    said = await usms("login", answer=lambda: "abcde")
    assert said.code == 1
    assert said.err.startswith("usms: The portal's page ResLogin was not understood: a captcha ")
    assert said.err.count("\n") == 1
    assert [file.name for file in usms.state.iterdir()] == ["turns.db"]


async def test_without_a_terminal_nobody_is_asked(
    usms: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await usms("login")
    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("usms: The portal asks for its captcha")
    monkeypatch.delenv("USMS_PASSWORD")
    usms.portal.clear_requests()
    said = await usms("login")
    assert said.code == 2
    assert "USMS_PASSWORD" in said.err
    assert said.err.count("\n") == 1
    assert usms.portal.requests == []


async def test_without_a_terminal_where_the_portal_asks_nothing(usms: Shell) -> None:
    usms.portal.set_profile(captcha=False)
    assert (await usms("login")).code == 0
    assert (await usms("meters")).code == 0


async def test_a_session_that_has_ended(signed_in: Shell) -> None:
    signed_in.portal.expire()
    said = await signed_in("meters", "--json")
    assert (said.code, said.out) == (3, "")
    assert said.err == "usms: Not signed in. Run: usms login\n"


@pytest.mark.parametrize("text", ["", "{", "[]"])
async def test_a_session_file_that_is_none(usms: Shell, text: str) -> None:
    await usms("meters")
    (usms.state / "session.json").write_text(text)
    assert (await usms("meters")).code == 3


async def test_a_session_of_another_portal_stays_there(
    signed_in: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = signed_in.state / "session.json"
    file.write_text(file.read_text().replace("127.0.0.1", "localhost"))
    assert (await signed_in("meters")).code == 3


async def test_a_user_named_with_a_command_is_the_one_that_is_read(signed_in: Shell) -> None:
    mine = (await signed_in("meters", "--json")).json
    signed_in.portal.clear_requests()
    assert (await signed_in("meters", "-u", "01-001234", "--json")).json == mine
    assert not [r for r in signed_in.portal.requests if "reslogin" in r.path.lower()]

    other = ("-u", OTHER_USERNAME, "-p", OTHER_PASSWORD)
    assert (await signed_in("meters", *other)).code == 3  # a captcha, and nobody there
    said = await signed_in(
        "meters", "--json", *other, answer=lambda: signed_in.portal.captcha_answer
    )
    assert [row["meter"] for row in said.json] == [
        meter.number for meter in signed_in.portal.meters_of(OTHER_USERNAME)
    ]
    assert "seen by others" in said.err
    assert OTHER_PASSWORD not in said.err + said.out


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("USMS_PASSWORD", "wrong", 1), ("USMS_BASE_URL", "http://example.com/", 2)],
)
async def test_what_is_refused(
    usms: Shell, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: int
) -> None:
    monkeypatch.setenv(name, value)
    said = await usms("login", answer=lambda: usms.portal.captcha_answer)
    assert said.code == code
    assert said.err.startswith("usms: ")
    assert said.err.count("\n") == 1
    assert USERNAME not in said.err


async def test_an_end_of_input_is_no_answer(usms: Shell) -> None:
    def nobody() -> str:
        raise EOFError

    said = await usms("login", answer=nobody)
    assert said.code == 2
    assert said.err.endswith("usms: Nothing was entered\n")


async def test_a_folder_that_cannot_be_made(
    usms: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    said = await usms("meters")
    assert said.code == 1
    assert said.err.startswith("usms: Not a directory: ")
