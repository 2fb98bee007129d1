"""The one client and the one download: what they send, where they go, when they stop."""

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.errors import Transient
from shared.jobs.ports import ResultExpired, ResultUnusable
from shared.providers import ProviderNotConfigured, ProviderSettings
from shared.providers.call import Answer, Call, Part
from shared.providers.contract import Pace
from shared.providers.fake import FakeProviders, World
from shared.providers.fake.clip import make_clip
from shared.providers.fake.world import Wanted
from shared.providers.fetch import FetchRules, fetch, host_allowed
from shared.providers.http import HttpClient, NoAnswer, NotSent
from shared.providers.network import is_public
from shared.providers.registry import ADAPTERS
from shared.providers.sniff import container_of
from tests.providers.cases import CASES, KEY, picture, request
from tests.providers.conftest import Open

WAVESPEED = ADAPTERS["wavespeed"].declaration


def _whole_request(peer: socket.socket) -> bytes:
    """Head and body, however many pieces they come in."""
    data = peer.recv(65536)
    if not data[:1].isalpha():  # no HTTP at all, such as a TLS greeting
        return data
    while b"\r\n\r\n" not in data and (more := peer.recv(65536)):
        data += more
    head, _, _ = data.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    whole = len(head) + 4 + int(length[1]) if length else 0
    while len(data) < whole and (more := peer.recv(65536)):
        data += more
    return data


class Raw:
    """A server that says exactly what it is given, however slowly."""

    def __init__(self, *pieces: bytes, pause_sec: float = 0.0) -> None:
        self.requests: list[bytes] = []
        self._pieces, self._pause_sec = pieces, pause_sec
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer:
                self.requests.append(_whole_request(peer))
                try:
                    for piece in self._pieces:
                        peer.sendall(piece)
                        time.sleep(self._pause_sec)
                except OSError:
                    pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2)


@pytest.fixture
def raw() -> Iterator[list[Raw]]:
    servers: list[Raw] = []
    yield servers
    for server in servers:
        server.close()


def client(url: str, *, deadline_sec: float = 5.0) -> HttpClient:
    return HttpClient(
        WAVESPEED,
        base_url=url,
        secrets={"WAVESPEED_API_KEY": KEY},
        deadline_sec=deadline_sec,
    )


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def test_the_key_goes_to_the_provider_and_to_nobody_else(raw: list[Raw]) -> None:
    raw += [Raw(OK), Raw(OK)]
    sender = client(raw[0].url)
    assert isinstance(sender.send(Call(method="GET", url=raw[0].url)), Answer)
    assert isinstance(sender.send(Call(method="GET", url=raw[1].url)), Answer)
    sender.send(Call(method="GET", url=raw[0].url, authorized=False))
    assert KEY.encode() in raw[0].requests[0]
    assert KEY.encode() not in raw[0].requests[1]
    assert KEY.encode() not in raw[1].requests[0]


@pytest.mark.parametrize("url", ["http://api.wavespeed.ai", "ftp://x", "http://10.0.0.1"])
def test_plain_http_is_for_this_machine_only(url: str) -> None:
    with pytest.raises(ProviderNotConfigured, match="WAVESPEED_BASE_URL"):
        client(url)


