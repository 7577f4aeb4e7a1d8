"""Unified diffs: they lead from one text to the other, and come in time whatever the texts hold."""

import random
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.workflows.comparing_lines import compare_lines
from kapell.workflows.rising import find_longest_rise

texts = st.lists(st.sampled_from(["a", "b", "c", "", "unique 1", "unique 2", "unique 3", "\r", "\x0c", "\u2028"])).map(
    "\n".join
)


@given(texts, texts)
def test_only_equal_texts_have_no_diff(before, after):
    assert (compare_lines("one", before, "other", after) == "") == (before == after)


@given(before=texts, after=texts)
def test_what_is_removed_and_added_is_what_differs(before, after):
    diff = compare_lines("one", before, "other", after)
    removed = [line[1:] for line in diff.split("\n")[2:] if line.startswith("-")]
    added = [line[1:] for line in diff.split("\n")[2:] if line.startswith("+")]
    lines, other = before.split("\n"), after.split("\n")
    for line in {*lines, *other} - {""}:
        assert lines.count(line) - other.count(line) == removed.count(line) - added.count(line) or line in {
            lines[-1],
            other[-1],
        }


@pytest.mark.parametrize("seed", range(20))
def test_git_makes_the_one_into_the_other(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 -- no secret hangs on it
    lines = [chance.choice(["a", "b", f"unique {number}"]) for number in range(chance.randrange(60))]
    other = [line for line in lines if chance.random() > 0.2]
    for _ in range(chance.randrange(8)):
        other.insert(chance.randrange(len(other) + 1), chance.choice(["a", "new", "unique 3"]))
    before, after = ("\n".join(part) + chance.choice(["", "\n"]) for part in (lines, other))
    (tmp_path / "text").write_text(before, encoding="utf-8")
    diff = compare_lines("a/text", before, "b/text", after)
    if diff:
        subprocess.run(["git", "apply"], input=diff, text=True, check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "text").read_text(encoding="utf-8") == after


def test_a_small_change_of_a_large_text_is_small():
    lines = [f"line {number % 50} of {number}" for number in range(5000)]
    changed = [*lines[:2500], "new", *lines[2501:]]
    diff = compare_lines("one", "\n".join(lines), "other", "\n".join(changed))
    assert diff.splitlines()[2:] == [
        "@@ -2498,7 +2498,7 @@",
        *(f" {line}" for line in lines[2497:2500]),
        f"-{lines[2500]}",
        "+new",
        *(f" {line}" for line in lines[2501:2504]),
    ]


def make_hostile_texts():
    chance = random.Random(1)  # noqa: S311 -- no secret hangs on it
    size = 150_000
    yield "a\n" * 500_000, "b\na\n" * 250_000
    yield (
        "".join(f"{chance.randrange(2000)}\n" for _ in range(size)),
        "".join(f"{chance.randrange(2000)}\n" for _ in range(size)),
    )
    yield (
        "".join(f"{number}\nx\n" for number in range(size // 2)),
        "".join(f"{number}\ny\n" for number in range(size // 2)),
    )
    yield "".join(f"{number}\n" for number in range(size)), "".join(f"{number}\n" for number in range(size, 0, -1))
    yield (
        "".join(f"{number}\n" + "x\n" * 400 for number in range(900)),
        "".join(f"{number}\n" + "y\nx\n" * 200 for number in range(900)),
    )


@pytest.mark.parametrize("number", range(5))
def test_hostile_texts_are_compared_in_time(number):
    before, after = list(make_hostile_texts())[number]
    started = time.process_time()
    assert compare_lines("one", before, "other", after)
    assert time.process_time() - started < 10


@given(st.lists(st.integers(0, 20), max_size=12))
def test_the_longest_rise_is_found(values):
    found = find_longest_rise(values)
    rising = [values[index] for index in found]
    assert found == sorted(found)
    assert rising == sorted(set(rising))
    longest = [1] * len(values)
    for index, value in enumerate(values):
        longest[index] = 1 + max((longest[i] for i in range(index) if values[i] < value), default=0)
    assert len(found) == max(longest, default=0)
