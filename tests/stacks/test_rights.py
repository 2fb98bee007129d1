"""Least privilege must also be enough: whole batches with every right enforced.

Only the embedded cloud can prove it; that what is not granted is refused there is its own test.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.fake_provider import environment
from gpu_functions.runner.files import Files
from gpu_functions.runner.lease import Lease
from gpu_functions.runner.notes import Notes
from gpu_functions.runner.voice import Voice
from local_cloud.cloud import embedded_cloud, session_for
from local_cloud.deploy import Deployment
from shared.aws.ledger import DynamoLedger
from shared.budget.money import MICRO
from shared.budget.project import Project
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.report import RunOutcome
from shared.providers.fake import FakeProviders, World
from tests.pipeline.house import picture
from tests.sounds import clicks, loud_moments

pytestmark = pytest.mark.cloud

LIMIT_SEC = 120
QUICK: dict[str, Any] = {"finish": {"fps": 24, "codec": {"preset": "ultrafast"}}}
"""The vendors' own rate: nothing is interpolated."""


@dataclass
class House:
    """A running system, used as a creator and as ops would."""

    deployment: Deployment
    example: Path

    def __post_init__(self) -> None:
        self.session = session_for(self.deployment.endpoint)
        self.s3 = self.session.client("s3")
        self.sfn = self.session.client("stepfunctions")
        self.notices: list[dict[str, Any]] = []
        may_write = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may_write]})
        self.inbox = self.session.client("sqs").create_queue(
            QueueName="inbox", Attributes={"Policy": policy}
        )["QueueUrl"]
        self.session.client("sns").subscribe(
            TopicArn=self.deployment.creators_topic_arn,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{self.deployment.region}:{self.deployment.account}:inbox",
        )

    def drop(self, batch: str, name: str, data: bytes) -> None:
        self.s3.put_object(
            Bucket=self.deployment.drop_bucket, Key=f"demo/{batch}/{name}", Body=data
        )

    def allow(self, dollars: int) -> None:
        """Give the project a budget, as `dropreel project set` does."""
        ledger = DynamoLedger(self.session.client("dynamodb"), self.deployment.state_table)
        there = ledger.project("demo") or Project(name="demo")
        ledger.save_project(there.changed(monthly_budget=dollars * MICRO, approve_above=None))

    def ask_above(self, dollars: float) -> None:
        """Ask a person about every batch that is dearer."""
        ledger = DynamoLedger(self.session.client("dynamodb"), self.deployment.state_table)
        there = ledger.project("demo")
        assert there is not None
        ledger.save_project(there.changed(approve_above=int(dollars * MICRO)))

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What subscribers were told of this kind; waits for the first of them."""
        sqs = self.session.client("sqs")
        deadline = time.monotonic() + LIMIT_SEC
        while time.monotonic() < deadline:
            found = [notice for notice in self.notices if notice["type"] == kind]
            if found:
                return found
            got = sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10)
            for message in got.get("Messages", ()):
                self.notices.append(json.loads(json.loads(message["Body"])["Message"]))
                sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
            time.sleep(0.1)
        raise AssertionError(f"nobody was told of {kind}")

    def call(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke a function as AWS would: with its own role."""
        answer = self.session.client("lambda").invoke(
            FunctionName=f"dropreel-{function}", Payload=json.dumps(event)
        )
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said

    def drop_batch(
        self, batch: str, *, stem: str, name: str = "manifest.json", **clip: object
    ) -> None:
        """One keyframe of the example, and a manifest for it."""
        manifest = {
            "project_id": "demo",
            "batch_id": batch,
            "keyframes": [
                {
                    "image_path": f"{stem}.png",
                    "motion": {"type": "static", "duration_sec": 1.0},
                    **clip,
                }
            ],
        }
        if (self.example / f"{stem}.png").is_file():
            self.drop(batch, f"{stem}.png", (self.example / f"{stem}.png").read_bytes())
        self.drop(batch, name, json.dumps(manifest).encode())

    def wait(self, batch: str, *states: str) -> dict[str, Any]:
        """The status of the batch's run, once it is in one of these states."""
        deadline = time.monotonic() + LIMIT_SEC
        run: dict[str, Any] = {}
        while time.monotonic() < deadline:
            run = self._run(batch)
            if run.get("state") in states:
                return run
            time.sleep(0.5)
        raise AssertionError(f"{batch} is {run}, not {states}")

    def _run(self, batch: str) -> dict[str, Any]:
        try:
            answer = self.s3.get_object(
                Bucket=self.deployment.drop_bucket, Key=f"demo/{batch}/_status.json"
            )
        except self.s3.exceptions.NoSuchKey:
            return {}
        status: dict[str, Any] = json.loads(answer["Body"].read())
        return status["runs"][0]  # type: ignore[no-any-return]

    def delivered(self, batch: str) -> set[str]:
        listing = self.s3.list_objects_v2(
            Bucket=self.deployment.library_bucket, Prefix=f"demo/{batch}/"
        )
        return {entry["Key"].rsplit("/", 1)[-1] for entry in listing.get("Contents", [])}

    def library(self, batch: str, name: str) -> bytes:
        key = f"demo/{batch}/{name}"
        answer = self.s3.get_object(Bucket=self.deployment.library_bucket, Key=key)
        data: bytes = answer["Body"].read()
        return data

    def meta(self, batch: str, stem: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.library(batch, f"{stem}.video_meta.json"))
        return document

    def reasons(self, batch: str) -> str:
        """Why clips were not delivered, as the creator reads it."""
        answer = self.s3.get_object(
            Bucket=self.deployment.drop_bucket, Key=f"demo/{batch}/_ERRORS.md"
        )
        text: str = answer["Body"].read().decode()
        return text

    def abort(self, batch: str) -> None:
        for execution in self.sfn.list_executions(
            stateMachineArn=self.deployment.state_machine_arn, statusFilter="RUNNING"
        )["executions"]:
            if f"-{batch}-" in execution["name"]:
                self.sfn.stop_execution(executionArn=execution["executionArn"])


