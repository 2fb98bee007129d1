"""Which language model writes a project's prompts."""

from collections.abc import Callable, Mapping

from shared.prompting.asking import LanguageModel, http_model
from shared.prompting.brief import TEMPLATE, PromptWriter
from shared.prompting.services import SERVICES
from shared.prompting.template import Template
from shared.routing.policy import Policy, Privacy

BEDROCK = "bedrock"
WRITERS = (BEDROCK, *SERVICES, TEMPLATE)
WRITER_SETTING, MODEL_SETTING = "PROMPT_WRITER", "PROMPT_MODEL"
BEDROCK_URL_SETTING = "BEDROCK_BASE_URL"
BEDROCK_MODEL = "amazon.nova-lite-v1:0"

OpenBedrock = Callable[[str], LanguageModel]
"""Makes the writer for a Bedrock model's id."""


def choose_writer(
    policy: Policy, values: Mapping[str, str], *, default: str, bedrock: OpenBedrock
) -> PromptWriter:
    """The project's writer, else the deployment's, else `default`.

    Where nothing may leave for a provider of models (`local_only`), or the word means nothing, the
    template writes: a misspelt setting must not send a creator's words to somebody else.
    """
    word = policy.prompt_writer or values.get(WRITER_SETTING, "") or default
    model = values.get(MODEL_SETTING, "")
    if policy.privacy is Privacy.LOCAL_ONLY:
        return Template()
    if policy.prompt_writer and policy.prompt_writer != (values.get(WRITER_SETTING) or default):
        model = ""  # the deployment's model is another service's
    if word == BEDROCK:
        return bedrock(model or BEDROCK_MODEL)
    if word in SERVICES:
        return http_model(SERVICES[word], model or SERVICES[word].default_model, values)
    return Template()
