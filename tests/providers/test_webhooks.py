"""Webhooks: only what the vendor signed, not long ago, is a hint; our own tokens likewise."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from lambdas import receive_callback
from shared.providers import ADAPTERS, Provider, ProviderSettings, find_adapter
from shared.providers.adapters.minimax import challenge
from shared.providers.adapters.replicate import Replicate
from shared.providers.contract import Declaration, WebhookScheme
from shared.providers.fake import World
from shared.providers.fake.signing import WEBHOOK_SECRET, fal_jwks
from shared.providers.webhooks import (
    SignatureRefused,
    WebhookHint,
    read_webhook,
    sign_token,
    verify_token,
)
from shared.providers.webhooks.jwks import FalKeys
from shared.providers.webhooks.signature import check_fal, check_standard, check_timestamped
from tests.providers.cases import CASES, picture, request
from tests.providers.conftest import Open
from tests.providers.inbox import Inbox, Letter

WITH_HOOKS = sorted(name for name, each in ADAPTERS.items() if each.declaration.webhook)
SIGNED = [
    name for name in WITH_HOOKS if ADAPTERS[name].declaration.webhook is not WebhookScheme.UNSIGNED
]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as box:
        yield box


def read(name: str, letter: Letter, now: float | None = None) -> WebhookHint:
    return read_webhook(
        find_adapter(name),
        letter.headers,
        letter.body,
        now=time.time() if now is None else now,
        secret=WEBHOOK_SECRET,
        jwks=fal_jwks(),
    )


def started(open_fake: Open, name: str, inbox: Inbox) -> str:
    reading = open_fake(name).submit(
        request(image=picture(url="http://127.0.0.1:9/none.png")),
        model=CASES[name].model,
        reference="job-1",
        callback_url=inbox.url,
    )
    assert reading.job_id
    return reading.job_id


@pytest.mark.parametrize("name", WITH_HOOKS)
def test_a_real_webhook_is_a_hint_that_polling_confirms(
    name: str, open_fake: Open, inbox: Inbox
) -> None:
    job_id = started(open_fake, name, inbox)
    hint = read(name, inbox.wait(1)[0])
    assert hint.provider_job_id == job_id
    provider = open_fake(name)
    reading = provider.poll(provider.ref(hint.provider_job_id, CASES[name].model))
    assert reading is not None
    assert reading.outputs


@pytest.mark.parametrize("name", SIGNED)
def test_a_webhook_that_comes_twice_says_the_same(
    name: str, open_fake: Open, inbox: Inbox, world: World
) -> None:
    world.script("duplicate-webhook")
    started(open_fake, name, inbox)
    first, second = inbox.wait(2)
    assert read(name, first) == read(name, second)


def test_a_lost_webhook_costs_nothing_but_time(open_fake: Open, inbox: Inbox, world: World) -> None:
    world.script("lost-webhook")
    job_id = started(open_fake, "replicate", inbox)
    assert inbox.wait(1, seconds=0.2) == []
    provider = open_fake("replicate")
    reading = provider.poll(provider.ref(job_id, CASES["replicate"].model))
    assert reading is not None
    assert reading.outputs


@pytest.mark.parametrize("name", SIGNED)
def test_forgeries_are_refused(name: str, open_fake: Open, inbox: Inbox) -> None:
    started(open_fake, name, inbox)
    letter = inbox.wait(1)[0]
    document = json.loads(letter.body)
    forged = json.dumps({**document, "id": "other", "request_id": "other"}).encode()
    respelt = json.dumps(document, indent=1).encode()
    for body in (forged, respelt, b"", letter.body + b" "):
        with pytest.raises(SignatureRefused):
            read(name, letter._replace(body=body))
    for missing in [header for header in letter.headers if "ebhook" in header]:
        headers = {key: value for key, value in letter.headers.items() if key != missing}
        with pytest.raises(SignatureRefused):
            read(name, letter._replace(headers=headers))


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("off_sec", [-3600, 3600])
def test_old_and_future_webhooks_are_refused(
    name: str, off_sec: float, open_fake: Open, inbox: Inbox
) -> None:
    started(open_fake, name, inbox)
    letter = inbox.wait(1)[0]
    with pytest.raises(SignatureRefused, match="long ago"):
        read(name, letter, now=time.time() + off_sec)


@pytest.mark.parametrize("name", SIGNED)
def test_without_a_key_of_ours_nothing_is_believed(
    name: str, open_fake: Open, inbox: Inbox
) -> None:
    started(open_fake, name, inbox)
    letter = inbox.wait(1)[0]
    with pytest.raises(SignatureRefused):
        read_webhook(find_adapter(name), letter.headers, letter.body, now=time.time())


def test_a_provider_without_webhooks_sends_none() -> None:
    with pytest.raises(SignatureRefused, match="no webhooks"):
        read("runway", Letter({}, b'{"id": "x"}'))


def test_headers_may_come_in_any_letter_case(open_fake: Open, inbox: Inbox) -> None:
    job_id = started(open_fake, "replicate", inbox)
    letter = inbox.wait(1)[0]
    for change in (str.upper, str.lower, str.title):
        headers = {change(name): value for name, value in letter.headers.items()}
        assert read("replicate", letter._replace(headers=headers)).provider_job_id == job_id


def test_standard_webhooks_own_example_is_believed() -> None:
    """The example of the Standard Webhooks specification's reference libraries."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    event = check_standard(headers, b'{"test": 2432232314}', secret, now=1614265330)
    assert event == headers["webhook-id"]


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_timestamped_signatures(version: str) -> None:
    seal = hmac.new(b"secret", b"1000.body", hashlib.sha256).hexdigest()
    header = f"t=1000,{version}={seal}"
    assert check_timestamped(header, b"body", "secret", 1001, version=version) == "1000"
    for wrong in (header.replace("1000", "1001"), f"t=1000,v9={seal}", "", "t=,v1="):
        with pytest.raises(SignatureRefused):
            check_timestamped(wrong, b"body", "secret", 1001, version=version)