@pytest.fixture(scope="module")
def vendors() -> Iterator[FakeProviders]:
    with FakeProviders(World(seconds_per_job=4.0)) as fake:
        yield fake


@pytest.fixture(scope="module")
def house(project: Path, vendors: FakeProviders) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as desk:  # from where the embedded cloud takes its secret
        for name, value in (line.split("=", 1) for line in environment(vendors)):
            if name.startswith(("WAVESPEED", "GOOGLE", "ANTHROPIC")):
                desk.setenv(name, value)
        desk.setenv("PROMPT_WRITER", "anthropic")
        desk.setenv("WORKER_GPUS", "rtx4090")
        desk.setenv("WAVESPEED_CONCURRENT", "8")
        desk.setenv("WAVESPEED_PER_MINUTE", "60")
        with embedded_cloud(project, enforce_rights=True) as deployment:
            yield House(deployment, project / "examples" / "first-batch")


def test_a_clip_is_made_and_delivered(house: House) -> None:
    house.drop_batch("made", stem="astronaut")
    run = house.wait("made", "finished", "rejected", "failed")
    files = house.delivered("made")
    assert run["state"] == "finished"
    made = {"astronaut.mp4", "astronaut.png", "astronaut.video_meta.json", "report.html"}
    assert made <= files, house.reasons("made")


def test_a_clip_of_a_model_is_made_paid_and_delivered(house: House, vendors: FakeProviders) -> None:
    """Router, jobs, ledger, secret, waiting task; and on the way the sweep and a callback."""
    house.allow(10)
    house.drop_batch(
        *("bought",),
        stem="astronaut",
        operation="image_to_video",
        prompt="waves",
        motion={"duration_sec": 5},
        **QUICK,
        route=["wavespeed/wan-2.5"],
    )
    deadline = time.monotonic() + LIMIT_SEC
    while not vendors.world.jobs and time.monotonic() < deadline:
        time.sleep(0.1)
    (job,) = vendors.world.jobs.values()
    assert house.call("sweep-jobs", {}) == {"open_jobs": 1}
    token = job.wanted.webhook.partition("?t=")[2]
    called = house.call("receive-callback", {"queryStringParameters": {"t": token}})
    assert called["statusCode"] == 202
    run = house.wait("bought", "finished", "rejected", "failed")
    assert "astronaut.mp4" in house.delivered("bought"), house.reasons("bought")
    assert vendors.world.ledger()["accepted"] == 1
    assert run["cost_so_far_usd"]["model"] > 0


