"""Jobs for our own GPUs: one document that runs on Modal, on a worker, or in a test.

    document    what a runner is given: everything decided, and addresses that open for one job only
    decide      from a job's row to the numbers in it
    paper       from a job's row to the document
    messages    what a runner says on its way, and what it is answered
    signing     how it proves itself
    record      what was heard of a job so far, and the rules of who may run it
    report      how it ended: an object beside the result, written last
    reading     what the jobs engine makes of record and report
    line        when the one at your own box is too long
    worker, modal   the two engines behind the engine's `Gateway`

A runner holds no key of ours. What it may do stands in the document: read the keyframe, write one
result and one report, and call back, all for one job and for a time.
"""
