"""Dropped files of every kind: what is decoded, how, and what each refusal tells the creator."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile

from shared.errors import KeyframeUnreadable, Problem
from shared.video.image_format import ACCEPTED
from shared.video.keyframe import Keyframe, KeyframeLimits, decode_keyframe

SUFFIX = {"JPEG": "jpg", "TIFF": "tif"}


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def scene(width: int = 64, height: int = 48) -> Image.Image:
    """A soft gradient, kind to lossy codecs, with every corner of its own colour."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, 255 - x], axis=-1).astype(np.uint8))


def noise(width: int = 120, height: int = 80) -> Image.Image:
    values = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, depth: int, colour: int, rows: list[bytes]) -> bytes:
    """A PNG written by hand, for what Pillow itself does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def refused(data: bytes, name: str = "img_001.png", **limits: int) -> Problem:
    with pytest.raises(KeyframeUnreadable) as caught:
        decode_keyframe(data, name, KeyframeLimits(**limits))
    (problem,) = caught.value.problems
    assert problem.path == name
    assert problem.message
    assert problem.hint
    return problem


def noted(keyframe: Keyframe, words: str) -> bool:
    return any(words in note for note in keyframe.notes)


# --- what is accepted


@pytest.mark.parametrize("kind", ACCEPTED)
def test_every_accepted_format_decodes_to_the_same_picture(kind: str) -> None:
    options = {"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {}
    data = encoded(scene(), kind, **options)
    keyframe = decode_keyframe(data, f"img.{SUFFIX.get(kind, kind.lower())}")
    assert keyframe.format == kind
    assert keyframe.size == (64, 48)
    assert keyframe.rgb.shape == (48, 64, 3)
    assert keyframe.rgb.dtype == np.uint8
    difference = np.abs(keyframe.rgb.astype(int) - np.asarray(scene(), dtype=int))
    # A GIF has 256 colours to say it in.
    assert difference.mean() < (30 if kind == "GIF" else 4)
    assert keyframe.notes == ()


def test_the_digest_is_the_files_and_the_pixels_are_not_for_writing() -> None:
    data = encoded(scene(), "PNG")
    keyframe = decode_keyframe(data, "a.png")
    assert keyframe.sha256 == decode_keyframe(data, "b.png").sha256
    assert len(keyframe.sha256) == 64
    with pytest.raises(ValueError, match="read-only"):
        keyframe.rgb[0, 0] = 0


@pytest.mark.parametrize("name", ["photo.png", "photo.PNG", "photo", "photo.heic"])
def test_a_name_that_claims_another_format_is_noted_not_believed(name: str) -> None:
    keyframe = decode_keyframe(encoded(scene(), "JPEG"), name)
    assert keyframe.format == "JPEG"
    assert noted(keyframe, "JPEG by content")


@pytest.mark.parametrize("name", ["a.JPG", "a.jpeg", "a.b.jfif"])
def test_every_usual_suffix_is_silent(name: str) -> None:
    assert decode_keyframe(encoded(scene(), "JPEG"), name).notes == ()


# --- what is refused


def heif(brand: bytes, *others: bytes) -> bytes:
    body = b"ftyp" + brand + b"\0\0\0\0" + b"".join(others)
    return struct.pack(">I", len(body) + 4) + body + bytes(200)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "0 bytes"),
        (b"just a few words about a picture", "text"),
        ("Ein Text über Käfer, länger als sonst".encode(), "text"),
        (b'{"keyframes": []}', "text"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "web page"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"8BPS\0\x01" + bytes(20), "Photoshop"),
        (heif(b"heic", b"mif1"), "HEIC"),
        (heif(b"mif1", b"heic"), "HEIC"),
        (heif(b"isom", b"mp42"), "a video"),
        (heif(b"qt  "), "a video"),
        (b"\x1aE\xdf\xa3" + bytes(40), "a video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20), "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(20), "JPEG 2000"),
        (b"PK\x03\x04" + bytes(40), "ZIP"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "camera raw"),
        (bytes(range(256)), "not an image"),
    ],
)
def test_what_is_no_image_is_refused_by_what_it_is(data: bytes, what: str) -> None:
    problem = refused(data)
    assert what in problem.message
    assert problem.code == "not_an_image"
    assert "JPEG" in problem.hint


def test_a_raw_photo_that_looks_like_a_tiff_is_not_taken_for_its_thumbnail() -> None:
    for tags in ({50706: b"\x01\x04\0\0"}, {254: 1}):
        assert "camera raw" in refused(encoded(scene(), "TIFF", tiffinfo=tags), "a.tif").message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF"])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.95, 0.9999])
def test_a_file_cut_short_is_refused_never_padded(kind: str, kept: float) -> None:
    data = encoded(noise(), kind)
    problem = refused(data[: min(int(len(data) * kept), len(data) - 1)], f"a.{kind.lower()}")
    assert problem.code in ("damaged", "not_an_image")


def test_a_header_and_nothing_else_is_refused_in_words() -> None:
    problem = refused(encoded(scene(), "PNG")[:8])
    assert "its header cannot be read" in problem.message
    assert "object at" not in problem.message


@pytest.mark.parametrize("missing", range(1, 30))
def test_a_png_without_its_last_bytes_is_refused(missing: int) -> None:
    assert refused(encoded(noise(), "PNG")[:-missing]).code == "damaged"


def test_a_png_with_a_flipped_bit_is_refused() -> None:
    data = bytearray(encoded(noise(), "PNG"))
    data[len(data) // 2] ^= 0x10
    assert refused(bytes(data)).code == "damaged"


def test_bytes_after_the_end_of_an_image_do_no_harm() -> None:
    for kind, name in (("PNG", "a.png"), ("JPEG", "a.jpg")):
        assert decode_keyframe(encoded(scene(), kind) + b"trailer", name).size == (64, 48)


def test_nobody_has_told_pillow_to_accept_truncated_files() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("side", [10_001, 20_000, 60_000])
def test_a_decompression_bomb_is_refused_by_its_header(side: int) -> None:
    problem = refused(png(side, side, 8, 2, [b"\0"]))
    assert problem.code == "too_many_pixels"
    assert "100 megapixels" in problem.message


def test_limits_are_the_callers_to_tighten() -> None:
    data = encoded(scene(), "PNG")
    assert refused(data, max_bytes=100).code == "too_many_bytes"
    assert "64×48" in refused(data, max_pixels=1000).message
    assert refused(data, min_side=50).code == "too_small"
    assert decode_keyframe(data, "a.png", KeyframeLimits(max_pixels=64 * 48)).size == (64, 48)


def test_a_shape_no_camera_can_move_in_is_refused() -> None:
    assert refused(encoded(scene(15, 100), "PNG")).code == "too_small"
    assert refused(encoded(scene(330, 32), "PNG")).code == "extreme_aspect"
    assert decode_keyframe(encoded(scene(320, 32), "PNG"), "a.png").size == (320, 32)


def test_pixels_without_a_faithful_form_are_refused() -> None:
    floats = Image.fromarray(np.linspace(-1, 5, 32 * 32, dtype=np.float32).reshape(32, 32))
    assert refused(encoded(floats, "TIFF"), "a.tif").code == "unsupported_pixels"


WHOLE_FILES = [encoded(noise(40, 30), kind) for kind in ACCEPTED]


@settings(max_examples=150)
@given(st.sampled_from(WHOLE_FILES), st.data())
def test_damage_anywhere_is_a_picture_or_a_refusal_never_a_crash(
    whole: bytes, data: st.DataObject
) -> None:
    hurt = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        hurt[data.draw(st.integers(0, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    try:
        keyframe = decode_keyframe(bytes(hurt), "a.png", KeyframeLimits(max_pixels=10_000))
    except KeyframeUnreadable:
        return
    assert keyframe.rgb.shape[2] == 3


# --- how it is converted


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 64 * 48).astype(np.uint16).reshape(48, 64)
    keyframe = decode_keyframe(encoded(Image.fromarray(ramp), "PNG"), "deep.png")
    assert keyframe.rgb[..., 0] == pytest.approx(np.round(ramp / 257), abs=1)
    assert len(np.unique(keyframe.rgb)) == 256
    assert noted(keyframe, "16-bit grey")


def test_16_bit_colour_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 64 * 32 * 3).astype(">u2").reshape(32, 64, 3)
    data = png(64, 32, 16, 2, [row.tobytes() for row in ramp])
    keyframe = decode_keyframe(data, "deep.png")
    assert np.abs(keyframe.rgb - ramp.astype(float) / 257).max() <= 1
    assert noted(keyframe, "16-bit colour")


def test_grey_palette_and_one_bit_pictures_become_colour() -> None:
    for picture in (scene().convert("L"), scene().convert("1")):
        keyframe = decode_keyframe(encoded(picture, "PNG"), "a.png")
        assert np.array_equal(keyframe.rgb, np.asarray(picture.convert("RGB")))
    palette = scene().quantize(16)
    keyframe = decode_keyframe(encoded(palette, "PNG"), "a.png")
    assert np.array_equal(keyframe.rgb, np.asarray(palette.convert("RGB")))
    assert keyframe.notes == ()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white_and_noted(mode: str) -> None:
    picture = Image.new(mode, (32, 32), (0,) * len(mode))
    picture.paste((100,) * (len(mode) - 1) + (255,), (0, 0, 16, 32))
    keyframe = decode_keyframe(encoded(picture, "PNG"), "a.png")
    assert keyframe.rgb[0, 0].tolist() == [100, 100, 100]
    assert keyframe.rgb[0, 31].tolist() == [255, 255, 255]
    assert noted(keyframe, "on white")


def test_a_transparent_palette_colour_is_laid_on_white() -> None:
    picture = Image.new("P", (32, 32), 0)
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.paste(1, (0, 0, 16, 32))
    keyframe = decode_keyframe(encoded(picture, "PNG", transparency=0), "a.png")
    assert keyframe.rgb[0, 0].tolist() == [200, 0, 0]
    assert keyframe.rgb[0, 31].tolist() == [255, 255, 255]


def test_an_alpha_channel_that_hides_nothing_is_not_worth_a_word() -> None:
    keyframe = decode_keyframe(encoded(scene().convert("RGBA"), "PNG"), "a.png")
    assert np.array_equal(keyframe.rgb, np.asarray(scene()))
    assert keyframe.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_is_turned_the_way_the_camera_was_held(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    held = scene()
    if orientation in undo:
        held = held.transpose(Image.Transpose(undo[orientation]))
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    keyframe = decode_keyframe(encoded(held, kind, exif=exif, **options), "a")
    assert keyframe.size == (64, 48)
    difference = np.abs(keyframe.rgb.astype(int) - np.asarray(scene(), dtype=int))
    assert difference.mean() < 4


def test_damaged_exif_does_not_cost_the_picture() -> None:
    keyframe = decode_keyframe(encoded(scene(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff"), "a.jpg")
    assert keyframe.size == (64, 48)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_used_and_said(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "lime")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    keyframe = decode_keyframe(data, f"a.{kind.lower()}")
    assert keyframe.rgb[16, 16].tolist() == pytest.approx([255, 0, 0], abs=12)
    assert noted(keyframe, f"animated {kind}")


def test_of_several_pages_the_first_is_used_and_said() -> None:
    data = encoded(scene(), "TIFF", save_all=True, append_images=[noise()])
    keyframe = decode_keyframe(data, "a.tif")
    assert keyframe.size == (64, 48)
    assert noted(keyframe, "several pages")


# --- colour


def icc(space: bytes, pcs: bytes, device: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A small ICC 2.1 profile (ICC.1:1998-09: 128-byte header, tag table, tags)."""
    body, table, offset = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, tag in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(tag))
        body += tag + bytes(-len(tag) % 4)
    d50 = struct.pack(">3i", 63190, 65536, 54061)
    header = (
        struct.pack(">I", offset + len(body))
        + b"\0\0\0\0\x02\x10\0\0"
        + device
        + space
        + pcs
        + bytes(12)
        + b"acsp"
        + bytes(28)
        + d50
    )
    return header + bytes(128 - len(header)) + table + body


