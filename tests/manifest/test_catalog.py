import pytest

from shared.catalog import find_model, load_catalog
from shared.catalog.catalog import Catalog, ModelStatus
from shared.clip import Operation
from shared.errors import ModelUnavailable
from shared.jobs.request import MediaInput, VideoRequest
from shared.routing.policy import Policy
from shared.routing.rank import rank
from shared.routing.ranking import Ranking

SVD, WAN = "stable-video-diffusion-xt-1.1", "wavespeed/wan-2.5"


def ways(
    route: list[str], engines: set[str], operation: Operation, catalog: Catalog | None = None
) -> Ranking:
    still = MediaInput(name="a.png", content_type="image/png", size_bytes=1, sha256="", url="u")
    request = VideoRequest(
        operation=operation, model="", prompt="waves", image=still, duration_sec=3
    )
    policy = Policy(commercial=False, allow_unverified_prices=True)
    return rank(route, request, policy, engines, catalog=catalog, may_trim=True)


def test_the_camera_move_is_free_and_always_there() -> None:
    best = ways(["camera_move"], {"camera_move"}, Operation.CAMERA_MOVE).best_or_raise()
    assert best.model == "camera_move"
    assert best.quote.free


def test_the_blueprints_model_is_known_by_its_alias_and_legacy() -> None:
    row = find_model("stable_video_diffusion_v1.1")
    assert row is not None
    assert (row.id, row.status) == (SVD, ModelStatus.LEGACY)


def test_a_route_falls_through_to_what_can_run_and_says_why() -> None:
    ranking = ways([WAN, "camera_move"], {"camera_move"}, Operation.IMAGE_TO_VIDEO)
    assert ranking.best_or_raise().model == "camera_move"
    (skipped,) = ranking.rejected
    assert skipped.model == WAN
    assert skipped.reasons == ("its engine `api:wavespeed` is not available in this deployment",)


def test_a_model_runs_where_its_engine_is() -> None:
    engines = {"camera_move", "api:wavespeed"}
    best = ways([WAN, "camera_move"], engines, Operation.IMAGE_TO_VIDEO).best_or_raise()
    assert best.model == WAN


def test_when_nothing_can_run_the_way_to_opt_in_is_told() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        ways([WAN], {"camera_move"}, Operation.IMAGE_TO_VIDEO).best_or_raise()
    [problem] = caught.value.problems
    assert problem.path == "route"
    assert "its engine `api:wavespeed` is not available in this deployment" in problem.message
    assert f'"route": ["{WAN}", "camera_move"]' in problem.hint


def test_a_misspelt_candidate_is_never_left_out_in_silence() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        ways(["camera-moves", "camera_move"], {"camera_move"}, Operation.CAMERA_MOVE)
    [problem] = caught.value.problems
    assert problem.path == "route[0]"
    assert '"camera-moves" is not the name of a model' in problem.message
    assert "Did you mean `camera_move`?" in problem.hint


def test_a_retired_model_never_runs() -> None:
    rows = load_catalog().model_dump()["models"]
    retired = Catalog(models=[{**row, "status": "retired"} for row in rows])
    with pytest.raises(ModelUnavailable, match="it is retired"):
        ways(["camera_move"], {"camera_move"}, Operation.CAMERA_MOVE, retired).best_or_raise()


def test_a_name_leads_to_one_model() -> None:
    rows = load_catalog().model_dump()["models"]
    with pytest.raises(ValueError, match="more than one model"):
        Catalog(models=[*rows, rows[0]])
