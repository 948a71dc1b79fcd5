"""What every story about Test Lab needs: its routes called over HTTP, and features made the documented way."""

from typing import Any

from django.test import Client

JSON = "application/json"
EXPERIMENT = {
    "type_id": 3,
    "name": "experiment with sidenav",
    "start_date": "2/23/23",
    "end_date": "4/24/2099",
    "is_running": True,
    "user_percentage": 0.5,
}


def get(path: str, **headers: str) -> Any:
    return Client().get(path, headers=headers)


def post(path: str, body: Any, **headers: str) -> Any:
    return Client().post(path, body, content_type=JSON, headers=headers)


def put(path: str, body: Any = None, **headers: str) -> Any:
    return Client().put(path, body, content_type=JSON, headers=headers)


def delete(path: str, **headers: str) -> Any:
    return Client().delete(path, headers=headers)


def feature(**fields: Any) -> dict[str, Any]:
    """Make a feature (an experiment that is current, unless said otherwise) and return it as it was answered."""
    response = post("/api/feature", EXPERIMENT | fields)
    assert response.status_code == 200, (response.json(), response.headers)
    made: dict[str, Any] = response.json()
    return made


def variants(feature_id: int, *weights: Any, values: tuple[str, ...] = ("blue", "red", "green", "white")) -> list[Any]:
    """Give a feature variants of these weights, the first one the control."""
    sent = [
        {"feature_id": feature_id, "value": value, "is_control": number == 0, "weight": weight}
        for number, (value, weight) in enumerate(zip(values, weights or (0.5, 0.5), strict=False))
    ]
    response = post(f"/api/feature/{feature_id}/variants", {"variants": sent})
    assert response.status_code == 200, (response.json(), response.headers)
    made: list[Any] = response.json()
    return made


def current() -> dict[str, Any]:
    response = get("/api/feature/current")
    assert response.status_code == 200
    seen: dict[str, Any] = response.json()
    return seen


def blocks_of(feature_id: int | None) -> list[int]:
    """The ids of the blocks that a feature has once the features were asked for."""
    return [block["id"] for block in current()["userblocks"] if block["feature_id"] == feature_id]


def record(variant_id: Any, user_id: Any = "62", ip_address: str = "192.168.101.21") -> Any:
    return post("/api/users", {"id": user_id, "variant_id": variant_id, "ip_address": ip_address})


def event(variant_id: Any, user_id: Any = "62") -> Any:
    return post("/api/events", {"user_id": user_id, "variant_id": variant_id})