def described(name: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0" + bytes(78)


def xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))


def wide_gamut_profile() -> bytes:
    """RGB with the primaries of phones' displays (P3 adapted to D50) and a gamma of 2.2."""
    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
    return icc(b"RGB ", b"XYZ ", b"mntr", {
        b"desc": described(b"Wide"), b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.5151, 0.2412, -0.0011), b"gXYZ": xyz(0.2920, 0.6922, 0.0419),
        b"bXYZ": xyz(0.1571, 0.0666, 0.7841),
        b"rTRC": gamma, b"gTRC": gamma, b"bTRC": gamma,
    })  # fmt: skip


def neutral_ink_profile() -> bytes:
    """CMYK whose inks all darken to grey: no formula without the profile would say so."""
    ramp = bytes(range(256))
    corners = bytearray()
    for n in range(16):
        c, m, y, k = (n >> 3 & 1, n >> 2 & 1, n >> 1 & 1, n & 1)
        corners += bytes([round(255 * (1 - k) * (1 - (c + m + y) / 6)), 128, 128])
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4 + corners + ramp * 3
    return icc(b"CMYK", b"Lab ", b"prtr", {
        b"desc": described(b"Ink"), b"wtpt": xyz(0.9642, 1, 0.8249), b"A2B0": table, b"A2B1": table,
    })  # fmt: skip