def test_a_redirect_is_not_followed(raw: list[Raw]) -> None:
    raw.append(
        Raw(b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")
    )
    answer = client(raw[0].url).send(Call(method="POST", url=raw[0].url, json={}))
    assert isinstance(answer, Answer)
    assert (answer.status, len(raw[0].requests)) == (307, 1)


def test_no_connection_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    assert isinstance(client(url).send(Call(method="POST", url=url, json={})), NotSent)


def test_a_name_without_address_means_not_sent() -> None:
    url = "https://no-such-host.invalid"
    assert isinstance(client(url).send(Call(method="POST", url=url, json={})), NotSent)


def test_no_tls_means_not_sent(raw: list[Raw]) -> None:
    raw.append(Raw(b"this is no TLS"))
    url = raw[0].url.replace("http:", "https:")
    assert isinstance(client(url).send(Call(method="POST", url=url, json={})), NotSent)
    assert KEY.encode() not in raw[0].requests[0]


@pytest.mark.parametrize(
    "pieces",
    [(), (b"HTTP/1.1 20",), (b"nonsense\r\n\r\n",), (OK[:-1],)],
    ids=["silence", "half a line", "nonsense", "half a body"],
)
def test_a_broken_answer_is_no_answer_and_nothing_is_sent_again(
    pieces: tuple[bytes, ...], raw: list[Raw]
) -> None:
    raw.append(Raw(*pieces))
    said = client(raw[0].url).send(Call(method="POST", url=raw[0].url, json={}))
    assert isinstance(said, NoAnswer)
    assert len(raw[0].requests) == 1


@pytest.mark.parametrize("drip", ["headers", "body"])
def test_a_peer_that_drips_is_left_at_the_deadline(drip: str, raw: list[Raw]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"
    slow = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 if drip == "headers" else b" " * 900
    pieces = [bytes([byte]) for byte in slow]
    raw.append(Raw(*([] if drip == "headers" else [head]), *pieces, pause_sec=0.02))
    started = time.monotonic()
    said = client(raw[0].url, deadline_sec=0.3).send(Call(method="GET", url=raw[0].url))
    assert isinstance(said, NoAnswer)
    assert time.monotonic() - started < 3


def test_a_status_that_says_no_counts_however_its_body_ends(raw: list[Raw]) -> None:
    raw.append(Raw(b"HTTP/1.1 429 No\r\nRetry-After: 3\r\nContent-Length: 100\r\n\r\ncut"))
    answer = client(raw[0].url).send(Call(method="POST", url=raw[0].url, json={}))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")


def test_forms_are_sent_with_their_file(raw: list[Raw]) -> None:
    raw.append(Raw(OK))
    parts = [("policy", Part(b"p")), ("file", Part(b"pixels", "k.png", "image/png"))]
    client(raw[0].url).send(Call(method="POST", url=raw[0].url, multipart=parts, authorized=False))
    text = raw[0].requests[0]
    assert b'name="policy"' in text
    assert b'filename="k.png"' in text


def test_the_transport_can_be_exchanged() -> None:
    def answer(asked: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"path": asked.url.path})

    sender = HttpClient(
        WAVESPEED,
        secrets={"WAVESPEED_API_KEY": KEY},
        open_transport=lambda _deadline: httpx.MockTransport(answer),
    )
    said = sender.send(Call(method="GET", url="https://api.wavespeed.ai/x"))
    assert isinstance(said, Answer)
    assert said.at("path") == "/x"


def test_large_pictures_are_uploaded_to_runway(
    open_fake: Open, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = open_fake("runway")
    small = provider.declaration.__class__(
        **{**vars(provider.declaration), "inline_limit_bytes": 10}
    )
    monkeypatch.setattr(type(provider.adapter), "declaration", small)
    reading = provider.submit(request(image=picture()), model="gen4_turbo", reference="j")
    assert reading.job_id
    body = next(iter(world.jobs.values())).body
    assert body["promptImage"] == "runway://fake/keyframe.png"
    form = next(seen for seen in world.seen if seen.path.endswith("_upload"))
    assert "authorization" not in form.headers
    assert picture().data in form.body  # type: ignore[operator]


def test_addresses_that_a_provider_gives_count_on_its_own_origin_only(open_fake: Open) -> None:
    provider = open_fake("fal")
    own = f"{provider.client.base_url}/a/b/requests/1/status"
    assert provider.ref("1", "a/b", poll_url=own).poll_url == own
    for other in ("https://evil.example/status", "http://127.0.0.1:1/x", "::", "file:///etc"):
        assert provider.ref("1", "a/b", poll_url=other).poll_url == ""


def test_the_pace_grows_and_stops_growing() -> None:
    pace = Pace(first_sec=5, growth=1.5, most_sec=30)
    assert [pace.delay_sec(polls) for polls in (0, 1, 100)] == [5.0, 7.5, 30.0]


# Downloads


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:a00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("v3.fal.media", True),
        ("FAL.media", True),
        ("fal.media.", True),
        ("fal.media.evil.example", False),
        ("evilfal.media", False),
        ("media", False),
    ],
)
def test_which_hosts_are_allowed(host: str, allowed: bool) -> None:
    assert host_allowed(host, (".fal.media",)) is allowed


