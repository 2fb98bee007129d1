"""IFNet, the net of RIFE 4.x, after the published architecture (MIT); no weights are in here.

A block guesses where every pixel of the frame between came from in both frames, each next block at
twice the resolution of the one before, and the last mixes the two frames pulled to the middle.
Names of parameters are those of the published files of weights.

Source: Z. Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation",
ECCV 2022, and the released 4.6 and 4.26 nets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate

LEAK = 0.2
RESIDUALS = 8
FLOW = 4
"""Two numbers for each of the two frames."""


@dataclass(frozen=True)
class Shape:
    """What differs between releases.

    Attributes
    ----------
    widths : channels of each block, the coarsest first; the last works at full resolution.
    features : channels that an encoder gives of each frame; 0 in releases without one.
    carried : channels that a block hands to the next.
    mask_adds : does a block correct the mask of the one before, or replace it?
    outputs : of a block's last layer; what is above flow, mask and `carried` is unused.
    """

    widths: tuple[int, ...]
    features: int
    carried: int
    mask_adds: bool
    outputs: int

    @property
    def multiple(self) -> int:
        """Of a frame's sides, for the coarsest block to see whole pixels."""
        return 4 * 2 ** (len(self.widths) - 1)


SHAPES = {
    "4.6": Shape((192, 128, 96, 64), features=0, carried=0, mask_adds=True, outputs=6),
    "4.26": Shape((192, 128, 96, 64, 32), features=4, carried=8, mask_adds=False, outputs=13),
}


class IFNet(nn.Module):
    """Frames between two frames, at any moments."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        pictures = 2 * (3 + shape.features)
        first, later = pictures + 1, pictures + 2 + shape.carried + FLOW
        for index, width in enumerate(shape.widths):
            block = Block(later if index else first, width, shape.outputs)
            self.add_module(f"block{index}", block)
        if shape.features:
            self.encode = Encoder(shape.features)

    def forward(self, first: Tensor, second: Tensor, moments: Tensor) -> Tensor:
        """The frames at `moments`.

        Parameters
        ----------
        first, second : (1, 3, height, width) from 0 to 1, sides multiples of `shape.multiple`.
        moments : (n,) from 0 to 1.

        Returns
        -------
        (n, 3, height, width).
        """
        count, (height, width) = len(moments), first.shape[-2:]
        pair = [self._seen(each).expand(count, -1, -1, -1) for each in (first, second)]
        when = moments.view(-1, 1, 1, 1).expand(-1, 1, height, width)
        coarsest = len(self.shape.widths) - 1
        known = torch.cat((_side_by_side(pair), when), 1)
        flow, mask, carried = self._block(0)(known, None, 2**coarsest)
        for index in range(1, coarsest + 1):
            known = torch.cat((_side_by_side(_pulled(pair, flow)), when, mask, carried), 1)
            more, said, carried = self._block(index)(known, flow, 2 ** (coarsest - index))
            flow = flow + more
            mask = mask + said if self.shape.mask_adds else said
        low, high = _pulled([each[:, :3] for each in pair], flow)
        share = torch.sigmoid(mask)
        return low * share + high * (1 - share)

    def _seen(self, frame: Tensor) -> Tensor:
        """The frame, and what the encoder sees in it."""
        return torch.cat((frame, self.encode(frame)), 1) if self.shape.features else frame

    def _block(self, index: int) -> "Block":
        block: Block = getattr(self, f"block{index}")
        return block


class Block(nn.Module):
    """Flow and mask at one scale."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(_halving(inputs, width // 2), _halving(width // 2, width))
        self.convblock = nn.Sequential(*(Residual(width) for _ in range(RESIDUALS)))
        self.lastconv = nn.Sequential(
            nn.ConvTranspose2d(width, 4 * outputs, 4, 2, 1), nn.PixelShuffle(2)
        )
        self._carries = outputs > FLOW + 2

    def forward(
        self, known: Tensor, flow: Tensor | None, scale: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """More flow, mask and what is carried on, all at the full size."""
        known = _resized(known, 1 / scale)
        if flow is not None:
            known = torch.cat((known, _resized(flow, 1 / scale) / scale), 1)
        made = _resized(self.lastconv(self.convblock(self.conv0(known))), scale)
        kept = made[:, FLOW + 1 :] if self._carries else made[:, :0]
        return made[:, :FLOW] * scale, made[:, FLOW : FLOW + 1], kept


class Residual(nn.Module):
    """A convolution that corrects its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, 1, 1)
        self.beta = nn.Parameter(torch.ones(1, width, 1, 1))
        self.relu = nn.LeakyReLU(LEAK)

    def forward(self, x: Tensor) -> Tensor:
        corrected: Tensor = self.relu(self.conv(x) * self.beta + x)
        return corrected


class Encoder(nn.Module):
    """What is in a frame, beside its colours."""

    def __init__(self, features: int, width: int = 16) -> None:
        super().__init__()
        self.cnn0 = nn.Conv2d(3, width, 3, 2, 1)
        self.cnn1 = nn.Conv2d(width, width, 3, 1, 1)
        self.cnn2 = nn.Conv2d(width, width, 3, 1, 1)
        self.cnn3 = nn.ConvTranspose2d(width, features, 4, 2, 1)
        self.relu = nn.LeakyReLU(LEAK)

    def forward(self, frame: Tensor) -> Tensor:
        for layer in (self.cnn0, self.cnn1, self.cnn2):
            frame = self.relu(layer(frame))
        features: Tensor = self.cnn3(frame)
        return features


def warp(picture: Tensor, flow: Tensor) -> Tensor:
    """The picture, every pixel taken from where `flow` (n, 2, height, width) points, in pixels."""
    height, width = picture.shape[-2:]
    x = torch.linspace(-1, 1, width, device=flow.device, dtype=flow.dtype)
    y = torch.linspace(-1, 1, height, device=flow.device, dtype=flow.dtype)
    still = torch.stack(torch.meshgrid(x, y, indexing="xy"))
    # no tensor is made of numbers here: that cannot be recorded (speed/graphs.py)
    across, down = flow[:, 0] / ((width - 1) / 2), flow[:, 1] / ((height - 1) / 2)
    places = still + torch.stack((across, down), 1)
    return grid_sample(
        picture, places.permute(0, 2, 3, 1), "bilinear", padding_mode="border", align_corners=True
    )


def _side_by_side(pair: Sequence[Tensor]) -> Tensor:
    """Colours of both, then features of both: the order that the weights were trained with."""
    return torch.cat((*(each[:, :3] for each in pair), *(each[:, 3:] for each in pair)), 1)


def _pulled(pair: Sequence[Tensor], flow: Tensor) -> tuple[Tensor, Tensor]:
    return warp(pair[0], flow[:, :2]), warp(pair[1], flow[:, 2:])


def _halving(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 2, 1), nn.LeakyReLU(LEAK))


def _resized(x: Tensor, factor: float) -> Tensor:
    return x if factor == 1 else interpolate(x, scale_factor=factor, mode="bilinear")