def test_any_key_of_fals_set_will_do() -> None:
    key = Ed25519PrivateKey.generate()
    body = b'{"request_id": "r"}'
    signed = "\n".join(("r", "u", "1000", hashlib.sha256(body).hexdigest())).encode()
    headers = {
        "x-fal-webhook-request-id": "r",
        "x-fal-webhook-user-id": "u",
        "x-fal-webhook-timestamp": "1000",
        "x-fal-webhook-signature": key.sign(signed).hex(),
    }
    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode()
    jwks = {"keys": [*fal_jwks()["keys"], {"x": "%%"}, {"x": 1}, 7, {"x": public.rstrip("=")}]}
    assert check_fal(headers, body, jwks, now=1000) == "r"
    with pytest.raises(SignatureRefused):
        check_fal(headers, body, fal_jwks(), now=1000)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=6), st.binary())
def test_no_request_upsets_the_reader(headers: dict[str, str], body: bytes) -> None:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature", "x-fal-webhook-timestamp")
    dressed = {**dict.fromkeys(names, "1000"), **headers}
    for name in ADAPTERS:
        try:
            read_webhook(
                find_adapter(name), dressed, body, now=1000, secret="whsec_AAAA", jwks={"keys": []}
            )
        except SignatureRefused:
            continue


def test_minimax_is_answered_its_challenge() -> None:
    assert challenge({"challenge": "abc"}) == {"challenge": "abc"}
    assert challenge({"task_id": "1"}) is None


def test_a_token_of_ours_names_its_job_until_it_ends() -> None:
    token = sign_token("our-secret", "job/1", 2000)
    said = verify_token("our-secret", token, now=1999)
    assert (said.job_id, said.expires_at) == ("job/1", 2000)
    assert verify_token("our-secret", token, now=1).use_id == said.use_id
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()
    with pytest.raises(SignatureRefused, match="ended"):
        verify_token("our-secret", token, now=2000)


def test_each_token_is_used_under_its_own_id() -> None:
    ids = {verify_token("s", sign_token("s", "job", 2000), now=0).use_id for _ in range(100)}
    assert len(ids) == 100