def gamma_grey_profile(gamma: float) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    return icc(b"GRAY", b"XYZ ", b"mntr", {
        b"desc": described(b"Grey"), b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": curve,
    })  # fmt: skip


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_wide_gamut_photo_keeps_its_looks_in_srgb(kind: str) -> None:
    picture = Image.new("RGB", (32, 32), (200, 100, 100))
    data = encoded(picture, kind, icc_profile=wide_gamut_profile())
    keyframe = decode_keyframe(data, "a")
    red, green, blue = keyframe.rgb[16, 16].tolist()
    # The same red needs more of sRGB's smaller primaries.
    assert red > 205
    assert green < 97
    assert abs(green - blue) < 10
    assert noted(keyframe, "Wide to sRGB")


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    keyframe = decode_keyframe(encoded(scene(), "PNG", icc_profile=profile), "a.png")
    assert np.array_equal(keyframe.rgb, np.asarray(scene()))
    assert keyframe.notes == ()


def test_a_grey_profile_is_honoured() -> None:
    picture = Image.new("L", (32, 32), 128)
    data = encoded(picture, "PNG", icc_profile=gamma_grey_profile(1.0))
    # Half of the light is level 188 in sRGB.
    assert decode_keyframe(data, "a.png").rgb[0, 0].tolist() == pytest.approx([188] * 3, abs=2)


