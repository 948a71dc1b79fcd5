"""JSON text as the Agent writes it; the expected texts were printed by Go itself."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions.engine import gojson, gotext

NUMBERS = {
    1e-7: "1e-7",
    1e-10: "1e-10",
    1.5e-7: "1.5e-7",
    1e-6: "0.000001",
    1e20: "100000000000000000000",
    1e21: "1e+21",
    123456789012345680000.0: "123456789012345680000",
    5.0: "5",
    1e22: "1e+22",
    -1e-9: "-1e-9",
    0.1: "0.1",
    1e16: "10000000000000000",
    -0.0: "-0",
}


@pytest.mark.parametrize("value", NUMBERS)
def test_double(value: float) -> None:
    assert gojson.dumps([value]).decode() == f"[{NUMBERS[value]}]"


def test_negative_zero_keeps_its_sign_and_zero_has_none() -> None:
    assert gojson.dumps([0.0, -0.0, 0]) == b"[0,-0,0]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12345678901234567890, b"12345678901234567000"),
        (9007199254740993, b"9007199254740992"),
        (10**30, b"1e+30"),
        (-(10**25), b"-1e+25"),
        (999999999999999, b"999999999999999"),
    ],
)
def test_integers_go_through_a_double(value: int, text: bytes) -> None:
    assert gojson.dumps(value) == text


def test_text_is_escaped_for_html() -> None:
    value = 'a<>&\u2028\u2029\x00\x1f\x7f\b\f\n\r\t"\\é😀/\ud800'

    expected = '"a\\u003c\\u003e\\u0026\\u2028\\u2029\\u0000\\u001f\x7f\\b\\f\\n\\r\\t\\"\\\\é😀/\ufffd"'

    assert gojson.dumps(value).decode() == expected


def test_numbers_inside_text_stay_as_they_are() -> None:
    assert gojson.dumps({"1.0,": "[5.0,1e5", "\\": "<5.0"}).decode() == '{"1.0,":"[5.0,1e5","\\\\":"\\u003c5.0"}'


def test_keys_are_sorted_at_every_level() -> None:
    assert gojson.dumps({"b": {"z": 1, "a": 2}, "a": None}) == b'{"a":null,"b":{"a":2,"z":1}}'


def test_object_of_rendered_fields_keeps_their_order() -> None:
    assert gojson.obj([("b", b"1"), ("a", gojson.arr([b"2", b"3"]))]) == b'{"b":1,"a":[2,3]}'


def test_value_nested_too_deeply_is_refused() -> None:
    value: Any = []
    for _ in range(900):
        value = [value]

    with pytest.raises(ValueError, match="deep"):
        gojson.dumps(value)


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_reads_back(value: float) -> None:
    text = gojson.dumps(value).decode()

    assert float(text) == value
    assert ("e" in text) == (value != 0 and not 1e-6 <= abs(value) < 1e21)
    assert ".0" not in text[-2:]


PLAIN = [
    (123, "123"),
    (1234567.0, "1.234567e+06"),
    (12345678.5, "1.23456785e+07"),
    (1e21, "1e+21"),
    (0.00001, "1e-05"),
    (True, "true"),
    (["a", 1, None], "[a 1 <nil>]"),
    ({"b": 1, "a": "x"}, "map[a:x b:1]"),
    (100000, "100000"),
    (1000000, "1e+06"),
    (0, "0"),
]


@pytest.mark.parametrize(("value", "text"), PLAIN, ids=[text for _, text in PLAIN])
def test_value_in_a_sentence(value: object, text: str) -> None:
    assert gotext.plain(value) == text


def test_quoted_text_escapes_what_cannot_be_printed() -> None:
    assert gotext.quote('a"b\\é😀\n\x00\x7f\u2028\u00a0\u00ad\ue000') == (
        '"a\\"b\\\\é😀\\n\\x00\\x7f\\u2028\\u00a0\\u00ad\\ue000"'
    )
