"""The vendors' own SDKs as oracles: the same job through SDK and adapter is the same request.

Both talk to the same server; method, path, body and the headers that matter must agree. An SDK that
is not installed is skipped by name: they are test dependencies, never run-time ones.
"""

import gc
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from shared.providers import Provider
from shared.providers.fake import FakeProviders, World
from shared.providers.fake.world import Seen
from tests.providers.cases import CASES, KEY, picture, request
from tests.providers.conftest import Open

# The SDKs leave their sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

IMAGE = "https://files.example.com/keyframe.png"
HOOK = "https://hooks.example.com/job?token=t"


@pytest.fixture(autouse=True)
def _sweep() -> Iterator[None]:
    """Collects what an SDK left behind while that is still this module's business."""
    yield
    gc.collect()


class Asked(NamedTuple):
    """What is compared of a request."""

    method: str
    path: str
    body: Any
    authorization: str
    content_type: str


def asked(seen: Seen) -> Asked:
    body = json.loads(seen.body) if seen.body else None
    key = seen.headers.get("authorization") or seen.headers.get("x-goog-api-key", "")
    kind = seen.headers.get("content-type", "").partition(";")[0] if seen.body else ""
    return Asked(seen.method, seen.path, body, key, kind)


def by_sdk(name: str, module: str) -> Any:
    return pytest.importorskip(module, reason=f"the SDK of {name} is not installed")


def submit(provider: Provider, *, hook: str | None = None, **changes: object) -> str:
    reading = provider.submit(
        request(image=picture(url=IMAGE), duration_sec=5.0, **changes),
        model=CASES[provider.declaration.name].model,
        reference="job-1",
        callback_url=hook,
    )
    assert reading.job_id
    return reading.job_id


def compare(world: World, theirs: list[Seen], ours: list[Seen]) -> None:
    assert [asked(each) for each in ours] == [asked(each) for each in theirs]
    assert theirs
    del world.seen[:]


def taken(world: World) -> list[Seen]:
    """The requests so far, forgotten."""
    seen = list(world.seen)
    del world.seen[:]
    return seen


def same_ids(seen: list[Seen], theirs: str, ours: str) -> list[Seen]:
    """Our requests with the SDK's job id in the place of ours."""
    return [
        replace(
            each,
            path=each.path.replace(ours, theirs),
            body=each.body.replace(ours.encode(), theirs.encode()),
        )
        for each in seen
    ]


def test_wavespeed(fake: FakeProviders, world: World, open_fake: Open) -> None:
    sdk = by_sdk("WaveSpeed", "wavespeed")
    client = sdk.Client(api_key=KEY, base_url=fake.base_url("wavespeed"))
    client.run(
        CASES["wavespeed"].model,
        {
            "prompt": "waves roll in",
            "image": IMAGE,
            "negative_prompt": "text",
            "resolution": "720p",
            "duration": 5,
            "seed": 7,
            "enable_prompt_expansion": True,
            "webhook_url": HOOK,
        },
    )
    theirs, their_id = taken(world), next(iter(world.jobs))
    provider = open_fake("wavespeed")
    job = submit(provider, hook=HOOK, negative_prompt="text", resolution="720p", seed=7)
    provider.poll(provider.ref(job, CASES["wavespeed"].model))
    compare(world, theirs, same_ids(taken(world), their_id, job))


def test_replicate(fake: FakeProviders, world: World, open_fake: Open) -> None:
    sdk = by_sdk("Replicate", "replicate")
    client = sdk.Client(api_token=KEY, base_url=fake.base_url("replicate"))
    made = client.models.predictions.create(
        model=CASES["replicate"].model,
        input={
            "prompt": "waves roll in",
            "image": IMAGE,
            "resolution": "720p",
            "duration": 5,
            "seed": 7,
            "enable_prompt_expansion": True,
        },
        webhook=HOOK,
        webhook_events_filter=["completed"],
    )
    client.predictions.get(made.id)
    client.predictions.cancel(made.id)
    theirs = taken(world)
    provider = open_fake("replicate")
    job = submit(provider, hook=HOOK, resolution="720p", seed=7)
    ref = provider.ref(job, CASES["replicate"].model)
    provider.poll(ref)
    provider.cancel(ref)
    compare(world, theirs, same_ids(taken(world), made.id, job))