@given(st.text(max_size=80))
def test_no_other_token_is_believed(text: str) -> None:
    token = sign_token("our-secret", "job", 2000, use_id="once")
    head, body, seal = token.split(".")
    for wrong in (text, f"{head}.{body}.{text}", f"{head}.{text}.{seal}", token + "x" + text):
        with pytest.raises(SignatureRefused):
            verify_token("our-secret", wrong, now=0)
    with pytest.raises(SignatureRefused):
        verify_token("another secret", token, now=0)
    with pytest.raises(SignatureRefused):
        verify_token("", sign_token("", "job", 2000), now=0)


class Lips(Replicate):
    """sync.so and ElevenLabs sign alike, under headers of their own."""

    declaration: ClassVar[Declaration] = replace(
        Replicate.declaration, webhook=WebhookScheme.TIMESTAMPED
    )


@pytest.mark.parametrize(
    ("header", "version"), [("Sync-Signature", "v1"), ("ElevenLabs-Signature", "v0")]
)
def test_sync_and_elevenlabs_sign_the_raw_bytes(header: str, version: str) -> None:
    body = b'{ "id":"job-7",  "status": "COMPLETED" }'
    seal = hmac.new(b"secret", b"1000." + body, hashlib.sha256).hexdigest()

    def hint(name: str, value: str, raw: bytes = body, now: float = 1000) -> WebhookHint:
        return read_webhook(Lips(), {name: value}, raw, now=now, secret="secret")

    right = f"t=1000,{version}={seal}"
    assert hint(header, right).provider_job_id == "job-7"
    respelt = json.dumps(json.loads(body)).encode()
    for name, value, raw, now in (
        (header, right, respelt, 1000),
        (header, right, body + b" ", 1000),
        (header, right, body, 9000),
        (header, right.replace("t=1000", "t=1001"), body, 1000),
        (header, f"t=1000,v9={seal}", body, 1000),
        (header, "", body, 1000),
        ("webhook-signature", right, body, 1000),
    ):
        with pytest.raises(SignatureRefused):
            hint(name, value, raw, now)


def test_fals_keys_are_fetched_once_a_day_and_again_for_a_key_that_is_new(
    open_fake: Open, world: World
) -> None:
    now = 1e9
    keys, provider = FalKeys(lambda: now), open_fake("fal")

    def asked() -> int:
        return sum("jwks" in each.path for each in world.seen)

    assert keys.get(provider) == keys.get(provider) == fal_jwks()
    assert asked() == 1
    keys.get(provider, again=True)
    assert asked() == 1, "not more than once a minute, whoever sends us what"
    now += 61
    keys.get(provider, again=True)
    assert asked() == 2
    now += 24 * 3600
    keys.get(provider)
    assert asked() == 3


def test_keys_that_cannot_be_had_refuse_and_are_asked_for_again() -> None:
    now = 1e9
    keys = FalKeys(lambda: now)
    gone = Provider(find_adapter("fal"), ProviderSettings(base_url="http://127.0.0.1:9"))
    assert keys.get(gone) == {}


def test_fals_webhook_passes_the_handler_with_keys_that_it_fetches_itself(
    open_fake: Open, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive_callback, "fal_keys", FalKeys())
    started(open_fake, "fal", inbox)
    letter, provider = inbox.wait(1)[0], open_fake("fal")
    receive_callback.check_signature(letter.headers, letter.body, provider, {})
    with pytest.raises(SignatureRefused):
        receive_callback.check_signature(letter.headers, letter.body + b" ", provider, {})


def test_who_signs_with_a_secret_is_held_to_it_once_we_have_it(
    open_fake: Open, inbox: Inbox
) -> None:
    started(open_fake, "replicate", inbox)
    letter, provider = inbox.wait(1)[0], open_fake("replicate")
    secrets = {"REPLICATE_WEBHOOK_SECRET": WEBHOOK_SECRET}
    receive_callback.check_signature(letter.headers, letter.body, provider, secrets)
    receive_callback.check_signature({}, b"{}", provider, {})  # our own token has proved the caller
    with pytest.raises(SignatureRefused):
        receive_callback.check_signature({}, letter.body, provider, secrets)
