"""`POST /v1/activate`: experiments and features for one person in one call (agent contract §1.4, §4.1)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings

from config.wire import agent
from config.wire.agent import AgentDoor, Refused, described
from config.wire.agent.keys import PROFILE_SERVICE, service_named
from config.wire.message import Answer, Request
from decisions.agent import activating, overrides
from decisions.agent.activating import Activation, Role
from decisions.agent.explain import Wishes
from decisions.api.agent import services
from decisions.api.agent.shapes import ActivateBody, user_in
from decisions.compile import Snapshot
from decisions.engine import Subject, gojson

NO_OPTIONS: frozenset[str] = frozenset()
ROLES: Mapping[str, Role] = {"experiment": "experiment", "feature": "feature"}


@agent.post
def activate(request: Request, snapshot: Snapshot) -> Answer:
    """A list with one item per key; an unknown key is an item with an `error`, and the status stays 200."""
    asked = agent.read(request, ActivateBody)
    user_id = user_in(asked)
    wishes = Wishes(
        overrides=overrides.in_force(snapshot, user_id) if settings.AGENT_OVERRIDES else {},
        profiles=service_named(request, PROFILE_SERVICE),
        predict=services.predictor(snapshot, NO_OPTIONS),
    )
    activations = activating.activate(
        snapshot,
        Subject(user_id, asked.userAttributes or {}),
        _roles(request, snapshot),
        wishes=wishes,
        source="agent",
        tells=request.value("disableTracking") != "true",
        now=datetime.now(UTC),
    )
    _refuse_faults(activations)
    head = b'{"userId":' + gojson.dumps(user_id) + b","
    return agent.ok(
        gojson.arr(
            head + (_told(each) if each.kind else _item(each))
            for each in _filtered(activations, request.value("enabled"))
        )
    )


def _roles(request: Request, snapshot: Snapshot) -> dict[str, Role]:
    """What each key is asked as; a later role replaces an earlier one of the same text."""
    roles: dict[str, Role] = {}
    kinds = request.values("type")
    for kind in kinds:
        if kind not in ROLES:
            raise Refused(400, f'type "{kind}" not supported')
    if kinds:
        roles.update(_of_kinds(snapshot, kinds))
    roles.update(dict.fromkeys(request.values("experimentKey"), "experiment"))
    roles.update(dict.fromkeys(request.values("featureKey"), "feature"))
    return roles


def _of_kinds(snapshot: Snapshot, kinds: Sequence[str]) -> dict[str, Role]:
    everything = {
        "experiment": [rule.key for rule in snapshot.told.datafile.experiments],
        "feature": snapshot.engine.flag_keys,
    }
    return {key: ROLES[kind] for kind in kinds for key in everything[kind]}


def _refuse_faults(activations: Iterable[Activation]) -> None:
    """A variable that cannot be cast fails the whole call."""
    faults = [fault for each in activations for fault in each.faults]
    if faults:
        noun = "error" if len(faults) == 1 else "errors"
        lines = "".join(f"\t* {fault}\n" for fault in faults)
        raise Refused(400, f"{len(faults)} {noun} occurred:\n{lines}\n")


def _filtered(activations: Sequence[Activation], enabled: str | None) -> Iterator[Activation]:
    wanted = {"true": True, "false": False}.get(enabled or "")
    return (each for each in activations if wanted is None or each.enabled is wanted)


@lru_cache(maxsize=8192)
def _told(each: Activation) -> bytes:
    """The item of a key that there is: the same for everybody who gets the same."""
    return _item(each)


def _item(each: Activation) -> bytes:
    """An item from its second field on."""
    return gojson.obj(
        (
            ("experimentKey", gojson.dumps(each.experiment_key)),
            ("featureKey", gojson.dumps(each.flag_key)),
            ("variationKey", gojson.dumps(each.variation_key)),
            ("type", gojson.dumps(each.kind)),
            *((("variables", each.variables_json),) if each.variables_json else ()),
            ("enabled", gojson.dumps(each.enabled)),
            *((("error", gojson.dumps(each.error)),) if each.error else ()),
        )
    )[1:]


class Activate(AgentDoor):
    activate = described(
        activate,
        takes=ActivateBody,
        query=("type", "experimentKey", "featureKey", "disableTracking", "enabled"),
        gives={"type": "array", "items": {"type": "object"}},
    )