@pytest.mark.parametrize(
    "url",
    [
        "http://v3.fal.media/a.mp4",
        "https://other.example/a.mp4",
        "https://user:pw@v3.fal.media/a.mp4",
        "https://v3.fal.media@evil.example/a.mp4",
        "file:///etc/passwd",
        "//v3.fal.media/a.mp4",
        "https://[::1]/a.mp4",
        "not an address",
    ],
)
def test_places_where_results_may_not_lie(url: str, tmp_path: Path) -> None:
    with pytest.raises(ResultUnusable):
        fetch(url, tmp_path / "a.mp4", FetchRules(hosts=(".fal.media",)))


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
def test_an_allowed_name_with_a_private_address_is_not_dialled(
    address: str, tmp_path: Path
) -> None:
    rules = FetchRules(hosts=(".fal.media",))
    with pytest.raises(ResultUnusable, match="forbidden address"):
        fetch(
            "https://v3.fal.media/a.mp4",
            tmp_path / "a.mp4",
            rules,
            resolve=lambda _host, _port: ["93.184.216.34", address],
        )


def test_the_address_that_was_checked_is_the_one_that_is_dialled(
    fake: FakeProviders, tmp_path: Path
) -> None:
    """A name that changes between check and use gains nothing: it is resolved once a hop."""
    asked: list[str] = []
    port = int(fake.root.rpartition(":")[2])

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    rules = FetchRules(hosts=(), local_origin=("localhost", port))
    with pytest.raises(ResultExpired):
        fetch(f"http://localhost:{port}/_files/x.mp4", tmp_path / "a", rules, resolve=resolve)
    assert asked == ["localhost"]


def test_an_unreachable_result_may_be_tried_again(tmp_path: Path) -> None:
    def nowhere(host: str, _port: int) -> list[str]:
        raise socket.gaierror(host)

    with pytest.raises(Transient, match="cannot be reached"):
        fetch(
            "https://v3.fal.media/a.mp4",
            tmp_path / "a.mp4",
            FetchRules(hosts=(".fal.media",)),
            resolve=nowhere,
        )


def local(url: str, *, deadline_sec: float = 60.0) -> FetchRules:
    place = httpx.URL(url)
    assert place.port
    return FetchRules(hosts=(), local_origin=(place.host, place.port), deadline_sec=deadline_sec)


def test_a_result_that_drips_is_given_up(fake: FakeProviders, world: World, tmp_path: Path) -> None:
    world.script("drip")
    from_fake = world.accept("wavespeed", _wanted(), world.draw(), None)
    with pytest.raises(Transient, match=r"0\.3 s|ReadTimeout"):
        fetch(
            f"{fake.root}/_files/{from_fake.id}.mp4",
            tmp_path / "a.mp4",
            local(fake.root, deadline_sec=0.3),
        )
    assert list(tmp_path.iterdir()) == []


def test_a_result_is_kept_with_its_fingerprint(
    fake: FakeProviders, world: World, tmp_path: Path
) -> None:
    job = world.accept("wavespeed", _wanted(), frozenset(), None)
    file = fetch(f"{fake.root}/_files/{job.id}.mp4", tmp_path / "a.mp4", local(fake.root))
    data = file.path.read_bytes()
    assert file.sha256 == hashlib.sha256(data).hexdigest()
    assert data == make_clip("", 1.0, 64)


def test_a_loop_of_redirects_ends(raw: list[Raw], tmp_path: Path) -> None:
    raw.append(Raw(b"HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(ResultUnusable, match="passed on"):
        fetch(f"{raw[0].url}/a.mp4", tmp_path / "a.mp4", local(raw[0].url))


def _wanted() -> Wanted:
    return Wanted(model="m", seconds=1.0, lines=64)


def test_containers_are_told_by_their_bytes(tmp_path: Path) -> None:
    whole = make_clip("", 1.0, 64)
    files = {
        "whole": (whole, "mp4"),
        "cut": (whole[:-10], None),
        "longer": (whole + b"junk", "mp4"),
        "quicktime": (whole.replace(b"ftypisom", b"ftypqt  ", 1), "mov"),
        "webm": (b"\x1a\x45\xdf\xa3rest", "webm"),
        "head only": (b"\0\0\0\x10ftypisom\0\0\0\0", None),
        "html": (b"<html></html>", None),
        "empty": (b"", None),
        "to the end": (b"\0\0\0\x08ftyp\0\0\0\0moov", "mp4"),
        "no moov": (b"\0\0\0\x08ftyp\0\0\0\x08mdat", None),
    }
    for name, (data, container) in files.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert container_of(path) == container, name


def test_settings_name_their_secrets_nowhere() -> None:
    assert KEY not in repr(ProviderSettings(secrets=CASES["fal"].secrets))
