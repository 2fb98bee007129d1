import time

import pytest

from shared.errors import ManifestInvalid, Problem
from shared.manifest.reading import read_json


def problems_of(data: bytes) -> list[Problem]:
    with pytest.raises(ManifestInvalid) as caught:
        read_json(data)
    return list(caught.value.problems)


def test_plain_json_is_read_with_or_without_a_byte_order_mark() -> None:
    text = '{"a": [1, 2.5, true, null, "é"]}'.encode()
    assert read_json(text) == read_json(b"\xef\xbb\xbf" + text) == {"a": [1, 2.5, True, None, "é"]}


@pytest.mark.parametrize(
    ("data", "place", "part", "hint"),
    [
        (b'{"a": 1,}', "line 1, column 8", "comma before the closing bracket", "Remove it."),
        (b'{"a": [1,\n ]}', "line 1, column 9", "comma before the closing bracket", "Remove it."),
        (b'{\n  "a" 1}', "line 2, column 7", "colon was expected", "before this place"),
        (b'{"a": 1 "b": 2}', "line 1, column 9", "comma or the closing bracket", "before this"),
        (b"{'a': 1}", "line 1, column 2", "double quotes was expected", "Use double quotes."),
        (b'{"a": True}', "line 1, column 7", "a value was expected", "Write `true`."),
        (b'{"a": 1 // b\n}', "line 1, column 9", "comma or", "JSON has no comments"),
        (b'{"a": ', "line 1, column 7", "but the file ends", "cut off"),
        (b'{"a": "b', "line 1, column 7", "no closing quote", "before this place"),
        (b"{} {}", "line 1, column 4", "already ended", ""),
        (
            b"keyframes:\n  - a.png\n",
            "line 1, column 1",
            "a value was expected",
            "YAML is not read",
        ),
    ],
)
def test_malformed_json_is_reported_by_line_and_column(
    data: bytes, place: str, part: str, hint: str
) -> None:
    [problem] = problems_of(data)
    assert problem.path == place
    assert part in problem.message
    assert hint in problem.hint
    assert problem.code == "not_json"


def test_names_given_twice_are_refused_with_their_path() -> None:
    [problem] = problems_of(b'{"a": [{"b": {"c": 1, "c": 1}}]}')
    assert (problem.path, problem.code) == ("a[0].b.c", "duplicate_field")
    assert "given twice" in problem.message


def test_numbers_that_json_does_not_have_are_refused_with_their_path() -> None:
    data = b'{"a": NaN, "b": [Infinity, -Infinity], "c": 1e999, "d": 1234567890123456789}'
    found = {problem.path: problem.message for problem in problems_of(data)}
    assert list(found) == ["a", "b[0]", "b[1]", "c", "d"]
    assert "NaN is not a number" in found["a"]
    assert "too large" in found["c"]
    assert "more than 18 digits" in found["d"]


@pytest.mark.parametrize("data", [b"[" * 33 + b"]" * 33, b'{"a":' * 100_000, b"[" * 1_000_000])
def test_deep_nesting_is_refused_before_it_can_exhaust_the_stack(data: bytes) -> None:
    [problem] = problems_of(data)
    assert problem.code == "too_deep"


def test_brackets_inside_of_texts_are_no_nesting() -> None:
    text = b'["' + rb"\"\\" + b"[" * 100 + b'"]'
    assert read_json(text) == ['"\\' + "[" * 100]
    assert read_json(b"[" * 32 + b"]" * 32)


def test_a_file_full_of_escapes_takes_no_longer_than_any_other() -> None:
    started = time.monotonic()
    problems_of(b'"' + rb"\"" * 2_000_000)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("data", "place", "code"),
    [
        (b"", "", "empty"),
        (b" \n", "", "empty"),
        ('{"a": 1}'.encode("utf-16"), "", "not_utf8"),
        (b'{\n"a": "\xff"}', "line 2", "not_utf8"),
        (rb'{"a": "\ud800"}', "a", "not_unicode"),
        (rb'{"\ud800": 1}', "", "not_unicode"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, place: str, code: str) -> None:
    [problem] = problems_of(data)
    assert (problem.path, problem.code) == (place, code)


def test_a_document_of_countless_values_is_refused_unread() -> None:
    [problem] = problems_of(b"[" + b"0," * 1_000_000 + b"0]")
    assert (problem.code, problem.message) == (
        "too_large",
        "the document holds more than 1,000,000 values.",
    )


def test_a_large_file_is_refused_unread() -> None:
    with pytest.raises(ManifestInvalid, match=r"has 11 bytes; the most is 10"):
        read_json(b'{"a": 1234}', max_bytes=10)