VOICE = clicks(4.5)
KINDS: list[dict[str, Any]] = [
    {
        "image_path": "astronaut.png",
        "operation": "image_to_video",
        "route": "wavespeed/wan-2.5",
        "prompt": "She smiles.",
        "negative_prompt": "rain",
        "audio": "voice.wav",
        "generation_params": {"seed": 7},
        "motion": {"duration_sec": 5},
    },
    {
        "image_path": "coffee.png",
        "operation": "scene_animation",
        "route": "kling-v2.5-turbo-std",
        "prompt": {"scene": "Steam rises from a cup.", "story": "A slow morning."},
        "motion": {"duration_sec": 5},
    },
    {
        "image_path": "speaker.png",
        "operation": "talking_avatar",
        "route": "infinitetalk",
        "audio": "voice.wav",
        "mask_image": "mask.png",
        "resolution": "480p",
    },
    {
        "name": "opening",
        "operation": "text_to_video",
        "route": "google/veo-3.1-lite",
        "prompt": "A lighthouse in a storm.",
        "motion": {"duration_sec": 4},
    },
]
STEMS = ("astronaut", "coffee", "speaker", "opening")


def test_a_worker_is_sent_a_job_and_may_do_all_that_its_document_says(house: House) -> None:
    """Queue, claim, a look at the keyframe, fresh addresses, result, report, end: with no keys."""
    house.drop_batch(
        *("own-gpu",),
        stem="astronaut",
        route=["stable-video-diffusion-xt-1.1"],
        operation="image_to_video",
    )
    sqs, queue = house.session.client("sqs"), house.deployment.outputs["WorkerRtx4090QueueUrl"]
    received: list[dict[str, Any]] = []
    deadline = time.monotonic() + LIMIT_SEC
    while not received and time.monotonic() < deadline:
        received = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", [])
    job = GpuJob.model_validate_json(received[0]["Body"])
    assert job.callback
    with Lease(job, "a worker", Voice(job.callback)) as lease:
        files = Files(job, lease)
        assert files.read_input("image").startswith(b"\x89PNG")
        before = lease.addresses
        time.sleep(1.1)  # addresses are signed to the second
        assert lease.refresh() != before
        assert files.report_there() is None
        result = house.example / "astronaut.png"  # whatever it is, it may be put there
        files.write_result(result)
        notes = Notes(runner="a worker")
        report = notes.report(job, RunOutcome.FAILED, message="only a test of rights")
        assert files.write_report(report)
        assert not files.write_report(report), "the first report stays"
        lease.end()
    house.wait("own-gpu", "finished", "failed")
    assert "only a test of rights" in house.reasons("own-gpu")


BOUGHT: dict[str, Any] = {
    "operation": "image_to_video",
    "prompt": "waves",
    "motion": {"duration_sec": 5},
    "route": ["wavespeed/wan-2.5"],
}


def test_a_dear_batch_waits_for_an_answer_by_link(house: House, vendors: FakeProviders) -> None:
    house.allow(1)
    house.ask_above(0.10)
    before = vendors.world.ledger()["accepted"]
    house.drop_batch("asked", stem="coffee", **BOUGHT)
    run = house.wait("asked", "awaiting_approval", "finished", "rejected", "failed")
    assert run["state"] == "awaiting_approval"
    (notice,) = house.told("needs_approval")
    assert notice["batch"] == "asked"
    link = notice["links"]["approve"]
    page = httpx.get(link)
    assert (page.status_code, "Approve USD 0.50?" in page.text) == (200, True)
    assert vendors.world.ledger()["accepted"] == before, "opening the link answers nothing"
    base, _, token = link.partition("?a=")
    assert "goes on" in httpx.post(base, data={"a": token}).text
    assert httpx.post(base, data={"a": token}).status_code == 410, "it works once"
    assert httpx.get(notice["links"]["deny"]).status_code == 410, "and its twin is dead"
    house.wait("asked", "finished", "rejected", "failed")
    assert "coffee.mp4" in house.delivered("asked"), house.reasons("asked")
    assert 50 in {each["percent"] for each in house.told("budget_alert")}


def test_a_dear_batch_is_denied_by_a_marker_and_nothing_is_spent(
    house: House, vendors: FakeProviders
) -> None:
    house.allow(10)
    house.ask_above(0.10)
    before = vendors.world.ledger()["accepted"]
    house.drop_batch("denied", stem="coffee", **{**BOUGHT, "prompt": "steam"})
    house.wait("denied", "awaiting_approval")
    house.drop("denied", "DENIED", b"")
    house.wait("denied", "rejected", "finished", "failed")
    assert "was denied" in house.reasons("denied")
    assert vendors.world.ledger()["accepted"] == before


