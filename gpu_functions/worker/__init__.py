"""A worker for your own box: pulls jobs from a queue, one process a GPU.

    python -m gpu_functions.worker --queue URL --gpus 0,1 --weights DIR

With two GPUs or more the last one interpolates, encodes and uploads while the others generate the
next clips (the blueprint's GPU 1 and GPU 2).

    foreman     the process you start: takes jobs, keeps them, gives them back; never touches a GPU
    hand        one child process as the foreman sees it
    child       the same from inside: one GPU, one job at a time
    words       what the two say to each other
    tools       what a child works with

The foreman may be killed: its children end with it, its messages become visible again, its claims
run out, and somebody else takes its jobs. A child may be killed: the foreman gives its job back.
"""
