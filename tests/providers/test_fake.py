"""The fake providers: faults by seed, an honest ledger, a command that works."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.fake_provider import environment
from shared.errors import InvalidInput
from shared.jobs.outcome import Outcome
from shared.providers import ADAPTERS, open_provider
from shared.providers.fake import FAULTS, ChaosPlan, FakeProviders, World
from shared.providers.fake.vendors import VENDORS
from shared.providers.reference import PAGE, filled
from tests.providers.cases import CASES, request
from tests.providers.conftest import Open


def test_every_provider_has_its_look_alike() -> None:
    assert {vendor.name for vendor in VENDORS} == set(ADAPTERS)


def test_the_same_seed_draws_the_same_faults() -> None:
    text = "429=0.1, moderated=0.03,never=0.02"
    first, again = ChaosPlan.parse(text, seed=7), ChaosPlan.parse(text, seed=7)
    drawn = [first.draw(number) for number in range(2000)]
    assert drawn == [again.draw(number) for number in range(2000)]
    assert drawn != [ChaosPlan.parse(text, seed=8).draw(number) for number in range(2000)]
    struck = sum("429" in faults for faults in drawn)
    assert 150 < struck < 250


@pytest.mark.parametrize(
    ("text", "says"), [("moderate=0.1", "moderated"), ("429", "429=0.1"), ("429=2", "between")]
)
def test_a_wrong_plan_is_explained(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ChaosPlan.parse(text)
    assert says in str(refusal.value.problems[0])


def test_the_ledger_is_what_was_accepted_less_what_was_returned(
    open_fake: Open, world: World, fake: FakeProviders
) -> None:
    provider = open_fake("wavespeed")
    for faults in ((), ("429",), ("500-after-accept",), ("failed",), ("moderated",), ("never",)):
        world.script(*faults)
        provider.submit(request(), model=CASES["wavespeed"].model, reference="r")
    with urllib.request.urlopen(f"{fake.root}/_ledger") as reply:  # noqa: S310
        ledger = json.load(reply)
    assert (ledger["submits"], ledger["accepted"]) == (6, 5)
    stands = [(row["stand"], row["charged_usd"]) for row in ledger["jobs"]]
    assert stands == [
        ("succeeded", 0.25),
        ("succeeded", 0.25),
        ("failed", 0.0),
        ("moderated", 0.25),
        ("running", 0.25),
    ]
    assert ledger["charged_usd"] == 1.0


def test_chaos_never_charges_more_jobs_than_it_accepted(open_fake: Open, world: World) -> None:
    """A hundred submits: each is truly accepted, truly refused, or admittedly unknown."""
    rates = "429=0.1,500-after-accept=0.05,500=0.05,drop-after-accept=0.05,moderated=0.03"
    world.plan = ChaosPlan.parse(rates, seed=3)
    provider = open_fake("kling")
    model = CASES["kling"].model
    readings = [
        provider.submit(request(), model=model, reference=f"job-{number}") for number in range(100)
    ]
    known = {reading.job_id for reading in readings if reading.job_id}
    unknown = [f"job-{n}" for n, reading in enumerate(readings) if reading.ambiguous]
    found = [provider.lookup(provider.ref("", model, reference=each)) for each in unknown]
    rescued = {each.job_id for each in found if each is not None and each.job_id}
    assert world.submits == 100
    assert unknown
    assert known | rescued == set(world.jobs)
    refused = [reading.ending for reading in readings if reading.ending]
    assert {ending.outcome for ending in refused} == {Outcome.RATE_LIMITED}


@pytest.fixture
def served() -> Iterator[list[str]]:
    """The lines that the command prints, while it serves."""
    command = [sys.executable, "-m", "cli.main", "fake-provider", "--port", "0", "--lines", "64"]
    process = subprocess.Popen(
        [*command, "--seconds-per-job", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.strip())
            if "MINIMAX_API_KEY" in line:
                break
        yield lines
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_the_command_prints_settings_that_work(served: list[str], tmp_path: Path) -> None:
    exports = [line.removeprefix("export ") for line in served if line.startswith("export ")]
    values = dict(line.split("=", 1) for line in exports)
    for name, case in CASES.items():
        provider = open_provider(name, values)
        assert provider.missing == ()
        reading = provider.submit(request(), model=case.model, reference=name)
        assert reading.job_id, name
    root = re.search(r"http://\S+?(?=/_ledger)", served[0])
    assert root is not None
    with urllib.request.urlopen(f"{root[0]}/_jobs") as reply:  # noqa: S310
        assert len(json.load(reply)) == len(CASES)


def test_settings_cover_every_provider(fake: FakeProviders) -> None:
    names = {line.partition("=")[0] for line in environment(fake)}
    assert {adapter.declaration.base_url_setting for adapter in ADAPTERS.values()} <= names


def test_the_page_on_providers_is_fresh() -> None:
    page = Path(PAGE).read_text(encoding="utf-8")
    assert filled(page) == page, "run `python -m shared.providers.reference`"


def test_every_fault_is_used_by_the_fake() -> None:
    sources = Path("shared/providers/fake")
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in sources.rglob("*.py")
        if path.name != "chaos.py"
    )
    assert [fault for fault in FAULTS if f'"{fault}"' not in code] == []
