"""
Dynamic tasks see real values, and make a graph from them: here, merge sort.

    plait run examples/recursion.py wf --numbers '[3, 1, 2]'
"""

from plait import dynamic, task, workflow


@task
def merge(left: list[int], right: list[int]) -> list[int]:
    """Merge two sorted lists."""
    merged: list[int] = []
    while left and right:
        merged.append((left if left[0] <= right[0] else right).pop(0))
    return merged + left + right


@dynamic
def merge_sort(numbers: list[int]) -> list[int]:
    """
    Sort; ``len`` and ``if`` work, because *numbers* is a list and no promise.

    What is called here becomes nodes below this one, each recorded, cached and retried like any other.
    """
    if len(numbers) < 2:
        return numbers
    half = len(numbers) // 2
    return merge(left=merge_sort(numbers=numbers[:half]), right=merge_sort(numbers=numbers[half:]))


@workflow
def wf(numbers: list[int] = [2, 4, 1, 3]) -> list[int]:  # noqa: B006  # a constant
    """Sort a list."""
    return merge_sort(numbers=numbers)
