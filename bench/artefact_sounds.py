"""Sounds without a fault, and the faults that sounds have, at three strengths."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]
"""(samples,) of one channel, full scale 1."""

RATE, SECONDS = 48_000, 6


@dataclass(frozen=True)
class CleanSound:
    name: str
    wave: Wave


def clean_sounds() -> Iterator[CleanSound]:
    """Speech, music, rain and steps, at four loudnesses each."""
    for number, gain_db in enumerate((-30, -24, -18, -14)):
        for make in (speech, music, rain, steps):
            wave = make(np.random.default_rng(number))
            level = np.sqrt(np.mean(wave**2))
            wave = np.tanh(wave * 10 ** (gain_db / 20) / level * 1.1) / 1.1
            yield CleanSound(f"{make.__name__} at {gain_db} dB", wave.astype(np.float32))


def _time() -> NDArray[np.float64]:
    return np.arange(RATE * SECONDS) / RATE


def speech(rng: np.random.Generator) -> NDArray[np.float64]:
    """Syllables of buzz and hiss, with pauses in which the room is heard."""
    time, wave = _time(), 0.003 * rng.normal(0, 1, RATE * SECONDS)
    at = 0.1
    while at < SECONDS - 0.4:
        length, pitch = rng.uniform(0.1, 0.3), rng.uniform(100, 180)
        shape = np.clip((time - at) / 0.03, 0, 1) * np.clip((at + length - time) / 0.05, 0, 1)
        buzz = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12))
        wave += shape * rng.uniform(0.4, 1.0) * (buzz + 0.3 * rng.normal(0, 1, len(time)))
        at += length + rng.choice((0.03, 0.08, 0.4))
    return np.asarray(wave)


def music(rng: np.random.Generator) -> NDArray[np.float64]:
    """Chords that are struck twice a second and die away."""
    time, wave = _time(), np.zeros(RATE * SECONDS)
    for beat in np.arange(0, SECONDS, 0.5):
        since = np.maximum(0, time - beat)
        fade = np.exp(-3 * since) * (time >= beat)
        for note in rng.choice((220, 247, 262, 294, 330, 392, 440), 3):
            wave += fade * np.sin(2 * np.pi * note * since)
    return wave


def rain(rng: np.random.Generator) -> NDArray[np.float64]:
    """Steady noise that swells a little."""
    return np.asarray(
        rng.normal(0, 1, RATE * SECONDS) * (1 + 0.3 * np.sin(2 * np.pi * 0.3 * _time()))
    )


def steps(rng: np.random.Generator) -> NDArray[np.float64]:
    """A thud every 0.6 s in a quiet room."""
    time, wave = _time(), 0.02 * rng.normal(0, 1, RATE * SECONDS)
    for beat in np.arange(0.2, SECONDS, 0.6):
        since = np.maximum(0, time - beat)
        wave += (time >= beat) * np.exp(-25 * since) * rng.normal(0, 1, len(time))
    return wave


def spike(sound: CleanSound, strength: int) -> Wave:
    """0.4 s are 16, 20 or 26 dB louder than the rest."""
    wave = _room_for(sound.wave, (16, 20, 26)[strength])
    start = RATE * SECONDS // 2
    wave[start : start + RATE * 4 // 10] *= 10 ** ((16, 20, 26)[strength] / 20)
    return np.clip(wave, -1, 1)


def _room_for(wave: Wave, rise_db: float) -> Wave:
    peak = float(np.abs(wave).max())
    return (wave * min(1.0, 10 ** (-rise_db / 20) / peak)).astype(np.float32)


def clipped(sound: CleanSound, strength: int) -> Wave:
    """The wave is driven 6, 12 or 18 dB into full scale."""
    gain = 10 ** ((6, 12, 18)[strength] / 20) / np.abs(sound.wave).max()
    return np.clip(sound.wave * gain, -1, 1).astype(np.float32)


def hole(sound: CleanSound, strength: int) -> Wave:
    """The sound stops for 0.8, 1.2 or 2 s."""
    wave, start = sound.wave.copy(), RATE * 2
    wave[start : start + int(RATE * (0.8, 1.2, 2.0)[strength])] = 0
    return wave


def cut_short(sound: CleanSound, strength: int) -> Wave:
    """The sound ends 0.2, 0.5 or 1.5 s before the picture."""
    return sound.wave[: -int(RATE * (0.2, 0.5, 1.5)[strength])]


def deafening(sound: CleanSound, strength: int) -> Wave:
    """All is squeezed, more or less hard, until it is as loud as it can be."""
    hard = np.tanh(sound.wave / np.abs(sound.wave).std() * (1.0, 2.0, 4.0)[strength])
    return (hard / np.abs(hard).max()).astype(np.float32)


SoundFault = Callable[[CleanSound, int], Wave]
SOUND_FAULTS: dict[str, SoundFault] = {
    "volume_spikes": spike,
    "sound_clipping": clipped,
    "silence_gaps": hole,
    "sound_length": cut_short,
    "loudness": deafening,
    "true_peak": clipped,
}
