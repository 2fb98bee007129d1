"""The driver's samples of a GPU, while a batch runs."""

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

EVERY_MS = 200
MOMENT = "%Y/%m/%d %H:%M:%S.%f"

Sample = tuple[float, float]
"""When, in epoch seconds; and the percent of the driver's last period with a kernel at work."""


@contextmanager
def driver_samples(gpu: str) -> Iterator[list[Sample]]:
    """What the driver says of a GPU from here on."""
    samples: list[Sample] = []
    asked = "--query-gpu=timestamp,utilization.gpu"
    often = ["-lms", str(EVERY_MS)]
    command = ["nvidia-smi", "-i", gpu, asked, "--format=csv,noheader,nounits", *often]
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def listen() -> None:
        samples.extend(read_samples(asking.stdout or ()))

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    try:
        yield samples
    finally:
        asking.terminate()
        asking.wait()
        listening.join()


def read_samples(lines: Iterator[str] | Sequence[str]) -> Iterator[Sample]:
    """By the driver's own clock: its lines may come late and in one go."""
    for line in lines:
        moment, _, percent = line.strip().partition(", ")
        if percent.isdigit():  # `[N/A]` where a GPU is shared out
            at = datetime.strptime(moment, MOMENT).astimezone()
            yield at.timestamp(), float(percent)
