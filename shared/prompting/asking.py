"""A prompt from a language model; from the template, with the reason, where none can be had."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.prompting.brief import Brief, WrittenPrompt
from shared.prompting.instruct import prompt_in
from shared.prompting.services import LanguageService
from shared.prompting.template import Template
from shared.providers.call import Answer
from shared.providers.contract import ProviderNotConfigured
from shared.providers.http import HttpClient, OpenTransport
from shared.providers.network import GuardedTransport
from shared.providers.refusals import clean


class NotHeard(Exception):
    """The language model gave no answer that can be used; says why, without secrets."""


@dataclass(frozen=True)
class LanguageModel:
    """`PromptWriter` over any way to ask a model.

    Attributes
    ----------
    ask : the model's answer to a brief; raises `NotHeard`.
    """

    service: str
    model: str
    ask: Callable[[Brief], str] = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.service}/{self.model}"

    def write(self, brief: Brief) -> WrittenPrompt:
        """Never raises: a clip must not fail because nobody could be asked for words."""
        try:
            prompt = prompt_in(self.ask(brief))
            note = "" if prompt else f"{self.name} answered with nothing that is a prompt."
        except NotHeard as error:
            prompt, note = None, f"{self.name} could not be asked: {clean(str(error))}."
        if prompt is None:
            return Template().write(brief).model_copy(update={"model": self.model, "note": note})
        return WrittenPrompt(text=prompt, by=self.service, model=self.model)


def http_model(
    service: LanguageService,
    model: str,
    values: Mapping[str, str],
    *,
    open_transport: OpenTransport = GuardedTransport,
) -> LanguageModel:
    """A language model over its HTTP API, with key and base URL among `values`."""
    declared = service.declaration

    def ask(brief: Brief) -> str:
        try:
            client = HttpClient(
                declared,
                base_url=values.get(declared.base_url_setting, ""),
                secrets={name: values[name] for name in declared.auth.names if values.get(name)},
                open_transport=open_transport,
            )
            exchange = client.send(service.call(client.base_url, model, brief))
        except ProviderNotConfigured as error:
            raise NotHeard(error.message.rstrip(".")) from error
        if not isinstance(exchange, Answer):
            raise NotHeard(client.redact(exchange.reason))
        if not exchange.ok:
            said = exchange.text_at("error", "message")
            raise NotHeard(client.redact(f"HTTP {exchange.status} {said}".strip()))
        return service.text(exchange)

    return LanguageModel(declared.name, model, ask)
