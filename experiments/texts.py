"""What a database text can hold: the check every text from outside passes before it is stored."""

from experiments.errors import Invalid

LONGEST = 255


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