def test_a_batch_beyond_the_budget_is_refused(house: House) -> None:
    house.allow(0)
    house.drop_batch("poor", stem="coffee", **{**BOUGHT, "prompt": "a spoon"})
    assert house.wait("poor", "rejected", "finished", "failed")["state"] == "rejected"
    assert "budget of project `demo`" in house.reasons("poor")


def test_one_batch_of_every_kind_of_clip(house: House, vendors: FakeProviders) -> None:
    """Files, scenes and words, the whole way: what the metadata says is what the vendors saw."""
    batch = "kinds"
    house.allow(50)
    for name in ("astronaut.png", "coffee.png"):
        house.drop(batch, name, (house.example / name).read_bytes())
    house.drop(batch, "speaker.png", (house.example / "astronaut.png").read_bytes())
    house.drop(batch, "manifest.json", json.dumps({"defaults": QUICK, "keyframes": KINDS}).encode())
    house.wait(batch, "waiting_inputs")
    house.drop(batch, "voice.wav", VOICE)  # files may come late, as keyframes may
    house.drop(batch, "mask.png", picture(384, 512))
    run = house.wait(batch, "finished", "rejected", "failed")
    assert run["counts"] == {"total": 4, "done": 4}, house.reasons(batch)

    sent = {job.wanted.model: job.body for job in vendors.world.jobs.values()}
    meta = {stem: house.meta(batch, stem) for stem in STEMS}
    said = {stem: each["generation_settings"]["sent"] for stem, each in meta.items()}
    wan = sent["alibaba/wan-2.5/image-to-video"]
    assert (wan["negative_prompt"], wan["seed"]) == ("rain", 7)
    assert wan["resolution"] == said["astronaut"]["resolution"]
    assert wan["enable_prompt_expansion"] is said["astronaut"]["prompt_expansion"] is True
    assert said["astronaut"]["inputs"]["audio"]["duration_sec"] == 4.5

    kling = sent["kwaivgi/kling-v2.5-turbo-std/image-to-video"]
    assert kling["guidance_scale"] == said["coffee"]["guidance"] == 0.5
    assert kling["prompt"] == said["coffee"]["prompt"]
    assert kling["prompt"].startswith("Steam rises from a cup. Soft light")
    assert said["coffee"]["prompt_written_by"] == "anthropic"
    assert meta["coffee"]["generation_settings"]["scene"]["story"] == "A slow morning."

    talk = sent["wavespeed-ai/infinitetalk"]
    assert talk["mask_image"]
    assert "duration" not in talk
    assert meta["speaker"]["video"]["duration_sec"] == pytest.approx(4.5, abs=0.05)
    assert meta["opening"]["source"] == {}
    assert meta["opening"]["video"]["duration_sec"] == 4.0
    for stem, has_sound in (("astronaut", True), ("coffee", False), ("speaker", True)):
        assert meta[stem]["video"]["has_sound"] is has_sound
    heard = loud_moments(house.library(batch, "speaker.mp4"))
    assert heard == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0], abs=0.05)
    files = house.delivered(batch)
    assert {"voice.wav", "mask.png", "opening.mp4", "opening.video_manifest.json"} <= files


def test_a_dry_run_is_answered_and_makes_nothing(house: House) -> None:
    house.drop_batch("priced", stem="astronaut", name="x.dry-run.manifest.json")
    assert house.wait("priced", "finished", "rejected", "failed")["state"] == "finished"
    assert house.delivered("priced") == set()


def test_a_manifest_that_cannot_be_used_is_answered(house: House) -> None:
    house.drop("refused", "MANIFEST.JSON", b'{"project_id": "demo", "colour": 1}')
    assert house.wait("refused", "rejected", "failed")["state"] == "rejected"


def test_a_cancelled_batch_is_closed(house: House) -> None:
    house.drop_batch("cancelled", stem="never")
    house.wait("cancelled", "waiting_inputs")
    house.drop("cancelled", "cancel", b"")
    house.wait("cancelled", "cancelled")


def test_an_aborted_execution_is_settled(house: House) -> None:
    house.drop_batch("aborted", stem="never")
    house.wait("aborted", "waiting_inputs")
    house.abort("aborted")
    house.wait("aborted", "cancelled")
