"""Attention in 8 bits against float64, and when the lever is left alone."""

import ctypes
import sys
from contextlib import nullcontext
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch.nn.functional import scaled_dot_product_attention

from bench.lever_errors import denoised, relative_error
from gpu_functions.speed import attention8 as lever
from gpu_functions.speed import cudnn_attention
from gpu_functions.speed.attention8 import E4M3, MOST, OURS, attended, attention8, product
from gpu_functions.speed.trial import trial_error
from tests.gpu.tiny import builder

A14B, SVD = "wan2.2-i2v-a14b", "stable-video-diffusion-xt-1.1"
SHAPE = (1, 600, 2, 128)
CHANNEL = 7
Three = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def drawn() -> Three:
    source = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(SHAPE, generator=source) for _ in range(3))
    return query, key, value


def errors(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """What `attended` makes of it less what it is, over the size of the latter, by channel."""
    whole = (each.double().transpose(1, 2) for each in (query, key, value))
    truth = scaled_dot_product_attention(*whole).transpose(1, 2)
    away = attended(query, key, value).double() - truth
    return away.flatten(0, 2).norm(dim=0) / truth.flatten(0, 2).norm(dim=0)


def test_numbers_without_a_pattern_are_right_within_six_percent() -> None:
    found = errors(*drawn()).mean()
    assert 0.02 < found < 0.06


def test_a_large_offset_of_the_keys_changes_nothing() -> None:
    query, key, value = drawn()
    offset = 5 * torch.randn(1, 1, *SHAPE[2:], generator=torch.Generator().manual_seed(1))
    assert errors(query, key + offset, value).mean() < 0.06


def test_what_all_values_have_in_common_is_not_rounded() -> None:
    query, key, value = drawn()
    assert errors(query, key, value + 3).mean() < 0.003


def test_heads_of_very_different_sizes_share_one_scale() -> None:
    query, key, value = drawn()
    sizes = torch.tensor([1.0, 3e5]).reshape(1, 1, 2, 1)
    assert errors(query * sizes, key / sizes, value).mean() < 0.06


def test_a_channel_of_large_values_takes_nothing_from_the_others() -> None:
    query, key, value = drawn()
    value[..., CHANNEL] *= 3e6
    assert errors(query, key, value).max() < 0.08


def test_a_channel_of_large_keys_costs_what_its_scores_do() -> None:
    """e4m3 rounds by a share of each number, so scores of ten are off by tenths."""
    query, key, value = drawn()
    key[..., CHANNEL] *= 30
    assert 0.06 < errors(query, key, value).mean() < 0.2


def test_nothing_but_equal_numbers_is_no_trouble() -> None:
    nothing = torch.zeros(SHAPE)
    assert torch.equal(attended(nothing, nothing, nothing), nothing)
    assert torch.equal(attended(nothing, nothing + 1, nothing + 2), nothing + 2)


def test_the_softmaxs_weights_and_the_answer_are_rounded_like_the_rest() -> None:
    """Two keys a query: weights of 1 and 1/e; in e4m3 the latter is 160 of 448, 164.8 in full."""
    query = torch.ones(1, 1, 1, 1).to(E4M3).expand(1, 2, 1, 1)
    key = torch.tensor([0.0, -1.0]).reshape(1, 2, 1, 1).to(E4M3)
    value = torch.tensor([0.0, 1.0]).reshape(1, 2, 1, 1).to(E4M3)
    made = product(query, key, value, torch.ones(1), 1.0)
    full = torch.tensor(-1.0).exp()
    assert made.dtype == E4M3
    assert torch.equal(made.float().flatten()[:1], (160 / MOST / (1 + full)).to(E4M3).float()[None])


def test_asked_for_by_name_it_compiles_whole() -> None:
    def asked(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = dispatch_attention_fn(query, key, value, backend=OURS)
        return made

    three = [each[:, :40] for each in drawn()]
    compiled = torch.compile(asked, fullgraph=True, dynamic=False, backend="aot_eager")
    assert torch.equal(compiled(*three), attended(*three))


def test_only_attention_of_all_tokens_to_all_tokens_is_done_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, parts = builder(A14B)
    model = parts["transformer"]
    met: list[int] = []

    def counted(query: torch.Tensor, *rest: Any) -> torch.Tensor:
        met.append(query.shape[1])
        return attended(query, *rest)

    monkeypatch.setattr(lever, "attended", counted)
    denoised(model, A14B)
    assert met == []
    assert attention8(SimpleNamespace(transformer=model), "fp8", "cpu", ("transformer",)) is None
    made = denoised(model, A14B)
    assert met == [72] * len(model.blocks)
    model.set_attention_backend("native")
    assert 0 < relative_error(made, denoised(model, A14B)) < 0.01


def test_a_mask_is_heeded() -> None:
    query, key, value = (each[:, :8] for each in drawn())
    first = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    first[..., 0] = True
    made = dispatch_attention_fn(query, key, value, attn_mask=first, backend=OURS)
    assert torch.allclose(made, value[:, :1].expand_as(made))


@pytest.mark.parametrize(
    ("tokens", "width", "pays"),
    [(32_760, 128, True), (4096, 64, True), (4095, 128, False), (32_760, 12, False)],
)
def test_on_a_gpu_only_many_tokens_pay(tokens: int, width: int, pays: bool) -> None:
    assert lever._pays(torch.empty(1, tokens, 2, width, device="meta")) == pays


def gpu(monkeypatch: pytest.MonkeyPatch, major: int, minor: int) -> Any:
    monkeypatch.setattr(lever, "capability", lambda device: (major, minor))
    _, parts = builder(A14B)
    return SimpleNamespace(transformer=parts["transformer"])


def pulled(pipeline: Any, device: str = "cuda:0") -> str | None:
    said = attention8(pipeline, "fp8", device, ("transformer",))
    names = {each._attention_backend for each in lever._processors(pipeline.transformer)}
    assert (names == {OURS}) == (said is None)
    return said


def test_an_older_gpu_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pulled(gpu(monkeypatch, 8, 9)) == "attention in fp8 needs a Hopper GPU or newer"


def test_without_cudnns_package_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert pulled(gpu(monkeypatch, 9, 0)) == "nvidia-cudnn-frontend is not installed"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (RuntimeError("no plan\nfor this graph"), "cuDNN refused a trial: no plan"),
        (lambda *given: given[2], "off by 19 in a trial"),
        (lambda *given: given[2].float() * float("nan"), "off by nan in a trial"),
    ],
    ids=["refused", "wrong", "nothing"],
)
def test_what_a_trial_says_is_heeded(
    monkeypatch: pytest.MonkeyPatch, wrong: Any, said: str
) -> None:
    def kernel(*given: Any) -> torch.Tensor:
        if isinstance(wrong, Exception):
            raise wrong
        return wrong(*given)

    monkeypatch.setattr(cudnn_attention, "missing", lambda: None)
    monkeypatch.setattr(lever, "product", kernel)
    trial = trial_error
    monkeypatch.setattr(lever, "trial_error", lambda attend, device: trial(attend, "cpu"))
    assert pulled(gpu(monkeypatch, 9, 0)) == said


