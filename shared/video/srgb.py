"""Any decoded picture as opaque 8-bit sRGB, the one form the rest of the house works in.

Three steps, each with a note where it changed what the creator will see: deep greys to 8 bits, the
embedded colour profile to sRGB, transparency onto white.
"""

import io

import numpy as np
from PIL import Image, ImageCms

_PALETTES = ("P", "PA")
_ALPHAS = ("LA", "RGBA")
_DEEP_GREYS = ("I;16", "I;16B", "I;16L", "I;16N")
SUPPORTED_MODES = ("1", "L", "RGB", "CMYK", *_PALETTES, *_ALPHAS, *_DEEP_GREYS)

_PROFILE_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture in mode RGB, sRGB, without alpha.

    Parameters
    ----------
    picture : a loaded picture in one of `SUPPORTED_MODES`; its ICC profile is honoured.

    Returns
    -------
    The converted picture, and sentences on what was changed.

    Raises
    ------
    ValueError
        A mode that has no faithful conversion (float, Lab, 32-bit integers).
    """
    if picture.mode not in SUPPORTED_MODES:
        raise ValueError(f"pixel type {picture.mode} has no faithful 8-bit form")
    notes: list[str] = []
    profile = picture.info.get("icc_profile")
    picture, alpha = _without_alpha(_eight_bit(picture, notes))
    picture = _managed(picture, profile, notes)
    if alpha is not None:
        # White, as paper, browsers and image viewers show it.
        paper = Image.new("RGB", picture.size, (255, 255, 255))
        paper.paste(picture, mask=alpha)
        picture = paper
        notes.append("Transparent parts are shown on white.")
    return picture, notes


def _eight_bit(picture: Image.Image, notes: list[str]) -> Image.Image:
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode not in _DEEP_GREYS:
        return picture
    # Pillow's own conversion clips every level above 255 to white.
    levels = np.asarray(picture).astype(np.uint32)
    notes.append("16-bit grey is reduced to 8 bits.")
    return Image.fromarray(((levels + 128) // 257).astype(np.uint8))


def _without_alpha(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours, and the alpha channel if any of it is not opaque."""
    if not picture.has_transparency_data:
        return (picture.convert("RGB") if picture.mode in _PALETTES else picture), None
    grey = picture.mode == "LA"
    whole = picture if picture.mode in _ALPHAS else picture.convert("RGBA")
    alpha = whole.getchannel("A")
    opaque = alpha.getextrema() == (255, 255)
    return whole.convert("L" if grey else "RGB"), None if opaque else alpha


def _managed(picture: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Through the embedded colour profile to sRGB; without one, sRGB is taken for granted."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            name = (source.profile.profile_description or "unnamed").strip()
            if source.profile.xcolor_space.strip() == _PROFILE_SPACES[picture.mode]:
                if picture.mode == "RGB" and "sRGB" in name:
                    return picture
                converted = ImageCms.profileToProfile(
                    picture,
                    source,
                    _SRGB,
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    outputMode="RGB",
                    flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
                if converted is not None:
                    notes.append(f"Colours are converted from {name} to sRGB.")
                    return converted
        except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
            pass
        notes.append("The embedded colour profile cannot be used; colours are taken as sRGB.")
    if picture.mode == "CMYK":
        notes.append("Print colours (CMYK) without a usable profile are converted by formula.")
    return picture.convert("RGB")
