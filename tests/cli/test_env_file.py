"""`dropreel fake-provider --env`: nobody's keys are lost for it."""

from pathlib import Path

from cli.env_file import FIRST, kept_in
from local_cloud.keys import read_dotenv
from tests.cli.desk import Desk

MINE = "# mine\nWAVESPEED_API_KEY=real\nWORKER_GPUS=rtx4090"


def test_a_block_counts_while_it_is_there_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{MINE}\n")
    file.chmod(0o640)
    with kept_in(file, ["export WAVESPEED_API_KEY=fake"]):
        assert read_dotenv(file) == {"WAVESPEED_API_KEY": "fake", "WORKER_GPUS": "rtx4090"}
        assert file.read_text().startswith(MINE)
        assert file.stat().st_mode & 0o777 == 0o640
    assert file.read_text() == f"{MINE}\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_block_that_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{MINE}\n{FIRST}\nexport FAL_KEY=old\n")
    with kept_in(file, ["export WAVESPEED_API_KEY=fake"]):
        assert "FAL_KEY" not in read_dotenv(file)
        assert file.read_text().count(FIRST) == 1
    assert file.read_text() == f"{MINE}\n"


def test_a_file_of_nothing_else_is_the_owners_and_goes(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    with kept_in(file, ["export FAL_KEY=fake"]):
        assert file.stat().st_mode & 0o777 == 0o600
    assert not file.exists()


def test_what_is_written_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    with kept_in(file, ["export FAL_KEY=fake"]):
        file.write_text(f"{file.read_text()}MODAL_TOKEN_ID=new\n")
    assert file.read_text() == "MODAL_TOKEN_ID=new\n"


def test_the_command_gives_the_file_back_when_it_is_stopped(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{MINE}\n")
    running = desk.begin("fake-provider", "--port", "0", "--env", file)
    try:
        assert running.stdout is not None
        said = [running.stdout.readline() for _ in range(2)]
        assert str(file) in said[1]
        assert "127.0.0.1" in read_dotenv(file)["WAVESPEED_BASE_URL"]
    finally:
        running.terminate()
        running.communicate(timeout=20)
    assert file.read_text() == f"{MINE}\n"
