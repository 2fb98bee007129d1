"""The editor's server: one folder, one page, and nobody else."""

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from cli.errors import WrongUse
from cli.motion_editor.folder import open_folder
from cli.motion_editor.server import EditorServer
from shared.errors import InvalidInput
from shared.pipeline.plan import SIDECAR_LIMIT

GOOD = json.dumps({"motion": {"type": "zoom_in", "duration_sec": 4}}).encode()


def ask(
    server: EditorServer,
    method: str,
    way: str,
    body: bytes | None = None,
    headers: Mapping[str, str | None] | None = None,
    *,
    token: str | None = None,
) -> tuple[int, bytes, Mapping[str, str]]:
    """One request as the page would send it, but for the headers given; None leaves one out."""
    host = f"127.0.0.1:{server.server_port}"
    sent: dict[str, str | None] = {"Host": host}
    if method == "PUT":
        sent |= {"Origin": f"http://{host}", "Content-Type": "application/json"}
        sent |= {"Content-Length": str(len(body or b""))}
    sent |= headers or {}
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.putrequest(
            method, f"/{token or server.token}/{way}", skip_host=True, skip_accept_encoding=True
        )
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        reply = connection.getresponse()
        return reply.status, reply.read(), dict(reply.getheaders())
    finally:
        connection.close()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_is_listed_with_its_sidecars(server: EditorServer) -> None:
    status, body, _ = ask(server, "GET", "folder.json")
    listing = json.loads(body)
    assert (status, listing["folder"]) == (200, "coast")
    assert [each["name"] for each in listing["keyframes"]] == [
        "dawn.jpg",
        "pier.png",
        "wave 100%.jpg",
    ]
    assert [each["problem"] for each in listing["keyframes"]] == ["", "", ""]
    assert listing["keyframes"][1]["sidecar"]["motion_type"] == "pan_right"


def test_keyframes_are_shown_as_they_are_and_others_as_jpeg(
    server: EditorServer, keyframes: Path
) -> None:
    Image.new("RGB", (64, 48), "teal").save(keyframes / "scan.tif")
    for name in ("dawn.jpg", "wave 100%.jpg"):
        status, body, headers = ask(server, "GET", f"keyframe/{quote(name)}")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert body == (keyframes / name).read_bytes()
    status, body, headers = ask(server, "GET", "keyframe/scan.tif")
    assert (status, headers["Content-Type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert ask(server, "GET", "thumb/pier.png")[1][:2] == b"\xff\xd8"


def test_answers_are_not_kept_framed_or_guessed_at(server: EditorServer) -> None:
    headers = ask(server, "GET", "")[2]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_only_this_machine_can_knock(server: EditorServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_without_the_secret_there_is_nothing(server: EditorServer) -> None:
    for token in ("x", server.token[:-1], f"{server.token}x", "%00", "\u00e9".encode().hex()):
        assert ask(server, "GET", "", token=token)[0] == 404
        assert ask(server, "PUT", "sidecar/dawn.motion.json", GOOD, token=token)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", None])
def test_another_name_for_this_machine_is_refused(server: EditorServer, host: str | None) -> None:
    assert ask(server, "GET", "folder.json", headers={"Host": host})[0] == 421
    assert ask(server, "PUT", "sidecar/dawn.motion.json", GOOD, {"Host": host})[0] == 421


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", None])
def test_saves_from_other_pages_are_refused(
    server: EditorServer, keyframes: Path, origin: str | None
) -> None:
    before = files(keyframes)
    assert ask(server, "PUT", "sidecar/dawn.motion.json", GOOD, {"Origin": origin})[0] == 403
    assert files(keyframes) == before


@pytest.mark.parametrize(
    "name",
    [
        "../dawn.motion.json",
        "..%2Fdawn.motion.json",
        "%2e%2e%2fdawn.motion.json",
        "%2Fetc%2Fdawn.motion.json",
        "sub%2Fdawn.motion.json",
        "dawn.motion.json%00",
        "dawn.motion.json/",
        "C:%5Cdawn.motion.json",
        "dawn.jpg",
        "dawn.json",
        "manifest.json",
        "unknown.motion.json",
        ".motion.json",
        "",
    ],
)
def test_only_sidecars_of_the_folders_keyframes_are_written(
    server: EditorServer, keyframes: Path, name: str
) -> None:
    before, above = files(keyframes), sorted(keyframes.parent.iterdir())
    status, body, _ = ask(server, "PUT", f"sidecar/{name}", GOOD)
    assert status in (404, 422)
    assert json.loads(body)["problems"]
    assert files(keyframes) == before
    assert sorted(keyframes.parent.iterdir()) == above


@pytest.mark.parametrize("name", ["pier.motion.json", "..%2Fsecret.png", "%2Fetc%2Fpasswd"])
def test_only_keyframes_are_read(server: EditorServer, keyframes: Path, name: str) -> None:
    (keyframes.parent / "secret.png").write_bytes(b"secret")
    assert ask(server, "GET", f"keyframe/{name}")[0] in (404, 422)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"motion": NaN}',
        b'{"motion": {"type": "spin"}}',
        b'{"motion": {"type": "static"}, "shell": "rm"}',
        b'{"motion": {"start_rect": [0, 0, 2, 2]}}',
        b'{"image_path": "other.png", "motion": {"type": "static"}}',
        b'{"type": "zoom_in", "start_rect": [0.4, 0.4, 0.6, 0.6], "end_rect": [0, 0, 1, 1]}',
        b"[" * 5000,
        b"\xff\xfe{}",
    ],
)
def test_what_the_pipeline_would_refuse_is_not_written(
    server: EditorServer, keyframes: Path, body: bytes
) -> None:
    before = files(keyframes)
    status, answer, _ = ask(server, "PUT", "sidecar/dawn.motion.json", body)
    assert status == 422
    assert all(isinstance(each, str) for each in json.loads(answer)["problems"])
    assert files(keyframes) == before


