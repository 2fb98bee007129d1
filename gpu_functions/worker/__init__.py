"""A worker for your own box: pulls jobs from a queue, one process a GPU.

    python -m gpu_functions.worker --queue URL --gpus 0,1 --weights DIR

A process of its own interpolates, encodes and uploads while the next clips are generated: on the
last GPU where there are two or more (the blueprint's GPU 1 and GPU 2), else on the only one.

    foreman     the process you start: takes jobs, keeps them, gives them back; never touches a GPU
    line        the next job, taken while the one before is still at it
    hand        one child process as the foreman sees it
    child       the same from inside: one GPU, one job at a time
    words       what the two say to each other
    tools       what a child works with

The foreman may be killed: its children end with it, its messages become visible again, its claims
run out, and somebody else takes its jobs. A child may be killed: the foreman gives its job back.
"""
