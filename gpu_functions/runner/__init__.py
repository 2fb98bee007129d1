"""One job from fetch to callback: the same code on Modal, on a worker, and in a test.

    fetch, decode  →  generate  →  interpolate  →  encode  →  upload  →  report  →  "it has ended"

    voice       speaks to the callback address, signed
    lease       claims the job and keeps the claim, in a thread of its own
    files       presigned GET and PUT, with fresh addresses where they have ended
    picture     from the keyframe's bytes to what the model is conditioned on
    models      what is loaded in this process, and the recipes in their order
    notes       seconds, spans and the cold start, as the report tells them
    device      the GPU: its name, its peak, its cap
    making, delivering   the two halves; a worker has a process for each
    encode      the near-lossless intermediate
    run         both halves in a row, and what every end means

The report is written before the end is told, and the end is told before anything is forgotten. A
runner that dies anywhere leaves a job that another one can take, and at most one whole result.
"""
