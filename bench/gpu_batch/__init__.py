"""A batch of clips through the worker: is the GPU ever idle, and what does a finished clip cost?

    python -m bench.gpu_batch                             # on whatever device there is
    python -m bench.gpu_batch --models ltx-video-2b --keep FILE.json
    python -m bench.gpu_batch --read FILE.json --write    # the page of runs that were kept
    python -m bench.gpu_batch --asleep 0.9,1.2            # the way without a GPU, in its time

The real worker takes the jobs from a queue in memory, claims them by signed callbacks, reads the
keyframe and writes result and report over HTTP. One of its processes generates, the others bring
the frames to 30 a second, encode and upload. The first clip warms up and is the cold start; the
others are on the clock.

On a GPU models have their real size and random weights, made there. What they paint is no picture
and would be encoded in no picture's time, so a moving photograph is handed on in its place; RIFE
interpolates with random weights. On a processor all is tiny: the way is the same, and no figure
means anything. `--gpus 0,1` gives each half a GPU of its own.

`--asleep` rehearses a GPU's speed without one: the model sleeps so many seconds a clip and hands on
frames of real size, interpolation sleeps too and what it gives is small. Foreman, processes, HTTP
and files are real, so what lies between two clips is theirs.

    batch       what ran, and what it says
    run         from the jobs' documents to the last report
    queue       the queue, in memory
    stand_ins   what stands for trained weights, or for a GPU
    driver      the driver's samples of a GPU
    estimates   what a batch says of a clip's seconds
    page        all of it as a page with pictures
"""
