"""Bytes that sort as semantic versions do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.errors import UsageError
from kapell.workflows.precedence import encode_precedence

IN_ORDER = [
    "0.0.0-0", "0.0.0", "0.0.1", "0.9.0", "0.10.0",
    "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-10.0", "1.0.0-10.a", "1.0.0--", "1.0.0-0a", "1.0.0-A",
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-alpha-", "1.0.0-alpha-1", "1.0.0-alpha0",
    "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1-a", "1.0.1", "1.2.0", "1.10.0",
    "2.0.0", "2.1.0", "2.1.1", "10.0.0", "99999999999999999999.0.0", "100000000000000000000.0.0",
]  # fmt: skip


def compare(one, other):
    """Compare two versions as semver.org, 11, says it: -1, 0 or 1."""

    def part(text):
        core, _, rest = text.partition("+")[0].partition("-")
        return [int(number) for number in core.split(".")], rest.split(".") if rest else None

    (core, rest), (other_core, other_rest) = part(one), part(other)
    if core != other_core:
        return -1 if core < other_core else 1
    if rest is None or other_rest is None:
        return (rest is None) - (other_rest is None)
    for left, right in zip(rest, other_rest, strict=False):
        if left == right:
            continue
        if left.isdigit() != right.isdigit():
            return -1 if left.isdigit() else 1
        is_less = int(left) < int(right) if left.isdigit() else left < right
        return -1 if is_less else 1
    return (len(rest) > len(other_rest)) - (len(rest) < len(other_rest))


identifiers = st.from_regex(r"(0|[1-9][0-9]{0,3}|[0-9]{0,2}[a-zA-Z-][0-9a-zA-Z-]{0,2})", fullmatch=True)
versions = st.builds(
    lambda core, rest, build: ".".join(map(str, core)) + ("-" + ".".join(rest) if rest else "") + build,
    st.tuples(*[st.integers(0, 11)] * 3) | st.just((1, 0, 0)),
    st.lists(identifiers, max_size=3),
    st.sampled_from(["", "+build.1"]),
)


def test_the_examples_are_in_order():
    encoded = [encode_precedence(version) for version in IN_ORDER]
    assert encoded == sorted(encoded)
    assert len(set(encoded)) == len(IN_ORDER)


@given(versions, versions)
def test_bytes_compare_as_versions_do(one, other):
    left, right = encode_precedence(one), encode_precedence(other)
    assert (left > right) - (left < right) == compare(one, other)


def test_build_metadata_makes_no_other_version():
    assert encode_precedence("1.0.0+a") == encode_precedence("1.0.0+b.c") == encode_precedence("1.0.0")


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "1.0.0\n", "1.0.\u0663", "latest"]
)
def test_what_is_no_version_is_refused(text):
    with pytest.raises(UsageError, match="is no version"):
        encode_precedence(text)


def test_endless_versions_are_refused():
    encode_precedence("1.0.0-" + "a" * 194)
    with pytest.raises(UsageError) as caught:
        encode_precedence("1.0.0-" + "a" * 195)
    encode_precedence("1" * 196 + ".0.0")
    with pytest.raises(UsageError):
        encode_precedence("1" * 10_000_000 + ".0.0")
    assert len(str(caught.value)) < 400