def test_size_is_capped_before_anything_is_read(server: EditorServer, keyframes: Path) -> None:
    before = files(keyframes)
    lengths = {str(SIDECAR_LIMIT + 1): 413, "9" * 30: 413, None: 411, "-1": 411}
    for length, status in lengths.items():
        said = {"Content-Length": length}
        assert ask(server, "PUT", "sidecar/dawn.motion.json", b"", said)[0] == status
    assert files(keyframes) == before


def test_a_form_of_another_page_cannot_pass_for_json(server: EditorServer) -> None:
    kind = {"Content-Type": "text/plain"}
    assert ask(server, "PUT", "sidecar/dawn.motion.json", GOOD, kind)[0] == 415


def test_a_save_replaces_the_file_whole_and_leaves_nothing_beside(
    server: EditorServer, keyframes: Path
) -> None:
    names = set(files(keyframes))
    elsewhere = keyframes.parent / "elsewhere.json"
    elsewhere.write_text("{}")
    (keyframes / "dawn.motion.json").symlink_to(elsewhere)
    assert ask(server, "PUT", "sidecar/dawn.motion.json", GOOD)[0] == 200
    assert json.loads((keyframes / "dawn.motion.json").read_bytes()) == json.loads(GOOD)
    assert elsewhere.read_text() == "{}"  # a link is replaced, not followed
    assert set(files(keyframes)) == names | {"dawn.motion.json"}


def test_a_sidecar_in_other_letter_case_is_not_written_twice(
    server: EditorServer, keyframes: Path
) -> None:
    (keyframes / "dawn.Motion.JSON").write_text("{}")
    assert ask(server, "PUT", "sidecar/dawn.motion.json", GOOD)[0] == 200
    assert json.loads((keyframes / "dawn.Motion.JSON").read_bytes()) == json.loads(GOOD)
    assert not (keyframes / "dawn.motion.json").exists()


def test_keyframes_of_the_review_folder_are_served_too(
    server: EditorServer, keyframes: Path
) -> None:
    review = keyframes / "__video_keyframes"
    review.mkdir()
    (keyframes / "pier.png").rename(review / "kept.png")
    assert ask(server, "GET", "keyframe/__video_keyframes/kept.png")[0] == 200
    assert ask(server, "PUT", "sidecar/__video_keyframes/kept.motion.json", GOOD)[0] == 200
    assert (review / "kept.motion.json").is_file()


def test_other_methods_and_nonsense_do_not_stop_it(server: EditorServer) -> None:
    assert ask(server, "POST", "folder.json")[0] == 501
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as line:
        line.sendall(b"GET * HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 421 " in line.recv(200)
    assert ask(server, "GET", "folder.json")[0] == 200


def test_a_folder_without_keyframes_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no keyframe"):
        open_folder(tmp_path)
    with pytest.raises(WrongUse, match="no folder"):
        open_folder(tmp_path / "nowhere")
