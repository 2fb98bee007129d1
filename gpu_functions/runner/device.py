"""The GPU of this process: its name, what was used of it at most, and what may be.

torch is imported by the functions alone, so that a machine without it can load the module.
"""

import platform
import sys

from shared.errors import InvalidInput

CPU = "cpu"
GIB = 1024**3


def device_name(device: str) -> str:
    """`NVIDIA L40S`; the processor's architecture where there is no GPU."""
    if device == CPU:
        return f"CPU ({platform.machine()})"
    import torch  # noqa: PLC0415

    return str(torch.cuda.get_device_name(device))


def device_of(place: str) -> str:
    """`cuda:0` of `0`, and `cpu`.

    Raises
    ------
    InvalidInput : there is no such GPU here, or no torch that could use it.
    """
    if place == CPU:
        return CPU
    try:
        import torch  # noqa: PLC0415
    except ImportError:
        raise InvalidInput("There is no torch here: run `make gpu`.") from None
    count = torch.cuda.device_count()
    if place not in map(str, range(count)):
        there = f"GPUs 0 to {count - 1} and `cpu`" if count else "only `cpu`"
        raise InvalidInput(f"There is no GPU {place[:20]}: torch {torch.__version__} sees {there}.")
    return f"cuda:{place}"


def place_of(device: str) -> str:
    """`0` of `cuda:0`, and `cpu`."""
    return device.rpartition(":")[2]


def cap_memory(device: str, gib: float | None) -> None:
    """Let this process use so much of the GPU and no more, as a smaller one would (X-02)."""
    if device == CPU:
        return
    import torch  # noqa: PLC0415

    total = torch.cuda.get_device_properties(device).total_memory
    share = 1.0 if gib is None else min(1.0, gib * GIB / total)
    index = torch.device(device).index
    torch.cuda.set_per_process_memory_fraction(
        share, torch.cuda.current_device() if index is None else index
    )


def forget_peak(device: str) -> None:
    """Begin to measure anew."""
    if device != CPU:
        import torch  # noqa: PLC0415

        torch.cuda.init()  # before a process has touched its GPU there is nothing to forget
        torch.cuda.reset_peak_memory_stats(device)


def peak_gib(device: str) -> float | None:
    """The most that was held since `forget_peak`; None without a GPU."""
    if device == CPU:
        return None
    import torch  # noqa: PLC0415

    return round(torch.cuda.max_memory_reserved(device) / GIB, 2)


def main() -> int:
    """Are these GPUs here? For those who do not want torch in their own process."""
    try:
        for place in sys.argv[1:]:
            device_of(place)
    except InvalidInput as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
