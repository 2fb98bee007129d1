import pytest

from shared.catalog import choose_model, find_model, load_catalog
from shared.catalog.catalog import Catalog, ModelStatus
from shared.errors import ModelUnavailable

SVD = "stable-video-diffusion-xt-1.1"


def test_the_camera_move_is_free_and_always_there() -> None:
    row, skipped = choose_model(["camera_move"], {"camera_move"})
    assert (row.id, skipped) == ("camera_move", [])
    assert [price.amount for price in row.prices] == [0]


def test_the_blueprints_model_is_known_by_its_alias_and_legacy() -> None:
    row = find_model("stable_video_diffusion_v1.1")
    assert row is not None
    assert (row.id, row.status) == (SVD, ModelStatus.LEGACY)


def test_a_route_falls_through_to_what_can_run_and_says_why() -> None:
    row, skipped = choose_model([SVD, "camera_move"], {"camera_move"})
    assert row.id == "camera_move"
    assert skipped == [(SVD, "its engine `modal` is not available in this deployment")]


def test_a_legacy_model_runs_where_its_engine_is() -> None:
    row, _ = choose_model([SVD, "camera_move"], {"camera_move", "modal"})
    assert row.id == SVD


def test_when_nothing_can_run_the_way_to_opt_in_is_told() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        choose_model([SVD], {"camera_move"})
    [problem] = caught.value.problems
    assert problem.path == "route"
    assert f"`{SVD}`: its engine `modal` is not available" in problem.message
    assert "Available here: `camera_move`." in problem.hint
    assert f'"route": ["{SVD}", "camera_move"]' in problem.hint


def test_a_misspelt_candidate_is_never_left_out_in_silence() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        choose_model(["camera-moves", "camera_move"], {"camera_move"})
    [problem] = caught.value.problems
    assert problem.path == "route[0]"
    assert '"camera-moves" is not the name of a model' in problem.message
    assert "Did you mean `camera_move`? Available here: `camera_move`." in problem.hint


def test_a_retired_model_never_runs() -> None:
    rows = load_catalog().model_dump()["models"]
    retired = [{**row, "status": "retired"} for row in rows]
    with pytest.raises(ModelUnavailable, match="it is retired"):
        choose_model(["camera_move"], {"camera_move"}, catalog=Catalog(models=retired))


def test_a_name_leads_to_one_model() -> None:
    rows = load_catalog().model_dump()["models"]
    with pytest.raises(ValueError, match="more than one model"):
        Catalog(models=[*rows, rows[0]])
