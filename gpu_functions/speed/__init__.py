"""Every lever of speed and memory: the recipe says which, this package says how, and when it pays.

    lever           what a lever is
    levers          all of them, in order, and `apply`
    memory          fewer bits in memory, parts that wait elsewhere, pictures in pieces
    parking         what reads prompts waits in the machine's memory while clips are made
    experts         two experts take turns in one place
    swapping        the place: weights that wait in the machine's memory
    machine_memory  how much of that there is
    switches        attention backend, compile, prompt cache, tf32, channels last
    flash4          FlashAttention-4 in torch's own attention
    linear8         products in fp8 or int8
    attention8      attention in fp8
    cudnn_attention the kernel that it asks for on a GPU
    trial           a kernel of attention against torch's, before a clip depends on it
    fused_qkv       queries, keys and values from one matrix
    modulation      Wan's norm, modulation and gates with fewer passes
    guidance        both passes at once, or one after the other
    graphs          a forward recorded once and played again
    coder           the picture coder's bits, memory order and norms
    distilled       weights moved so that a few steps do

A lever that this machine cannot pull is left alone, and a note says so. Nothing here changes what
a seed means but by rounding, except `distilled`, which is another model in all but name.
"""

from gpu_functions.speed.lever import Lever
from gpu_functions.speed.levers import LEVERS, apply

__all__ = ["LEVERS", "Lever", "apply"]