def test_a_good_trial_is_all_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cudnn_attention, "missing", lambda: None)
    trial = trial_error
    monkeypatch.setattr(lever, "trial_error", lambda attend, device: trial(attend, "cpu"))
    assert pulled(gpu(monkeypatch, 9, 0)) is None


class Drawn:
    """A graph of cuDNN's as far as it is drawn and asked to run; it computes nothing."""

    def __init__(self, **asked: Any) -> None:
        self.given: dict[int, dict[str, Any]] = {}
        self.ran: dict[str, int] = {}

    def tensor(self, **known: Any) -> int:
        self.given[known["uid"]] = known
        return int(known["uid"])

    def sdpa_fp8(self, **named: Any) -> tuple[Any, ...]:
        self.scale = named.pop("attn_scale")
        assert not named.pop("generate_stats")
        self.names = {uid: name for name, uid in named.items()}
        return self, None, None, None

    def set_uid(self, uid: int) -> "Drawn":
        self.names[uid] = "o"
        return self

    def left_as_it_is(self, *_: Any) -> "Drawn":
        return self

    set_output = set_data_type = set_dim = set_stride = left_as_it_is

    def done(self, *_: Any) -> None: ...

    validate = build_operation_graph = create_execution_plans = check_support = build_plans = done

    def get_workspace_size(self) -> int:
        return 0

    def execute(self, pointers: dict[int, int], space: torch.Tensor, handle: Any) -> None:
        assert space.numel() > 0
        self.ran = {self.names[uid]: pointer for uid, pointer in pointers.items()}