def test_fal(
    fake: FakeProviders, world: World, open_fake: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = by_sdk("fal", "fal_client.client")
    # The SDK forces https on whatever host it is given, so its format is replaced.
    monkeypatch.setattr(sdk, "QUEUE_URL_FORMAT", f"{fake.base_url('fal')}/")
    client = sdk.SyncClient(key=KEY)
    handle = client.submit(
        CASES["fal"].model,
        {
            "prompt": "waves roll in",
            "image_url": IMAGE,
            "negative_prompt": "text",
            "cfg_scale": 0.5,
            "duration": "5",
        },
        webhook_url=HOOK,
    )
    handle.get(interval=0)
    theirs = taken(world)
    provider = open_fake("fal")
    reading = provider.submit(
        request(image=picture(url=IMAGE), duration_sec=5.0, negative_prompt="text", guidance=0.5),
        model=CASES["fal"].model,
        reference="job-1",
        callback_url=HOOK,
    )
    assert reading.job_id
    provider.poll(provider.ref(reading.job_id, CASES["fal"].model, poll_url=reading.poll_url or ""))
    # The SDK asks for no logs in so many words; that is what no words mean.
    theirs = [replace(each, path=each.path.replace("?logs=false", "")) for each in theirs]
    compare(world, theirs, same_ids(taken(world), handle.request_id, reading.job_id))


def test_fal_addresses_that_were_lost_are_made_anew(open_fake: Open) -> None:
    sdk = by_sdk("fal", "fal_client.client")
    provider = open_fake("fal")
    handle = sdk.SyncRequestHandle.from_request_id(None, CASES["fal"].model, "some-id")
    job = provider.ref("some-id", CASES["fal"].model)
    adapter, base = provider.adapter, provider.client.base_url
    theirs = [handle.status_url, handle.cancel_url]
    cancel = adapter.cancel(job)
    assert cancel is not None
    ours = [call.url.replace(base, "https://queue.fal.run") for call in (adapter.poll(job), cancel)]
    assert ours == theirs


def test_runway(fake: FakeProviders, world: World, open_fake: Open) -> None:
    sdk = by_sdk("Runway", "runwayml")
    provider = open_fake("runway")
    job = submit(provider, seed=7)
    ref = provider.ref(job, CASES["runway"].model)
    provider.poll(ref)
    provider.cancel(ref)
    ours = taken(world)
    with sdk.RunwayML(api_key=KEY, base_url=fake.base_url("runway"), max_retries=0) as client:
        made = client.image_to_video.create(
            model="gen4_turbo",
            prompt_image=json.loads(ours[0].body)["promptImage"],
            prompt_text="waves roll in",
            ratio="1280:720",
            duration=5,
            seed=7,
        )
        client.tasks.retrieve(made.id)
        client.tasks.delete(made.id)
    theirs = taken(world)
    versions = {each.headers["x-runway-version"] for each in (*theirs, *ours)}
    assert versions == {"2024-11-06"}
    compare(world, theirs, same_ids(ours, made.id, job))


def test_luma(fake: FakeProviders, world: World, open_fake: Open) -> None:
    sdk = by_sdk("Luma Agents", "luma_agents")
    with sdk.Luma(auth_token=KEY, base_url=fake.base_url("luma_agents"), max_retries=0) as client:
        made = client.generations.create(
            model="ray-3.2",
            type="video",
            prompt="waves roll in",
            aspect_ratio="16:9",
            video={"resolution": "720p", "duration": "5s", "start_frame": {"url": IMAGE}},
        )
        client.generations.get(made.id)
    theirs = taken(world)
    provider = open_fake("luma_agents")
    job = submit(provider, resolution="720p", aspect="16:9")
    provider.poll(provider.ref(job, "ray-3.2"))
    compare(world, theirs, same_ids(taken(world), made.id, job))


def test_veo_on_vertex(fake: FakeProviders, world: World, open_fake: Open) -> None:
    sdk = by_sdk("Google", "google.genai")
    credentials = by_sdk("Google", "google.oauth2.credentials").Credentials(token=KEY)
    client = sdk.Client(
        vertexai=True,
        project="our-project",
        location="global",
        credentials=credentials,
        http_options=sdk.types.HttpOptions(base_url=fake.base_url("google_veo")),
    )
    image = picture()
    made = client.models.generate_videos(
        model=CASES["google_veo"].model,
        source=sdk.types.GenerateVideosSource(
            prompt="waves roll in",
            image=sdk.types.Image(image_bytes=image.data, mime_type="image/png"),
        ),
        config=sdk.types.GenerateVideosConfig(
            number_of_videos=1,
            aspect_ratio="16:9",
            resolution="720p",
            duration_seconds=4,
            negative_prompt="text",
            seed=7,
        ),
    )
    done = client.operations.get(made)
    client.close()
    assert done.response.generated_videos[0].video.video_bytes
    theirs, their_id = taken(world), next(iter(world.jobs))
    provider = open_fake("google_veo")
    job = provider.submit(
        request(
            image=image,
            aspect="16:9",
            resolution="720p",
            duration_sec=4.0,
            negative_prompt="text",
            seed=7,
        ),
        model=CASES["google_veo"].model,
        reference="job-1",
    ).job_id
    assert job
    provider.poll(provider.ref(job, CASES["google_veo"].model))
    compare(world, theirs, same_ids(taken(world), their_id, job.rpartition("/")[2]))