@pytest.mark.parametrize(
    "profile", [b"nonsense", wide_gamut_profile()[:200], neutral_ink_profile()]
)
def test_a_profile_that_does_not_fit_is_set_aside_and_said(profile: bytes) -> None:
    keyframe = decode_keyframe(encoded(scene(), "PNG", icc_profile=profile), "a.png")
    assert np.array_equal(keyframe.rgb, np.asarray(scene()))
    assert noted(keyframe, "cannot be used")


def test_a_print_jpeg_is_not_inverted() -> None:
    # Adobe's JPEGs store inks upside down; read naively, paper white turns black.
    picture = Image.new("CMYK", (32, 32), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 0), (0, 0, 16, 32))
    keyframe = decode_keyframe(encoded(picture, "JPEG", quality=95), "a.jpg")
    assert keyframe.rgb[16, 28].tolist() == pytest.approx([255, 255, 255], abs=6)
    assert keyframe.rgb[16, 3].tolist() == pytest.approx([0, 255, 255], abs=6)
    assert noted(keyframe, "by formula")


def test_a_print_jpeg_follows_its_profile() -> None:
    picture = Image.new("CMYK", (32, 32), (255, 0, 0, 0))
    data = encoded(picture, "JPEG", quality=95, icc_profile=neutral_ink_profile())
    keyframe = decode_keyframe(data, "a.jpg")
    red, green, blue = keyframe.rgb[16, 16].tolist()
    assert max(red, green, blue) - min(red, green, blue) < 8
    assert 150 < green < 240
    assert noted(keyframe, "Ink to sRGB")
