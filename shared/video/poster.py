"""The poster and its thumbnail: one frame of the clip as JPEG."""

from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

POSTER_QUALITY = 92
THUMBNAIL_QUALITY = 85
THUMBNAIL_WIDTH = 480


def write_poster(frame: av.VideoFrame, poster: Path, thumbnail: Path) -> None:
    """Write `frame` (bt709, limited range) full size, and again at most 480 pixels wide.

    The JPEG is full-range RGB. The video's transfer curve is left as it is: players show bt709
    video as if it were sRGB, and the poster should look like the clip it stands for.
    """
    picture = to_picture(frame)
    picture.save(poster, "JPEG", quality=POSTER_QUALITY, optimize=True, progressive=True)
    if picture.width > THUMBNAIL_WIDTH:
        height = max(1, round(picture.height * THUMBNAIL_WIDTH / picture.width))
        picture = picture.resize((THUMBNAIL_WIDTH, height), Image.Resampling.LANCZOS)
    picture.save(thumbnail, "JPEG", quality=THUMBNAIL_QUALITY, optimize=True, progressive=True)


def to_picture(frame: av.VideoFrame) -> Image.Image:
    """The frame in full-range sRGB.

    Without the colours at full width swscale takes a short way that makes all of them two code
    values darker.
    """
    rgb = frame.reformat(
        format="rgb24",
        src_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.FULL_CHR_H_INT,
    )
    return Image.fromarray(rgb.to_ndarray(), "RGB")