def test_cudnn_is_given_each_number_under_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs: list[Drawn] = []
    streams: list[int] = []

    def pygraph(**asked: Any) -> Drawn:
        graphs.append(Drawn(**asked))
        return graphs[-1]

    stands_in = SimpleNamespace(
        pygraph=pygraph,
        create_handle=object,
        set_stream=lambda handle, stream: streams.append(stream),
        data_type=SimpleNamespace(FP8_E4M3="e4m3", FLOAT="float"),
        heur_mode=SimpleNamespace(A=0, FALLBACK=1),
    )
    monkeypatch.setitem(sys.modules, "cudnn", stands_in)
    monkeypatch.setattr(torch.cuda, "device", nullcontext)
    stream = SimpleNamespace(cuda_stream=7)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    for kept in (cudnn_attention._built, cudnn_attention._handle):
        monkeypatch.setattr(cudnn_attention, kept.__name__, cache(kept.__wrapped__))
    query, key, value = (each.to(E4M3) for each in drawn())
    descale = torch.tensor([0.5])
    for _ in range(2):
        made = cudnn_attention.product(query, key, value, descale, 0.25)
        assert made is not None
        (graph,) = graphs
        numbers = {"q": query, "k": key, "v": value, "o": made, "descale_q": descale}
        assert {name: graph.ran[name] for name in numbers} == {
            name: each.data_ptr() for name, each in numbers.items()
        }
        scales = {
            name: ctypes.c_float.from_address(pointer).value
            for name, pointer in graph.ran.items()
            if "scale" in name
        }
        assert scales == pytest.approx(
            {
                "descale_q": 0.5,
                "descale_k": 1,
                "descale_v": 1,
                "scale_o": 1,
                "scale_s": 448,
                "descale_s": 1 / 448,
            }
        )
        assert (made.shape, made.dtype) == (SHAPE, E4M3)
    assert (graph.scale, streams) == (0.25, [7, 7])
    for told in list(graph.given.values())[:3]:
        assert (told["dim"], told["data_type"]) == ((1, 2, 600, 128), "e4m3")
        assert told["stride"] == query.transpose(1, 2).stride()


def test_a_shape_that_cudnn_refuses_is_attended_by_torch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(Drawn):
        def check_support(self) -> None:
            raise RuntimeError("no engine for this shape")

    stands_in = SimpleNamespace(
        pygraph=Refusing,
        create_handle=object,
        data_type=SimpleNamespace(FP8_E4M3="e4m3", FLOAT="float"),
        heur_mode=SimpleNamespace(A=0, FALLBACK=1),
    )
    monkeypatch.setitem(sys.modules, "cudnn", stands_in)
    monkeypatch.setattr(torch.cuda, "device", nullcontext)
    for kept in (cudnn_attention._built, cudnn_attention._handle):
        monkeypatch.setattr(cudnn_attention, kept.__name__, cache(kept.__wrapped__))
    numbers = tuple(each.to(E4M3) for each in drawn())
    given = (*numbers, torch.tensor([0.5]), 0.25)
    for _ in range(2):
        made = lever._product_on_gpu(*given)
    assert made.dtype == E4M3
    assert made.is_contiguous()
    assert relative_error(made.float(), product(*given).float()) < 0.05
    assert caplog.text.count("no engine for this shape") == 1


def test_other_settings_and_other_models_are_said() -> None:
    assert attention8(None, "int4", "cpu", ()) == "`int4` is none of fp8"
    _, parts = builder(SVD)
    said = attention8(SimpleNamespace(unet=parts["unet"]), "fp8", "cpu", ("unet",))
    assert said == "UNetSpatioTemporalConditionModel takes no other attention"
