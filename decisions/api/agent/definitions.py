"""`GET /v1/config` and `GET /v1/datafile`: what a project defines (agent contract §1.3)."""

from weakref import WeakKeyDictionary

import orjson

from config.wire import agent
from config.wire.agent import AgentDoor, described
from config.wire.message import Answer, Request
from decisions.compile import Snapshot
from decisions.engine import Engine, gojson, optimizely_config

_rendered: WeakKeyDictionary[Engine, bytes] = WeakKeyDictionary()


@agent.get
def config(request: Request, snapshot: Snapshot) -> Answer:
    """The OptimizelyConfig of the project, rendered once per revision."""
    engine = snapshot.told
    body = _rendered.get(engine)
    if body is None:
        body = _rendered[engine] = optimizely_config.render(engine.datafile)
    return agent.ok(body)


@agent.get
def datafile(request: Request, snapshot: Snapshot) -> Answer:
    """The datafile, re-serialised with sorted keys."""
    return agent.ok(gojson.dumps(orjson.loads(snapshot.datafile)))


class Config(AgentDoor):
    config = described(config)


class Datafile(AgentDoor):
    datafile = described(datafile)
