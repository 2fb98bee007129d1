"""What the cloud that `run` would use goes by: its settings, its engines, its projects.

`validate` and `estimate` ask no cloud to do anything, and answer by the same rules as one.

--profile or --region given   the projects of that account; its keys stay unread, so which engines
                              it has is not known
`dropreel up` is running      that embedded cloud's settings and projects
otherwise                     `.env` and the environment; no project has a budget
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from cli.books import open_books
from cli.memory import MemoryObjects, MemoryRows, NoAudit, every_engine
from cli.target import CHECKOUT, Account
from local_cloud.cloud import attach, session_for
from local_cloud.errors import CloudNotRunning
from local_cloud.keys import SECRET, desk_settings
from local_cloud.synth import STAGE, stage_context
from shared.aws.ledger import DynamoLedger
from shared.aws.secrets import ProviderSecrets
from shared.budget.account import MonthAccount
from shared.budget.memory import MemoryLedger
from shared.budget.money import MicroUsd
from shared.budget.months import month_of
from shared.budget.project import Project
from shared.budget.store import LedgerStore
from shared.catalog.model import CAMERA_MOVE
from shared.engines import available_engines, engine_needs
from shared.gpu_jobs.price import price_anywhere
from shared.pipeline.services import Limits, Services
from stacks.settings import read_settings


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Settings, engines and projects of a cloud.

    `keys_known` is False where its keys were not read, and `engines` are all that there are.
    """

    values: Mapping[str, str]
    engines: frozenset[str]
    keys_known: bool
    books: LedgerStore = field(default_factory=MemoryLedger)

    def services(self) -> Services:
        """A cloud in memory that goes by these rules."""
        return Services(
            drop_bucket="drop",
            work_bucket="work",
            library_bucket="library",
            objects=MemoryObjects(),
            rows=MemoryRows(),
            audit=NoAudit(),
            limits=Limits(keyframe_wait_sec=0),
            engines=self.engines,
            policy=lambda name: self.project(name).policy,
            scoring=lambda name: self.project(name).scoring,
            default_route=lambda name: self.project(name).default_route,
            price=partial(price_anywhere, self.values),
            needs=partial(engine_needs, self.values),
        )

    def project(self, name: str) -> Project:
        """The project; one without a budget where nobody has made it."""
        return self.books.project(name) or Project(name=name)

    def check_budget(self, name: str, needed: MicroUsd) -> None:
        """Would the project's month hold so much more?

        Raises
        ------
        BudgetExceeded : it would not.
        """
        month = month_of(datetime.now(UTC))
        account = self.books.account(name, month) or MonthAccount(project_id=name, month=month)
        account.under(self.project(name)).claimed(needed)

    def doubt(self, engine: str) -> str:
        """What is not known of an engine that a clip would need; empty where all is."""
        if self.keys_known or engine == CAMERA_MOVE:
            return ""
        needs = engine_needs(self.values, engine)
        return f"Whether the deployment can use `{engine}` is not known here. It needs: {needs}."


def find_rules(account: Account) -> Rules:
    """The rules of the cloud that `run` would use.

    Raises
    ------
    WrongUse : the account has no Dropreel, or cannot be reached; says what to do.
    """
    if account.given:
        return account_rules(open_books(account.profile, account.region).ledger)
    try:
        running = attach(CHECKOUT)
    except CloudNotRunning:
        return _embedded(desk_settings(CHECKOUT), MemoryLedger())
    session = session_for(running.endpoint)
    values = ProviderSecrets(session.client("secretsmanager"), SECRET).values()
    return _embedded(values, DynamoLedger(session.client("dynamodb"), running.state_table))


def account_rules(books: LedgerStore) -> Rules:
    """The rules of a deployment whose projects are read, and whose keys are not."""
    return Rules(values={}, engines=every_engine(), keys_known=False, books=books)


def _embedded(values: Mapping[str, str], books: LedgerStore) -> Rules:
    queues = read_settings(stage_context(CHECKOUT, STAGE).get).worker_classes
    return Rules(
        values=values,
        engines=available_engines(values, queues),
        keys_known=True,
        books=books,
    )
