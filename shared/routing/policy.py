"""What a project allows, whatever a manifest asks for."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.catalog.price import Amount
from shared.catalog.territory import territory_code
from shared.clip import Document

Code = Annotated[str, AfterValidator(territory_code)]


class Privacy(StrEnum):
    """Where a project's files may go. `local_only`: to our own code alone, never to a provider of
    models (seed E02)."""

    ANY = "any"
    LOCAL_ONLY = "local_only"


class Policy(Document):
    """The limits within which a candidate is chosen.

    Attributes
    ----------
    commercial : what is made will be sold, so models of non-commercial licences are out (X-24).
    territory : ISO codes of where it is made and shown; `EU` stands for all its states (X-34).
    max_price_per_clip_usd : for all attempts at one clip together; None for no limit.
    origins_allowed, origins_denied : ISO codes of the models' makers; allowed means only these.
    allow_camera_move : a plain camera move may stand in when no model is left, although it is
        another kind of clip.
    allow_unverified_prices : spend money on a price that nobody has checked (rule P-0 says no).
    regenerations : how often a clip that failed inspection is made anew before a person is asked.
    min_quality : models below it are not good enough; a model without a score counts as 0.
    prompt_writer : which language model writes prompts from scenes; empty for the deployment's.
    """

    commercial: bool = True
    territory: tuple[Code, ...] = ()
    privacy: Privacy = Privacy.ANY
    max_price_per_clip_usd: Amount | None = None
    origins_allowed: tuple[Code, ...] | None = None
    origins_denied: tuple[Code, ...] = ()
    allow_camera_move: bool = False
    allow_unverified_prices: bool = False
    regenerations: int = Field(2, ge=0, le=10)
    min_quality: float = Field(0.0, ge=0, le=1)
    prompt_writer: Literal["", "bedrock", "anthropic", "openai", "template"] = ""

    def affords(self, amount: Decimal) -> bool:
        limit = self.max_price_per_clip_usd
        return limit is None or amount <= limit
