"""A request that makes very many objects is answered without garbage collection, which then goes on."""

import gc

import pytest

from config.wire.message import Answer, Request
from config.wire.uncollected import uncollected

REQUEST = Request("GET", "/", {})


@uncollected
def _collects(request: Request) -> Answer:
    return Answer(200 if gc.isenabled() else 204)


@uncollected
def _nested(request: Request) -> Answer:
    return Answer(_collects(request).status, b"still" if not gc.isenabled() else b"")


@uncollected
def _fails(request: Request) -> Answer:
    raise LookupError


def test_nothing_is_collected_until_the_answer_is_there() -> None:
    assert _collects(REQUEST).status == 204
    assert gc.isenabled()


def test_one_request_inside_another_does_not_begin_collecting() -> None:
    assert _nested(REQUEST) == Answer(204, b"still")
    assert gc.isenabled()


def test_a_failure_lets_collection_go_on() -> None:
    with pytest.raises(LookupError):
        _fails(REQUEST)

    assert gc.isenabled()


def test_who_runs_without_collection_keeps_it_so() -> None:
    gc.disable()
    try:
        _collects(REQUEST)

        assert not gc.isenabled()
    finally:
        gc.enable()
