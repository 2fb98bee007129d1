"""`dropreel project`: budgets and policies."""

import getpass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape

from cli.books import AsJson, Profile, Region, console, open_books, plain_table, print_json
from cli.errors import WrongUse
from shared.budget.money import micro_usd, usd, usd_text
from shared.budget.project import Project
from shared.catalog.catalog import load_catalog
from shared.catalog.territory import is_territory
from shared.clip import Operation, ScoreAction
from shared.keys import Folder, parse_drop_key
from shared.manifest.guard import printable
from shared.pipeline.folder import folder_problems
from shared.routing.policy import Policy, Privacy
from shared.routing.route import read_route

projects = typer.Typer(help="Budgets and policies of projects.", no_args_is_help=True)


@projects.command("set")
def set_project(
    name: Annotated[str, typer.Argument(help="The project: the first folder of its drops.")],
    monthly_budget: Annotated[
        str | None, typer.Option(metavar="USD", help="The most that a month may cost.")
    ] = None,
    approve_above: Annotated[
        str | None,
        typer.Option(metavar="USD", help="Dearer batches wait for a person; `never` asks nobody."),
    ] = None,
    max_per_clip: Annotated[
        str | None, typer.Option(metavar="USD", help="The most that a clip may cost; or `none`.")
    ] = None,
    commercial: Annotated[
        bool | None, typer.Option("--commercial/--non-commercial", help="Will clips be sold?")
    ] = None,
    territory: Annotated[
        list[str] | None,
        typer.Option(help="Where clips are shown, for example KR; repeatable; or `none`."),
    ] = None,
    privacy: Annotated[Privacy | None, typer.Option(help="Where keyframes may travel.")] = None,
    deny_origin: Annotated[
        list[str] | None,
        typer.Option(help="No models from there, for example CN; repeatable; or `none`."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Only models from there; repeatable; `any` lifts it."),
    ] = None,
    route: Annotated[
        list[str] | None,
        typer.Option(help="Where a manifest names none: preset or model, repeatable; or `none`."),
    ] = None,
    prompt_writer: Annotated[
        str | None,
        typer.Option(help="Who writes prompts from scenes: bedrock, anthropic, openai, template."),
    ] = None,
    allow_unverified_prices: Annotated[
        bool | None,
        typer.Option("--allow-unverified-prices/--no-unverified-prices", help="Spend on them?"),
    ] = None,
    score_policy: Annotated[
        ScoreAction | None, typer.Option(help="What a keyframe's low score leads to.")
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The least `video_viability_score` of a keyframe."),
    ] = None,
    as_json: AsJson = False,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Set a project's budget and policies; what is not given stays as it is."""
    _check_name(name)
    ledger = open_books(profile, region).ledger
    before = ledger.project(name) or Project(name=name)
    policy = {
        "commercial": commercial,
        "territory": _codes(territory),
        "privacy": privacy,
        "origins_denied": _codes(deny_origin),
        "allow_unverified_prices": allow_unverified_prices,
        "prompt_writer": prompt_writer,
    }
    given: dict[str, Any] = {key: value for key, value in policy.items() if value is not None}
    if max_per_clip is not None:
        unlimited = max_per_clip == "none"
        given["max_price_per_clip_usd"] = None if unlimited else usd(_micro(max_per_clip))
    if allow_origin is not None:
        given["origins_allowed"] = None if allow_origin == ["any"] else _codes(allow_origin)
    try:
        merged = Policy.model_validate({**before.policy.model_dump(), **given})
        after = before.changed(
            monthly_budget=_or(before.monthly_budget, monthly_budget),
            approve_above=None
            if approve_above == "never"
            else _or(before.approve_above, approve_above),
            policy=merged,
            default_route=_route(route, before.default_route),
            scoring={
                "policy": score_policy or before.scoring.policy,
                "min_score": before.scoring.min_score if min_score is None else min_score,
            },
            changed_at=datetime.now(UTC).isoformat(timespec="seconds"),
            changed_by=getpass.getuser(),
        )
    except ValidationError as error:
        wrong = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors())
        raise WrongUse(wrong) from error
    _show_project(ledger.save_project(after), as_json)


@projects.command("show")
def show_project(
    name: str, as_json: AsJson = False, profile: Profile = None, region: Region = None
) -> None:
    """Show a project's budget and policies."""
    found = open_books(profile, region).ledger.project(name)
    if found is None:
        raise WrongUse(
            f"Project `{name}` has no budget, so nothing may be spent for it. "
            f"Give it one: `dropreel project set {name} --monthly-budget 20`."
        )
    _show_project(found, as_json)


@projects.command("list")
def list_projects(as_json: AsJson = False, profile: Profile = None, region: Region = None) -> None:
    """List the projects that have a budget."""
    found = open_books(profile, region).ledger.projects()
    if as_json:
        print_json({"projects": [_document(each) for each in found]})
        return
    table = plain_table("project", "monthly budget", "asks above", "policy")
    for each in found:
        table.add_row(
            escape(each.name), usd_text(each.monthly_budget), _asks(each), escape(_rules(each))
        )
    console.print(table)


def _show_project(project: Project, as_json: bool) -> None:
    if as_json:
        print_json(_document(project))
        return
    console.print(
        f"[bold]{escape(project.name)}[/]: {usd_text(project.monthly_budget)} a month; "
        f"asks {_asks(project)}; {escape(_rules(project))}"
    )


def _document(project: Project) -> dict[str, Any]:
    above = project.approve_above
    return {
        "name": project.name,
        "monthly_budget_usd": usd(project.monthly_budget),
        "approve_above_usd": None if above is None else usd(above),
        "policy": project.policy.model_dump(mode="json"),
        "scoring": project.scoring.model_dump(mode="json"),
        "default_route": list(project.default_route),
        "alert_percents": list(project.alert_percents),
        "changed_at": project.changed_at,
        "changed_by": project.changed_by,
    }


def _asks(project: Project) -> str:
    return "never" if project.approve_above is None else f"above {usd_text(project.approve_above)}"


def _rules(project: Project) -> str:
    policy = project.policy
    rules = ["commercial" if policy.commercial else "non-commercial"]
    rules += [f"shown in {', '.join(policy.territory)}"] if policy.territory else []
    rules += ["keyframes stay with us"] if policy.privacy is Privacy.LOCAL_ONLY else []
    if policy.origins_allowed is not None:
        rules.append(f"only models from {', '.join(policy.origins_allowed)}")
    rules += [f"no models from {', '.join(policy.origins_denied)}"] if policy.origins_denied else []
    if policy.max_price_per_clip_usd is not None:
        rules.append(f"at most {usd_text(micro_usd(policy.max_price_per_clip_usd))} a clip")
    rules.append(f"keyframes below {project.scoring.min_score:g}: {project.scoring.policy.value}")
    rules += [f"route {' → '.join(project.default_route)}"] if project.default_route else []
    return ", ".join(rules)


def _check_name(name: str) -> None:
    """A budget for a project that no folder can be of would only look like one."""
    if "/" in name or parse_drop_key(f"{name}/day-1/clip.mp4") is None:
        raise WrongUse(f"`{name}` is no project: it is the first folder of a drop, without `/`.")
    problems = folder_problems(Folder(name, "day-1"))
    if problems or name != name.strip():
        why = " ".join(each.message for each in problems) or "it begins or ends with a space."
        raise WrongUse(f"`{printable(name)}` cannot be a project: {why}")


def _codes(words: list[str] | None) -> list[str] | None:
    """Country codes; `none` alone is an empty list.

    Raises
    ------
    WrongUse : there is no such country; misspelt, it would let every licence pass.
    """
    if words == ["none"]:
        return []
    for word in words or ():
        if not is_territory(word):
            raise WrongUse(
                f"`{word}` is no ISO 3166 country code; write KR, DE or EU, for example."
            )
    return words


def _route(words: list[str] | None, before: tuple[str, ...]) -> tuple[str, ...]:
    """The route, its words known: a misspelt one would reject every clip of the project.

    Raises
    ------
    ModelUnavailable : neither a preset nor a model.
    """
    if not words:
        return before
    if words == ["none"]:
        return ()
    read_route(words, Operation.IMAGE_TO_VIDEO, load_catalog())
    return tuple(words)


def _or(before: int | None, text: str | None) -> int | None:
    return before if text is None else _micro(text)


def _micro(text: str) -> int:
    try:
        return micro_usd(text.strip().removeprefix("$"))
    except ValueError as error:
        raise WrongUse(f"{error}; write dollars, for example 20 or 7.50.") from error
