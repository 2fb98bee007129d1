"""Stock diffusers against ours on one GPU: levers one by one, stages, clips, limits, dollars.

    python -m bench.gpu_speed --write               # the plan, on the GPU that is there
    python -m bench.gpu_speed --models ltx-video-2b --parts forwards,clips --rounds 5
    python -m bench.gpu_speed --device cpu          # toy sizes: says that the bench runs

Models have their real size and random weights: what a forward takes does not depend on them. Stock
and every lever share the weights and take turns; stock runs twice a round, and what differs between
the two is noise. Caches whose hits depend on what is painted (first-block, MagCache) are left out:
with random weights they mean nothing.

What is measured is written after each part, so a run that is cut short keeps what it has.

    plan        the models, their sizes, and the levers that are tried on each
    play        one model, part by part
    opened      a model of the plan in memory
    forwards    one forward of the denoiser by every way; its error
    passes      one forward with several clips in it
    guided      a step with guidance in two passes, and in one
    coders      the picture coder by every way
    clips       whole clips
    prompts     encoders of real size, there and parked
    between     RIFE's frames between two
    book        what was measured, in a file
"""
