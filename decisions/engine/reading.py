"""Reading decoded JSON with a path for every complaint. It knows JSON types, not datafiles."""

from collections.abc import Iterator, Mapping

from decisions.engine.errors import InvalidDatafile


class Cursor:
    """An object inside a document. A missing key and null read as the zero value of the type asked for.

    Every method raises `InvalidDatafile` with the path of a value of another type.
    """

    __slots__ = ("path", "value")

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise InvalidDatafile(path, "must be an object")
        self.value: Mapping[str, object] = value
        self.path = path

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def text(self, key: str) -> str:
        value = self.value.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise InvalidDatafile(self.at(key), "must be a string")
        return value

    def claim(self, key: str) -> bool:
        value = self.value.get(key)
        if value is not None and not isinstance(value, bool):
            raise InvalidDatafile(self.at(key), "must be true or false")
        return bool(value)

    def whole(self, key: str) -> int:
        value = self.value.get(key)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidDatafile(self.at(key), "must be a whole number")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        items = self._list(key)
        for position, item in enumerate(items):
            if not isinstance(item, str):
                raise InvalidDatafile(f"{self.at(key)}[{position}]", "must be a string")
        return tuple(str(item) for item in items)

    def text_map(self, key: str) -> dict[str, str]:
        value = self.value.get(key)
        if value is None:
            return {}
        inner = Cursor(value, self.at(key))
        return {name: inner.text(name) for name in inner.value}

    def items(self, key: str) -> Iterator["Cursor"]:
        path = self.at(key)
        for position, item in enumerate(self._list(key)):
            yield Cursor(item, f"{path}[{position}]")

    def _list(self, key: str) -> list[object]:
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise InvalidDatafile(self.at(key), "must be a list")
        return value
