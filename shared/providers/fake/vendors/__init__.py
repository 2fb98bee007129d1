"""One module a vendor."""

from shared.providers.fake.vendor import FakeVendor
from shared.providers.fake.vendors.fal import FakeFal
from shared.providers.fake.vendors.google import FakeGemini, FakeVertex
from shared.providers.fake.vendors.kling import FakeKling
from shared.providers.fake.vendors.luma import FakeLuma
from shared.providers.fake.vendors.minimax import FakeMiniMax
from shared.providers.fake.vendors.replicate import FakeReplicate
from shared.providers.fake.vendors.runway import FakeRunway
from shared.providers.fake.vendors.wavespeed import FakeWaveSpeed

VENDORS: tuple[type[FakeVendor], ...] = (
    FakeWaveSpeed,
    FakeReplicate,
    FakeFal,
    FakeRunway,
    FakeVertex,
    FakeGemini,
    FakeLuma,
    FakeKling,
    FakeMiniMax,
)
