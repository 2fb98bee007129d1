"""From the environment to the jobs engine: providers, ledger, slots, queue."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from lambdas.environment import environment
from lambdas.gpu_wiring import OWN, own_gateway, workers_health
from lambdas.keys_wiring import CALLBACK_SECRET, provider_secrets, reachable
from lambdas.money_wiring import ledger
from lambdas.observability import count, logger
from lambdas.wiring import client, drop_queue, jobs_queue, services, table
from shared.aws.bedrock import bedrock_model
from shared.aws.breakers import DynamoBreakers
from shared.aws.desk import JobDesk
from shared.aws.documents import DocumentTable
from shared.aws.jobs import DynamoJobs, DynamoSlots, Tasks
from shared.budget.ledger import Ledger
from shared.budget.prices import catalogue_price
from shared.budget.treasury import JobPrice, LedgerTreasury
from shared.clip import ObjectRef
from shared.engines import available_engines, engine_needs
from shared.gpu_jobs.document import Callback
from shared.gpu_jobs.engines import own_caps
from shared.gpu_jobs.price import price_anywhere
from shared.gpu_jobs.signing import body_key
from shared.jobs.breaker import Breaker
from shared.jobs.engine import JobsEngine
from shared.jobs.job import Job
from shared.jobs.leases import Caps
from shared.jobs.ports import Gateway
from shared.metrics import PROVIDERS_PAUSED
from shared.pipeline.services import Services
from shared.prompting.brief import TEMPLATE, PromptWriter
from shared.prompting.choice import BEDROCK, BEDROCK_URL_SETTING, choose_writer
from shared.providers.engines import provider_for
from shared.providers.gateway import ProviderGateway
from shared.providers.registry import ADAPTERS
from shared.providers.webhooks.token import sign_token
from shared.routing.policy import Policy
from shared.scoring.policy import ScoringPolicy

LINK_SEC = 6 * 3600
MESSAGE_REQUESTS = 3
"""Of SQS, for each message handled: send, receive, delete."""

_unbooked: dict[str, float] = {}


def engines() -> frozenset[str]:
    """What this deployment can make clips with."""
    return available_engines(provider_secrets().values(), environment().worker_queues)


def routed_services() -> Services:
    """Services of the states that choose a model: what can run here, and what a project allows."""
    house = services()
    books = ledger(house)
    policy = partial(_policy, books)
    return replace(
        house,
        engines=engines(),
        policy=policy,
        prompts=lambda name: prompt_writer(policy(name)),
        scoring=partial(_scoring, books),
        price=partial(price_anywhere, provider_secrets().values()),
        needs=partial(engine_needs, provider_secrets().values()),
        health=partial(_health, DynamoBreakers(DocumentTable(table(), house.meter))),
    )


def _health(breakers: DynamoBreakers) -> dict[str, str]:
    """Engines to pass over just now: paused providers, and a box of yours with too long a line."""
    return breakers.health() | workers_health(provider_secrets().values())


def planning_services() -> Services:
    """Services of PlanBatch: what a project does where a manifest leaves it open."""
    house = services()
    return replace(house, default_route=partial(_default_route, ledger(house)))


def _default_route(books: Ledger, name: str) -> tuple[str, ...]:
    project = books.store.project(name)
    return project.default_route if project else ()


def prompt_writer(policy: Policy) -> PromptWriter:
    """Who writes prompts: on AWS a model of Bedrock unless a setting or the project says other.

    The embedded cloud has no Bedrock; there it is asked only where its address is set.
    """
    values, env = provider_secrets().values(), environment()
    url = values.get(BEDROCK_URL_SETTING, "")
    return choose_writer(
        policy,
        values,
        default=BEDROCK if url or not env.endpoint_url else TEMPLATE,
        bedrock=lambda model: bedrock_model(model, endpoint_url=url, region=env.region),
    )


def _policy(books: Ledger, name: str) -> Policy:
    project = books.store.project(name)
    return project.policy if project else Policy()


def _scoring(books: Ledger, name: str) -> ScoringPolicy:
    project = books.store.project(name)
    return project.scoring if project else ScoringPolicy()


def jobs_engine() -> JobsEngine:
    """A fresh engine for one invocation.

    What a step uses after its last write cannot be on that row: the next step of this process
    books it, so the sum over all jobs is right.
    """
    house = services()
    for kind, amount in _unbooked.items():
        house.meter.add(kind, amount)
    _unbooked.clear()
    house.meter.add("messages", MESSAGE_REQUESTS)
    documents = DocumentTable(table(), house.meter)
    return JobsEngine(
        store=DynamoJobs(documents),
        gateway=partial(_gateway, house),
        slots=DynamoSlots(documents, _caps()),
        breakers=DynamoBreakers(documents, _provider_paused),
        treasury=LedgerTreasury(ledger=ledger(house), price_of=_price_of),
        desk=JobDesk(house, jobs_queue(), Tasks(client("stepfunctions")), drop_queue()),
        now=house.now,
        usage=house.meter.take,
    )


def book_later(engine: JobsEngine) -> None:
    """Keep what the step has used since its last write for the next one's row."""
    for kind, amount in engine.usage().items():
        _unbooked[kind] = _unbooked.get(kind, 0.0) + amount


def _provider_paused(breaker: Breaker) -> None:
    count(PROVIDERS_PAUSED)
    logger.warning(
        "provider paused",
        provider=breaker.provider,
        reason=breaker.reason,
        pause_sec=breaker.pause_sec,
    )


def _price_of(job: Job) -> JobPrice:
    return catalogue_price(job, partial(price_anywhere, provider_secrets().values()))


def _gateway(house: Services, job: Job) -> Gateway:
    values = provider_secrets().values()
    if job.provider in OWN:
        return own_gateway(house, job, values, runner_callback)
    return ProviderGateway(
        provider_for(job.provider, values),
        house.objects,
        house.work_bucket,
        presign=_presign,
        callback_url=_callback_url,
    )


def _presign(ref: ObjectRef) -> str:
    url: str = client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": ref.bucket, "Key": ref.key}, ExpiresIn=LINK_SEC
    )
    return url


def _callback_url(job: Job) -> str | None:
    """Where the provider may tell us that the job has moved; None where nobody listens."""
    secret = provider_secrets().values().get(CALLBACK_SECRET)
    base = reachable(environment().callback_url)
    if not (secret and base):
        return None
    return f"{base}?t={_token(secret, job)}"


def runner_callback(job: Job) -> Callback | None:
    """Where a runner of ours speaks to us, and the key of its signatures."""
    secret = provider_secrets().values().get(CALLBACK_SECRET)
    base = reachable(environment().callback_url)
    if not (secret and base):
        return None
    token = _token(secret, job)
    return Callback(url=f"{base}?t={token}", key=body_key(secret, token))


def _token(secret: str, job: Job) -> str:
    until = datetime.fromisoformat(job.rescue_until).timestamp()
    return sign_token(secret, job.job_id, int(until))


def _caps() -> dict[str, Caps]:
    """What each provider allows: the lowest tier's, unless a setting says more."""
    values = provider_secrets().values()
    caps = own_caps(values)
    for name, adapter in ADAPTERS.items():
        rate, prefix = adapter.declaration.rate, name.upper()
        caps[name] = Caps(
            concurrent=int(values.get(f"{prefix}_CONCURRENT", rate.concurrent)),
            per_minute=int(values.get(f"{prefix}_PER_MINUTE", rate.per_minute)),
        )
    return caps
