"""What a second of a GPU costs: Modal's price, as the catalogue has it."""

from decimal import Decimal

from shared.gpu_jobs.gpu import price_of_gpu, tiers

SECONDS_AN_HOUR = 3600


def usd_a_second(gpu_class: str, device: str) -> Decimal:
    """Of the device if it is priced, else of the dearest of its class; 0 for a processor."""
    if gpu_class not in tiers():
        return Decimal(0)
    return price_of_gpu(tiers()[gpu_class], device).usd_per_hour / SECONDS_AN_HOUR
