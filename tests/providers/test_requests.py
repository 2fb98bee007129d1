"""From a request to a provider's body: what is asked is what is sent, or nothing is."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.catalog import load_catalog
from shared.catalog.can import Need
from shared.catalog.model import ModelRow
from shared.clip import Operation
from shared.jobs.request import MediaInput, VideoRequest
from shared.pipeline.choosing import model_request
from shared.providers import (
    ADAPTERS,
    JobContext,
    ProviderNotConfigured,
    ProviderRetired,
    RequestNotPossible,
    find_adapter,
)
from shared.providers.adapters.runway import choose_ratio
from shared.providers.auth import jwt_hs256
from shared.providers.call import Call
from shared.providers.engines import ADAPTER_OF
from shared.providers.google_auth import service_account_token
from shared.providers.unavailable import UNAVAILABLE
from shared.routing.policy import Policy
from shared.routing.rank import rank
from tests.providers.cases import CASES, picture, request, sound

IMAGE = picture(url="https://files.example.com/k.png?X-Amz-Signature=secret")
AUDIO = sound("https://files.example.com/v.wav")
MASK = picture(url="https://files.example.com/m.png")


def built(name: str, asked: VideoRequest, model: str = "", **context: Any) -> Call:
    return ADAPTERS[name].submit(
        asked,
        JobContext(
            base_url="https://api.example",
            model=model or CASES[name].model,
            reference="job-1",
            settings=CASES[name].settings,
            **context,
        ),
    )


def body(name: str, asked: VideoRequest, model: str = "", **context: Any) -> dict[str, Any]:
    document = built(name, asked, model, **context).json
    assert isinstance(document, dict)
    return document


# The capability matrix of the seed (C31-C33), as WaveSpeed's models have it.

WAN, KLING, TALK = (
    "alibaba/wan-2.5/image-to-video",
    "kwaivgi/kling-v2.5-turbo-std/image-to-video",
    "wavespeed-ai/infinitetalk",
)
ASKS: dict[str, Any] = {
    "negative_prompt": "text",
    "seed": 7,
    "guidance": 0.5,
    "mask": MASK,
    "audio": AUDIO,
    "resolution": "720p",
    "duration_sec": 5.0,
}
TAKES = {
    WAN: {"negative_prompt", "seed", "audio", "resolution", "duration_sec"},
    KLING: {"negative_prompt", "guidance", "duration_sec"},
    TALK: {"seed", "mask", "audio", "resolution"},
}


@pytest.mark.parametrize("asked", sorted(ASKS))
@pytest.mark.parametrize("model", sorted(TAKES))
def test_the_capability_matrix(model: str, asked: str) -> None:
    needed = {"audio": AUDIO} if model == TALK else {}
    wish = request(image=IMAGE, **{"duration_sec": None, **needed, asked: ASKS[asked]})
    if asked in TAKES[model]:
        assert body("wavespeed", wish, model)
        return
    with pytest.raises(RequestNotPossible) as refusal:
        body("wavespeed", wish, model)
    assert [problem.path for problem in refusal.value.problems] == [asked]


def test_the_model_that_is_asked_is_the_model_that_runs() -> None:
    """The origin sent every picture to WAN, whatever model was named (its defect 1)."""
    for model in (*TAKES, "wavespeed-ai/kandinsky5-pro/image-to-video"):
        wish = request(image=IMAGE, duration_sec=None, audio=AUDIO if model == TALK else None)
        assert built("wavespeed", wish, model).url == f"https://api.example/api/v3/{model}"


def test_infinitetalk_gets_its_mask_and_seed() -> None:
    """The origin dropped both (its defect 5)."""
    wish = request(
        operation=Operation.TALKING_AVATAR,
        image=IMAGE,
        audio=AUDIO,
        mask=MASK,
        seed=7,
        resolution="480p",
        duration_sec=None,
    )
    assert body("wavespeed", wish, TALK) == {
        "prompt": "waves roll in",
        "image": IMAGE.url,
        "audio": AUDIO.url,
        "mask_image": MASK.url,
        "seed": 7,
        "resolution": "480p",
    }


def test_infinitetalk_needs_picture_and_sound() -> None:
    with pytest.raises(RequestNotPossible, match="audio"):
        body("wavespeed", request(image=IMAGE, duration_sec=None), TALK)


def test_prompt_expansion_is_on_unless_it_is_turned_off() -> None:
    assert body("wavespeed", request(image=IMAGE), WAN)["enable_prompt_expansion"] is True
    off = request(image=IMAGE, enable_prompt_expansion=False)
    assert body("wavespeed", off, WAN)["enable_prompt_expansion"] is False
    assert "enable_prompt_expansion" not in body("wavespeed", request(image=IMAGE), KLING)


def test_durations_are_written_as_each_vendor_has_them() -> None:
    wish = request(image=IMAGE, duration_sec=5.0)
    assert body("wavespeed", wish)["duration"] == 5
    assert body("fal", wish)["duration"] == "5"
    assert body("kling", wish)["duration"] == "5"
    assert body("luma_agents", wish)["video"]["duration"] == "5s"
    assert body("google_veo", wish)["parameters"]["durationSeconds"] == 5
    with pytest.raises(RequestNotPossible, match="whole number"):
        body("wavespeed", request(image=IMAGE, duration_sec=4.5))


def test_pictures_travel_as_each_vendor_wants_them() -> None:
    data = request(image=picture())
    text = base64.b64encode(picture().data or b"").decode()
    uri = f"data:image/png;base64,{text}"
    assert body("wavespeed", data)["image"] == uri
    assert body("runway", data)["promptImage"] == uri
    assert body("kling", data)["image"] == text
    assert body("google_veo", data)["instances"][0]["image"] == {
        "bytesBase64Encoded": text,
        "mimeType": "image/png",
    }
    assert body("luma_agents", data)["video"]["start_frame"] == {
        "data": text,
        "media_type": "image/png",
    }
    assert body("wavespeed", request(image=IMAGE))["image"] == IMAGE.url


def test_runway_is_never_given_an_address() -> None:
    """It asks with HEAD first, which a presigned GET does not allow."""
    assert body("runway", request(image=IMAGE))["promptImage"].startswith("data:")


def test_a_picture_that_cannot_travel_is_refused_with_its_reason() -> None:
    bare = MediaInput(name="k.png", content_type="image/png", size_bytes=1, sha256="0")
    for name in ADAPTERS:
        with pytest.raises(RequestNotPossible, match=r"k\.png"):
            body(name, request(image=bare))


def test_the_callback_goes_where_each_vendor_wants_it() -> None:
    hook = "https://hooks.example.com/?token=t"
    wish = request(image=IMAGE)
    assert body("wavespeed", wish, callback_url=hook)["webhook_url"] == hook
    assert body("replicate", wish, callback_url=hook)["webhook"] == hook
    assert body("kling", wish, callback_url=hook)["callback_url"] == hook
    assert body("minimax", wish, callback_url=hook)["callback_url"] == hook
    assert "fal_webhook=https%3A%2F%2Fhooks" in built("fal", wish, callback_url=hook).url


def test_kling_is_told_model_mode_and_our_name() -> None:
    document = body("kling", request(image=IMAGE))
    assert (document["model_name"], document["mode"]) == ("kling-v2-5-turbo", "pro")
    assert document["external_task_id"] == "job-1"


def test_minimax_h3_takes_a_list() -> None:
    document = body("minimax", request(image=IMAGE, resolution="768p"), "MiniMax-H3")
    assert document == {
        "model": "MiniMax-H3",
        "duration": 1,
        "resolution": "768P",
        "content": [
            {"type": "text", "text": "waves roll in"},
            {"type": "image_url", "role": "first_frame", "image_url": {"url": IMAGE.url}},
        ],
    }


def test_luma_s_ten_seconds_start_from_a_keyframe() -> None:
    video = body("luma_agents", request(image=IMAGE, last_frame=MASK, duration_sec=10.0))["video"]
    assert "start_frame" not in video
    assert video["keyframes"] == [{"url": IMAGE.url}, {"url": MASK.url}]
    assert video["keyframe_indexes"] == [0, 240]


@pytest.mark.parametrize(
    ("changes", "ratio"),
    [
        ({"aspect": "9:16"}, "720:1280"),
        ({"aspect": "16:9", "resolution": "1080p"}, "1920:1080"),
        ({"image": picture(180, 320)}, "720:1280"),
        ({}, "1280:720"),
    ],
)
def test_runway_s_ratio_follows_what_is_asked_or_the_picture(
    changes: dict[str, Any], ratio: str
) -> None:
    ratios = ("1280:720", "720:1280", "1920:1080", "1080:1920")
    assert choose_ratio(request(**changes), ratios) == ratio


def test_text_to_video_has_its_own_places() -> None:
    wish = request(operation=Operation.TEXT_TO_VIDEO, image=None, duration_sec=5.0)
    assert built("kling", wish).url.endswith("/v1/videos/text2video")
    assert built("runway", wish, "gen4.5").url.endswith("/v1/text_to_video")
    assert built("wavespeed", wish, "alibaba/wan-2.5/text-to-video").json["duration"] == 5


def test_extras_are_merged_for_their_provider_only() -> None:
    params = {"wavespeed": {"shot_type": "multi"}, "fal": {"other": 1}}
    document = body("wavespeed", request(image=IMAGE, params=params))
    assert document["shot_type"] == "multi"
    assert "other" not in document
    deep = {"google_veo": {"parameters": {"generateAudio": False}}}
    veo = body("google_veo", request(params=deep))
    assert veo["parameters"] == {"sampleCount": 1, "generateAudio": False, "durationSeconds": 1}


@pytest.mark.parametrize("params", [{"seed": 1}, {"wavespeed": {"prompt": "other"}}])
def test_extras_never_contradict_or_get_lost(params: dict[str, Any]) -> None:
    with pytest.raises(RequestNotPossible, match="params"):
        body("wavespeed", request(image=IMAGE, params=params))


def test_too_long_a_prompt_is_refused_before_it_costs() -> None:
    for name in ("runway", "minimax"):
        with pytest.raises(RequestNotPossible, match="characters"):
            body(name, request(prompt="é" * 2001))


def test_a_call_shows_neither_body_nor_query() -> None:
    call = built("wavespeed", request(image=IMAGE), callback_url="https://h.example/?token=t")
    assert repr(call) == f"Call(POST https://api.example/api/v3/{WAN})"


def test_providers_that_are_gone_say_why() -> None:
    for name in UNAVAILABLE:
        with pytest.raises(ProviderRetired, match="Instead"):
            find_adapter(name)
    with pytest.raises(ProviderRetired, match="job id"):
        find_adapter("huggingface")
    with pytest.raises(ProviderNotConfigured, match="`runway`"):
        find_adapter("runwai")


def test_tokens_are_signed_as_the_standards_say() -> None:
    token = jwt_hs256({"iss": "access", "exp": 2}, "secret")
    head, claims, _ = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(base64.urlsafe_b64decode(claims + "==")) == {"iss": "access", "exp": 2}
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {"client_email": "a@b.c", "private_key": pem.decode(), "private_key_id": "k"}
    signed, _, seal = service_account_token(json.dumps(account), 1000).rpartition(".")
    key.public_key().verify(
        base64.urlsafe_b64decode(seal + "=="),
        signed.encode(),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


RUNNABLE = [
    row
    for row in load_catalog().models
    if row.engine.startswith("api:") and row.operations and not row.status.gone and not row.not_yet
]


def can_ask(row: ModelRow, operation: Operation) -> Iterator[dict[str, Any]]:
    """What the row says that may be asked, one thing at a time."""
    can, end = row.capabilities, picture(900, 506, url=IMAGE.url)
    yield {}
    yield {"enable_prompt_expansion": False}
    yield from ({"resolution": size} for size in can.resolutions if size != "*")
    yield from ({"duration_sec": each} for each in (1.0, 2.5, 5.5, 7.3, 9.99))
    if isinstance(can.durations_sec, tuple):
        yield from ({"duration_sec": float(each)} for each in can.durations_sec)
    given = {"seed": 7, "negative_prompt": "rain", "last_frame": end, "mask": end}
    for name, value in given.items():
        if getattr(can, name) is not Need.NO:
            yield {name: value}
    if can.audio is not Need.NO and operation is not Operation.TALKING_AVATAR:
        yield {"audio": sound(AUDIO.url or "").model_copy(update={"duration_sec": 6.0})}
    if can.guidance:
        yield {"guidance": can.guidance.nearest(0.5)}


@pytest.mark.parametrize("row", RUNNABLE, ids=lambda row: row.id)
def test_whatever_the_catalogue_offers_of_a_model_can_be_put_into_a_request(row: ModelRow) -> None:
    """Who is ranked must not turn out to be impossible when it is to be sent."""
    name = row.engine.removeprefix("api:")
    adapter = find_adapter(ADAPTER_OF.get(name, name))
    context = JobContext(
        base_url="https://api.example",
        model=row.provider_model,
        reference="job-1",
        settings=dict.fromkeys(adapter.declaration.settings, "fake"),
        uploaded=dict.fromkeys(("image", "last_frame"), "runway://file"),
    )
    policy, built = Policy(commercial=False, allow_unverified_prices=True), 0
    for operation in row.operations:
        from_words = operation is Operation.TEXT_TO_VIDEO
        speaks = operation is Operation.TALKING_AVATAR
        voice = sound(AUDIO.url or "").model_copy(update={"duration_sec": 6.0})
        for asked in can_ask(row, operation):
            wanted = request(
                **{
                    "operation": operation,
                    "prompt": "" if row.capabilities.prompt is Need.NO else "waves",
                    "image": None if from_words else picture(900, 506, url=IMAGE.url),
                    "audio": voice if speaks else None,
                    "duration_sec": None if speaks else 5.0,
                    **asked,
                }
            )
            ranking = rank(
                *([row.id], wanted, policy, {row.engine}),
                prompt_follows=True,
                may_trim=True,
                lines=480,
            )
            for candidate in ranking.candidates:
                adapter.submit(model_request(row, candidate, wanted), context)
                built += 1
    told = " ".join(ranking.rejected[0].reasons) if not built else ""
    assert built or "price" in told or "length" in told, told


def test_kling_chooses_the_resolution_by_its_mode() -> None:
    def mode(resolution: str | None) -> Any:
        context = JobContext(base_url="https://k.example", model="kling-v3-turbo", reference="r")
        call = find_adapter("kling").submit(request(resolution=resolution), context)
        return (call.json or {}).get("mode")

    assert [mode(each) for each in ("720p", "1080p", None)] == ["std", "pro", None]
    with pytest.raises(RequestNotPossible, match="720p or 1080p"):
        mode("480p")
