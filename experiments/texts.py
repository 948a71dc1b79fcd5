"""Texts from outside: the check each passes before it is stored, and how one goes into a spreadsheet."""

from experiments.errors import Invalid

LONGEST = 255
# A spreadsheet takes a text that begins like this for a formula; an apostrophe in front makes it text again.
FORMULA_STARTS = "=+@\t\r-"


def check(*texts: str | None, field: str = "", longest: int = LONGEST) -> None:
    """Raise Invalid for NUL, lone surrogates and more than `longest` characters. None passes."""
    for text in texts:
        if text is None:
            continue
        if len(text) > longest:
            raise Invalid(f"{field or 'a text'} is longer than {longest} characters", field=field)
        if not is_storable(text):
            raise Invalid(f"{field or 'a text'} holds characters that cannot be stored", field=field)


def is_storable(text: str) -> bool:
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def neutral(text: str) -> str:
    """The text, such that no spreadsheet calculates with it."""
    return f"'{text}" if text and text[0] in FORMULA_STARTS else text


def plain(text: str) -> str:
    """What `neutral` was given."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in FORMULA_STARTS else text
