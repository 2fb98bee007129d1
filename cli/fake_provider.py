"""`dropreel fake-provider`: all external providers on this machine, for nothing, with chaos."""

from pathlib import Path
from typing import Annotated

import typer

from cli.env_file import kept_in
from shared.prompting.choice import BEDROCK_URL_SETTING
from shared.prompting.services import SERVICES
from shared.providers import ADAPTERS
from shared.providers.fake import FAULTS, ChaosPlan, FakeProviders, World
from shared.providers.fake.server import serve_forever

KEY = "fake-key-for-this-machine"


def fake_provider(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8790,
    chaos: Annotated[str, typer.Option(help="Faults and their rates: 429=0.1,never=0.02.")] = "",
    seed: Annotated[int, typer.Option(help="Same seed, same faults.")] = 0,
    seconds_per_job: Annotated[
        float, typer.Option(min=0, max=86400, help="How long a job runs.")
    ] = 5.0,
    price: Annotated[
        float, typer.Option(min=0, max=1000, help="What every accepted job costs, in USD.")
    ] = 0.25,
    lines: Annotated[
        int | None,
        typer.Option(min=16, max=2160, help="Height of all clips; as asked when left out."),
    ] = None,
    env: Annotated[
        Path | None,
        typer.Option(
            help="File to hold the settings while it runs, such as `.env`; else they are printed."
        ),
    ] = None,
    list_faults: Annotated[bool, typer.Option(help="Explain the faults and stop.")] = False,
) -> None:
    """Serve look-alikes of all external providers on this machine, until Ctrl-C."""
    if list_faults:
        for name, meaning in FAULTS.items():
            typer.echo(f"{name:24} {meaning}")
        return
    world = World(
        plan=ChaosPlan.parse(chaos, seed),
        seconds_per_job=seconds_per_job,
        price_usd=price,
        lines=lines,
    )
    fake = FakeProviders(world, port=port)
    exports = [f"export {line}" for line in environment(fake)]
    typer.echo(f"# ledger {fake.root}/_ledger, jobs {fake.root}/_jobs")
    if env is None:
        typer.echo("\n".join(exports))
        serve_forever(fake)
        return
    with kept_in(env, exports):
        typer.echo(f"# settings are at the end of {env} until this stops; its other lines stay")
        serve_forever(fake)


def environment(fake: FakeProviders) -> list[str]:
    """Settings that point every provider at the fake, as `NAME=value`."""
    lines = []
    for name, adapter in ADAPTERS.items():
        declaration = adapter.declaration
        lines.append(f"{declaration.base_url_setting}={fake.base_url(name)}")
        # The last alternative of each is a plain key, which needs no minting here.
        lines += [f"{secret}={KEY}" for secret in declaration.auth.alternatives[-1]]
        lines += [f"{setting}=fake" for setting in declaration.settings]
    for name, service in SERVICES.items():
        lines.append(f"{service.declaration.base_url_setting}={fake.root}/{name}")
        lines += [f"{secret}={KEY}" for secret in service.declaration.auth.names]
    lines.append(f"{BEDROCK_URL_SETTING}={fake.root}/bedrock")
    return list(dict.fromkeys(lines))
