"""`ai_video_generate` against the fake providers over real HTTP: one call, one clip, one bill."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cli.fake_provider import environment
from cli.memory import MemoryObjects
from shared.budget.errors import BudgetExceeded
from shared.budget.ledger import Ledger
from shared.budget.memory import MemoryLedger
from shared.budget.money import MICRO
from shared.budget.months import month_of
from shared.budget.project import Project
from shared.budget.treasury import LedgerTreasury
from shared.clip import Operation, SceneWords
from shared.errors import InvalidInput, ModelUnavailable
from shared.generate import (
    Generated,
    GenerateRequest,
    GenerationFailed,
    GenerationHeld,
    Surroundings,
    ai_video_generate,
)
from shared.jobs.job import Job
from shared.jobs.leases import Caps
from shared.jobs.memory import MemoryJobs, MemorySlots
from shared.prompting.asking import http_model
from shared.prompting.services import SERVICES
from shared.providers.engines import provider_for, usable_engines
from shared.providers.fake import FakeProviders, World
from shared.providers.gateway import ProviderGateway
from shared.routing.policy import Policy, Privacy
from tests.pipeline.house import picture
from tests.sounds import clicks

WAN, KLING, TALK = "wavespeed/wan-2.5", "wavespeed/kling-v2.5-turbo-std", "infinitetalk"


@dataclass
class Desk:
    """A desk with files, an account at the fake providers, and a budget."""

    folder: Path
    fake: FakeProviders
    around: Surroundings
    ledger: MemoryLedger

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def ask(self, operation: str = "image_to_video", **more: Any) -> GenerateRequest:
        given: dict[str, Any] = {"project": "film", "route": [WAN], "prompt": "waves"}
        if operation != "text_to_video":
            given["image"] = self.file("a.png", picture(640, 360))
        return GenerateRequest.model_validate({"operation": operation, **given, **more})

    def make(self, operation: str = "image_to_video", **more: Any) -> Generated:
        return ai_video_generate(self.ask(operation, **more), self.around)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [job.body for job in self.fake.world.jobs.values()]

    @property
    def spent_usd(self) -> float:
        account = self.ledger.account("film", month_of(self.around.now()))
        assert account is not None
        assert account.reserved == 0
        return account.settled / MICRO


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    world = World(seconds_per_job=0.1, lines=96)
    with FakeProviders(world) as fake:
        values = dict(line.split("=", 1) for line in environment(fake))
        objects, ledger = MemoryObjects(), MemoryLedger()
        ledger.save_project(Project(name="film", monthly_budget=10 * MICRO))

        def gateway(job: Job) -> ProviderGateway:
            provider = provider_for(job.provider, values)
            return ProviderGateway(provider, objects, "work", presign=lambda _: None)

        caps = dict.fromkeys(
            ("wavespeed", "replicate", "google"), Caps(concurrent=9, per_minute=99)
        )
        around = Surroundings(
            objects=objects,
            work_bucket="work",
            store=MemoryJobs(),
            slots=MemorySlots(caps),
            treasury=LedgerTreasury(ledger=Ledger(store=ledger)),
            gateway=gateway,
            engines=usable_engines(values),
            prompts=lambda _: http_model(SERVICES["anthropic"], "a-model", values),
            sleep=lambda seconds: time.sleep(min(seconds, 0.03)),
        )
        yield Desk(tmp_path, fake, around, ledger)


def test_standard_image_to_video(desk: Desk) -> None:
    """Audio, negative prompt, seed, size, length, expansion on and recorded (C02–C13)."""
    voice = desk.file("voice.wav", clicks(4))
    made = desk.make(negative_prompt="rain", seed=7, audio=voice, duration_sec=5, resolution="480p")
    (body,) = desk.bodies
    assert (body["prompt"], body["negative_prompt"], body["seed"]) == ("waves", "rain", 7)
    assert (body["duration"], body["resolution"]) == (5, "480p")
    assert body["enable_prompt_expansion"] is made.prompt_expansion is True
    assert body["audio"].startswith("data:audio/wav;base64,")
    assert desk.around.objects.read(made.file)[4:8] == b"ftyp"
    assert (made.model, made.resolution, made.duration_sec) == (WAN, "480p", 5)
    assert made.cost_usd == pytest.approx(0.25)
    assert made.prediction_id in desk.fake.world.jobs
    assert made.inputs["audio"].duration_sec == 4
    assert (made.prompt_written_by, made.reused) == ("creator", False)


def test_scene_animation_is_written_by_a_language_model(desk: Desk) -> None:
    scene = SceneWords(scene="The lamp is lit at dusk.", story="Two keepers.")
    made = desk.make("scene_animation", route=[KLING], prompt="", scene=scene)
    (body,) = desk.bodies
    assert body["prompt"] == made.prompt
    assert made.prompt.startswith("The lamp is lit at dusk. Soft light")
    assert body["guidance_scale"] == 0.5
    assert (made.prompt_written_by, made.prompt_expansion) == ("anthropic", None)
    again = desk.make("scene_animation", route=[KLING], prompt="", scene=scene)
    assert (again.job_id, again.reused) == (made.job_id, True)
    assert len(desk.fake.language.asked) == 1


def test_a_talking_avatar_is_as_long_as_its_sound(desk: Desk) -> None:
    made = desk.make(
        "talking_avatar",
        route=[TALK],
        audio=desk.file("voice.wav", clicks(6.5)),
        mask=desk.file("mask.png", picture(640, 360)),
        seed=3,
        resolution="720p",
    )
    (body,) = desk.bodies
    assert {"audio", "mask_image", "image", "seed"} <= body.keys()
    assert "duration" not in body
    assert made.duration_sec == 6.5
    assert made.cost_usd == pytest.approx(7 * 0.06)  # by the started second (C28)


def test_text_to_video(desk: Desk) -> None:
    made = desk.make("text_to_video", route=["google/veo-3.1-lite"], duration_sec=6)
    assert (made.operation, made.inputs) == (Operation.TEXT_TO_VIDEO, {})
    assert "image" not in desk.bodies[0]["instances"][0]


def test_the_same_call_is_paid_once(desk: Desk) -> None:
    first = desk.make(seed=1)
    assert desk.make(seed=1) == first.model_copy(update={"reused": True})
    assert len(desk.bodies) == 1
    other = desk.make(seed=2)
    assert other.job_id != first.job_id
    assert desk.spent_usd == pytest.approx(first.cost_usd + other.cost_usd)


def test_a_call_that_dies_is_taken_up_by_the_next(desk: Desk) -> None:
    """Killed while it waits: the attempt that was paid for is found, and no other is begun."""

    class Killed(BaseException):
        pass

    def die(_seconds: float) -> None:
        raise Killed

    with pytest.raises(Killed):
        ai_video_generate(desk.ask(), replace(desk.around, sleep=die))
    assert len(desk.bodies) == 1
    made = desk.make()
    assert len(desk.bodies) == 1
    assert made.prediction_id in desk.fake.world.jobs
    assert desk.spent_usd == pytest.approx(made.cost_usd)


@pytest.mark.parametrize(
    ("operation", "more", "part"),
    [
        ("image_to_video", {"route": [KLING], "seed": 7}, "does not take a seed"),
        ("image_to_video", {"guidance": 0.5}, "no guidance control"),
        ("image_to_video", {"duration_sec": 11}, "not 11 s"),
        ("image_to_video", {"resolution": "144p"}, "not 144p"),
        ("image_to_video", {"route": ["sora-2"]}, "no model of the route"),
        ("text_to_video", {}, "does not make `text_to_video`"),
        ("image_to_video", {"params": {"x": 1}}, "no such parameter"),
    ],
)
def test_what_a_model_lacks_is_refused_before_spending(
    desk: Desk, operation: str, more: dict[str, Any], part: str
) -> None:
    with pytest.raises(ModelUnavailable, match=part):
        desk.make(operation, **more)
    assert desk.fake.world.submits == 0


def test_requests_that_contradict_themselves_are_refused_at_once(desk: Desk) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("talking_avatar", {}, "`talking_avatar`"),
        ("text_to_video", {"image": desk.file("b.png", picture())}, "words alone"),
        ("image_to_video", {"scene": SceneWords(scene="x")}, "beside `prompt`"),
        ("camera_move", {}, "no model is asked"),
        ("image_to_video", {"image": desk.folder / "none.png"}, "cannot be read"),
        ("image_to_video", {"image": desk.file("c.png", b"no picture")}, "c.png"),
        ("image_to_video", {"audio": desk.file("c.wav", b"no sound")}, "no sound"),
        ("image_to_video", {"mask": desk.file("m.png", picture(300, 300))}, "another shape"),
    ]
    for operation, more, part in cases:
        with pytest.raises(InvalidInput, match=part):
            desk.make(operation, **more)
    assert desk.fake.world.submits == 0


def test_the_budget_blocks_before_anything_is_sent_and_lets_it_through_when_raised(
    desk: Desk,
) -> None:
    project = desk.ledger.project("film")
    assert project is not None
    project = desk.ledger.save_project(project.changed(monthly_budget=MICRO // 10))
    with pytest.raises(BudgetExceeded) as caught:
        desk.make()
    assert caught.value.details["limit"] == "monthly_budget"
    assert desk.fake.world.submits == 0
    desk.ledger.save_project(project.changed(monthly_budget=MICRO))
    assert desk.make().cost_usd < 1


def test_the_policy_of_the_project_holds(desk: Desk) -> None:
    around = replace(desk.around, policy=lambda _: Policy(privacy=Privacy.LOCAL_ONLY))
    with pytest.raises(ModelUnavailable, match="may not leave"):
        ai_video_generate(desk.ask(), around)


def test_the_next_of_the_route_takes_over_after_a_verified_failure(desk: Desk) -> None:
    desk.fake.world.script("refused")
    made = desk.make(route=[WAN, "google/veo-3.1-lite"], duration_sec=6)
    assert made.provider == "google"
    assert desk.spent_usd == pytest.approx(made.cost_usd)


def test_when_everybody_failed_each_end_is_told(desk: Desk) -> None:
    for _ in range(2):
        desk.fake.world.script("failed")
    with pytest.raises(GenerationFailed) as caught:
        desk.make()
    attempts = caught.value.details["attempts"]
    assert [each["outcome"] for each in attempts] == ["FAILED", "FAILED"]
    assert desk.spent_usd == 0
    assert desk.make().model == WAN, "calling again is a new wish"


def test_a_submit_that_nobody_answered_is_never_sent_again(desk: Desk) -> None:
    desk.fake.world.script("drop-after-accept")
    for _ in range(3):
        with pytest.raises(GenerationHeld, match="nobody can say"):
            desk.make(route=[WAN, KLING])
    assert len(desk.bodies) == 1


def test_progress_is_told_on_the_way(desk: Desk) -> None:
    seen: list[str] = []
    tell: Callable[[Job], None] = partial(lambda job: seen.append(job.state.value))
    ai_video_generate(desk.ask(), replace(desk.around, progress=tell))
    assert seen[0] == "RUNNING"
    assert seen[-1] == "SUCCEEDED"
