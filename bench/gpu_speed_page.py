"""The page of `bench.gpu_speed`: what was measured, as shares of limits, clips a minute, dollars.

    python -m bench.gpu_speed_page                    # docs/benchmarks/gpu-speed.md from its .json
    python -m bench.gpu_speed_page --add FILE.json    # with what another run has kept

What another run has measured again takes the place of the older rows; of forwards, where it has
tried all of their ways.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.gpu_price import usd_a_second

JSON_FILE = Path(__file__).parents[1] / "docs" / "benchmarks" / "gpu-speed.json"
PAGE = JSON_FILE.with_suffix(".md")
SECONDS_A_MINUTE, TERA, GIB = 60, 1e12, 1024**3

Document = Mapping[str, Any]


def page(document: Document) -> str:
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield "# Stock diffusers against ours, on a GPU\n"
    yield "    python -m bench.gpu_speed --write && python -m bench.gpu_speed_page\n"
    if document["toy"]:
        yield "**Toy sizes on a processor.** The figures say that the harness runs, nothing else.\n"
    yield "Real architectures at real size with random weights; one expert of Wan's A14B stands for"
    yield "both (the same net, half the memory). Stock and every lever share the weights and take"
    yield "turns in one process; stock runs twice a round, and what differs between its two rows is"
    yield "noise. Medians, device events, after a first forward that is not counted (*first*:"
    yield "compiling is in it). Torch chooses cuDNN's attention by itself here, so stock has it"
    yield "too. *changed*: ‖answer − stock's‖ / ‖stock's‖ through all layers, in bfloat16. *error*:"
    yield "against float32 on the first two layers at the clip's own tokens. Random weights move an"
    yield "answer less than trained ones do, so both are lower bounds; with trained weights nobody"
    yield "has looked at a clip yet.\n"
    if document.get("runs"):
        yield "Put together from several runs on one kind of GPU, by one driver and one torch;"
        yield "`earlier` marks an earlier one, each with its own stock:\n"
        yield from (f"- {each}" for each in document["runs"])
        yield ""
    limits = document["limits"]["machine"]
    yield from _limits(limits)
    yield "\n## A forward\n"
    yield from _forwards(document.get("forwards", {}), limits)
    if document.get("passes"):
        yield "\n## Several clips in one pass\n"
        yield from _passes(document["passes"])
    if document.get("guidance"):
        yield "\n## A step with guidance\n"
        yield from _guidance(document["guidance"])
    if document.get("kernels"):
        yield "\n## Where a call spends its time on the GPU, seconds\n"
        yield from _kernels(document["kernels"])
    yield "\n## The picture coder, a clip\n"
    yield from _coders(document.get("coders", {}))
    yield "\n## A clip\n"
    yield from _clips(document)
    if document.get("rife"):
        yield "\n## A frame between two, by RIFE 4.26 at 1024×576\n"
        yield "| way | seconds | changed |\n|---|---:|---:|"
        for way, row in document["rife"].items():
            yield f"| {way} | {row['seconds']:.4f} | {row['changed']:.1e} |"
    if document.get("text"):
        yield "\n## A prompt\n"
        yield from _prompts(document["text"])
    there = document["where"]
    names = ", ".join(f"{name} {there[name]}" for name in there if name != "device")
    yield f"\nMeasured {document['measured_at'][:10]} on {there['device']}; {names}."


def _limits(limits: Document) -> Iterator[str]:
    yield "What the machine can do at most, measured on it:\n"
    yield "| | |\n|---|---:|"
    yield f"| products in bfloat16, 8192³ | {limits['flops'] / TERA:.0f} TFLOP/s |"
    if limits["fp8_flops"]:
        yield f"| products in fp8, 8192³ | {limits['fp8_flops'] / TERA:.0f} TFLOP/s |"
    for shape, rate in limits.get("shapes", {}).items():
        yield f"| {shape}, 32,760 rows | {rate / TERA:.0f} TFLOP/s |"
    for kernel, rate in limits.get("attention", {}).items():
        error = limits.get("attention_errors", {}).get(kernel)
        off = f", error {error:.4f}" if error else ""
        yield f"| attention by {kernel}, 32,760 tokens | {rate / TERA:.0f} TFLOP/s{off} |"
    yield f"| a copy, read and written | {limits['bytes_per_sec'] / TERA:.2f} TB/s |"


def _forwards(forwards: Document, limits: Document) -> Iterator[str]:
    yield "*of limit*: operations over the rate of bfloat16 products, over the seconds; fp8 may"
    yield "pass what bfloat16 cannot. *of bytes*: the weights read once at the rate of a copy, over"
    yield "the seconds: the other limit, of which nothing here is near. *weights*, *working*: GiB"
    yield "of the GPU's memory; what a recording holds for good is in neither.\n"
    heads = ["PFLOP", "seconds", "× stock", "of limit", "of bytes", "first", "weights", "working"]
    heads += ["changed", "error"]
    yield f"| model | way | {' | '.join(heads)} |"
    yield f"|---|---|{'---:|' * len(heads)}"
    for model, found in forwards.items():
        stock = found["rungs"][0]["forward_sec"]
        least = found["flops"] / limits["flops"]
        for row in found["rungs"]:
            seconds = row["forward_sec"]
            if not seconds:
                yield f"| `{model}` | {row['name']} | | {row['trouble']} |{' |' * 8}"
                continue
            first = f"{row['first_sec']:.1f}" if row["first_sec"] else "–"
            weights, read = "–", "–"
            if row["weights_gib"]:
                weights = f"{row['weights_gib']:.1f}"
                read = f"{row['weights_gib'] * GIB / limits['bytes_per_sec'] / seconds:.1%}"
            cells = [f"{found['flops'] / 1e15:.3f}", f"{seconds:.4f}", f"{stock / seconds:.2f}"]
            cells += [f"{least / seconds:.0%}", read, first, weights, f"{row['working_gib']:.1f}"]
            cells += [_small(row["changed"]), _small(row["error"])]
            yield f"| `{model}` | {row['name']} | {' | '.join(cells)} |"


def _small(value: float) -> str:
    return f"{value:.4f}" if value else "–"


def _passes(passes: Document) -> Iterator[str]:
    yield "One forward with so many clips of one size in it, shared out among them. *× alone*:"
    yield "against the same way with one clip; *× stock*: against stock with one. *changed*:"
    yield "against the answer to one clip alone.\n"
    heads = ["clips", "seconds a clip", "× alone", "× stock", "first", "working", "changed"]
    yield f"| model | size | way | {' | '.join(heads)} |"
    yield f"|---|---|---|{'---:|' * len(heads)}"
    for model, rows in passes.items():
        single = {(row["way"], *row["size"]): row["clip_sec"] for row in reversed(rows)}
        for row in rows:
            size, seconds = row["size"], row["clip_sec"]
            start = f"| `{model}` | {size[0]}×{size[1]} | {row['way']} | {row['clips']} |"
            if not seconds:
                yield f"{start} {row['trouble']} |{' |' * (len(heads) - 2)}"
                continue
            alone, stock = single[row["way"], *size], single["stock", *size]
            cells = [f"{seconds:.4f}", f"{alone / seconds:.2f}", f"{stock / seconds:.2f}"]
            cells += [f"{row['first_sec']:.1f}", f"{row['working_gib']:.1f}"]
            yield f"{start} {' | '.join([*cells, _small(row['changed'])])} |"


def _guidance(guidance: Document) -> Iterator[str]:
    yield "Two passes of one clip, or one pass of both readings (`guidance: batched`).\n"
    yield "| model | size | way | two passes, s | one pass, s | two / one |"
    yield f"|---|---|---|{'---:|' * 3}"
    for model, rows in guidance.items():
        pairs: dict[tuple[str, str], dict[str, Document]] = {}
        for row in rows:
            size = f"{row['size'][0]}×{row['size'][1]}"
            pairs.setdefault((size, row["way"]), {})[row["guidance"]] = row
        for (size, way), pair in pairs.items():
            two, one = (pair[name].get("step_sec") for name in ("sequential", "batched"))
            cells = [
                f"{row['step_sec']:.4f}" if row.get("step_sec") else row["trouble"]
                for row in (pair["sequential"], pair["batched"])
            ]
            cells += [f"{two / one:.2f}" if one and two else "–"]
            yield f"| `{model}` | {size} | {way} | {' | '.join(cells)} |"


def _prompts(text: Document) -> Iterator[str]:
    heads = ["encoder", "tokens", "seconds", "weights, GiB"]
    parked = any("parked_sec" in row for row in text.values())
    if parked:
        yield "*parked*: with `offload: encoders`, its fetching too; *away*: sending it back.\n"
        heads += ["parked, s", "away, s"]
    yield f"| {' | '.join(heads)} |\n|---|{'---:|' * (len(heads) - 1)}"
    for name, row in text.items():
        cells = [f"{row['tokens']}", f"{row['seconds']:.3f}", f"{row['weights_gib']:.1f}"]
        if parked:
            cells += [f"{row[key]:.2f}" for key in ("parked_sec", "away_sec") if key in row]
        yield f"| {name} | {' | '.join(cells)} |"


def _kernels(kernels: Document) -> Iterator[str]:
    kinds = sorted({kind for found in kernels.values() for kind in found["kinds"]})
    yield f"| call | {' | '.join(kinds)} |"
    yield f"|---|{'---:|' * len(kinds)}"
    for call, found in kernels.items():
        cells = " | ".join(f"{found['kinds'].get(kind, 0.0):.3f}" for kind in kinds)
        yield f"| {call} | {cells} |"


def _coders(coders: Document) -> Iterator[str]:
    yield "| model | way | decode | encode | working, GiB | first | changed | PSNR, dB | |"
    yield f"|---|---|{'---:|' * 6}---|"
    for model, rows in coders.items():
        for row in rows:
            if not row["decode_sec"]:
                continue
            encode = f"{row['encode_sec']:.3f}" if row["encode_sec"] else "–"
            cells = [f"{row['decode_sec']:.3f}", encode, f"{row['working_gib']:.1f}"]
            cells += [f"{row['first_sec']:.1f}", _small(row["error"])]
            cells += [f"{row['psnr_db']:.1f}" if row["psnr_db"] else "–", row.get("note", "")]
            yield f"| `{model}` | {row['way']} | {' | '.join(cells)} |"


STAGES = ("encode_image", "forward", "decode", "rest", "interpolate", "encode")


def _clips(document: Document) -> Iterator[str]:
    usd = float(usd_a_second(document["gpu_class"], document["where"]["device"]))
    yield "Everything in one process, one after the other: keyframe, steps, decoding, RIFE to 30"
    yield "frames a second, near-lossless encoding on the processor (a moving picture in the random"
    yield "frames' place). Not in it: reading the prompt (a batch repeats its words), loading,"
    yield "compiling, upload. Where fewer steps ran than a clip takes, the rest is worked out from"
    yield "the median step. *of limit*: the operations of all its forwards at the rate of bfloat16"
    yield "products, over all its seconds. USD by the price of the class in"
    yield "`shared/gpu_jobs/gpus.json`.\n"
    heads = ["model", "way", "steps", "guidance", "s/step", *STAGES]
    heads += ["generated, s", "s/clip", "× stock", "of limit", "clips/min", "USD/clip", "peak GiB"]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---|{'---:|' * (len(heads) - 2)}"
    for model, measured in document.get("clips", {}).items():
        rows = [*measured, *_composed(measured)]
        stock = rows[0]["clip_sec"]
        for row in rows:
            if not row["clip_sec"]:
                continue
            ran, of = row["steps"], row["of_steps"]
            cells = [f"{of}" if ran == of else f"{of} ({ran} ran)", f"{row['guidance']:g}"]
            cells += [f"{row['step_sec']:.3f}"]
            seconds = row["seconds"]
            cells += [f"{seconds[stage]:.2f}" if stage in seconds else "–" for stage in STAGES]
            after = sum(seconds.get(stage, 0.0) for stage in ("interpolate", "encode"))
            cells += [f"{row['clip_sec'] - after:.2f}", f"{row['clip_sec']:.2f}"]
            cells += [f"{stock / row['clip_sec']:.2f}", _of_limit(document, model, row)]
            cells += [f"{SECONDS_A_MINUTE / row['clip_sec']:.1f}"]
            cells += [f"{usd * row['clip_sec']:.4f}"]
            cells += [f"{row['peak_gib']:.1f}" if row["peak_gib"] else "–"]
            yield f"| `{model}` | {row['way']} | {' | '.join(cells)} |"
    yield ""
    for model, rows in document.get("clips", {}).items():
        for row in rows:
            notes = [*row.get("notes", ()), *([row["note"]] if row.get("note") else [])]
            if notes and row["clip_sec"]:
                yield f"- `{model}`, {row['way']}: {'; '.join(notes)}"
    yield "- peak: with what else the bench holds (stock's weights; one expert of A14B)."


def _of_limit(document: Document, model: str, row: Document) -> str:
    forward = document.get("forwards", {}).get(model)
    if forward is None:
        return "–"
    forwards = row["of_steps"] * (2 if row["guidance"] > 1 else 1)
    least = forwards * forward["flops"] / document["limits"]["machine"]["flops"]
    return f"{least / row['clip_sec']:.0%}"


def _composed(rows: Sequence[Document]) -> Iterator[Document]:
    """Ours with all steps and guidance, from its forwards: where only the few steps were run."""
    few = next((row for row in rows if row["way"] == "ours, few steps"), None)
    if few is None or not few["clip_sec"]:
        return
    forward = few["step_sec"]  # guidance 1: one forward a step
    steps, guidance = rows[0]["of_steps"], rows[0]["guidance"]
    step = 2 * forward
    yield {
        **few,
        "way": "ours, all steps",
        "steps": 0,
        "of_steps": steps,
        "guidance": guidance,
        "step_sec": step,
        "seconds": {**few["seconds"], "forward": steps * step},
        "clip_sec": few["clip_sec"] - few["steps"] * forward + steps * step,
    }


SECTIONS = ("forwards", "passes", "guidance", "kernels", "coders", "clips", "text", "rife")


def added(document: Document, other: Document) -> Document:
    """A document with what another run has measured; of the same rows the other's count.

    Forwards by ways that the other run has not tried are kept beside its own, with their stock.

    Raises
    ------
    ValueError : they are of different machines or versions, and cannot stand in one table.
    """
    here, there = document["where"], other["where"]
    apart = [name for name in here if here[name] != there.get(name)]
    if apart:
        pairs = (f"{name} {there.get(name)} (the page's is {here[name]})" for name in apart)
        raise ValueError(
            f"a page is of one machine and its versions; here it has {', '.join(pairs)}"
        )
    sections: dict[str, Document] = {
        name: {**document.get(name, {}), **other.get(name, {})}
        for name in (*SECTIONS, "limits", "at", "took_sec")
        if document.get(name) or other.get(name)
    }
    forwards = _with_earlier(document.get("forwards", {}), other.get("forwards", {}))
    if forwards:
        sections["forwards"] = forwards
    new = [f"{name}: {key}" for name in SECTIONS for key in other.get(name, {})]
    runs = [*document.get("runs", ()), f"{other['measured_at']}: {'; '.join(new)}"]
    return {**document, **sections, "measured_at": other["measured_at"], "runs": runs}


def _with_earlier(older: Document, newer: Document) -> Document:
    kept = dict(older)
    for model, found in newer.items():
        ways = {row["name"] for row in found["rungs"]}
        before = kept.pop(model, None)
        kept[model] = found
        if before is not None and {row["name"] for row in before["rungs"]} - ways:
            names = (f"{model}, earlier{f' {n}' if n else ''}" for n in itertools.count())
            kept[next(name for name in names if name not in kept)] = before
    return kept


def main() -> int:
    """Write the page, and before it what is added to the document."""
    parser = argparse.ArgumentParser(description="The page of what a GPU took.")
    parser.add_argument("--add", type=Path, action="append", default=[], help="what a run kept")
    document: Document = json.loads(JSON_FILE.read_text("utf-8"))
    for path in parser.parse_args().add:
        try:
            document = added(document, json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, KeyError) as error:
            print(f"{path} is not added: {error}", file=sys.stderr)
            return 1
        JSON_FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
