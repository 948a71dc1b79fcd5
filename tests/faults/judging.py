"""What every fault comes down to: each acknowledged event is in the log, once."""

from tests.faults.load import Load
from tests.faults.world import World
from tests.harness.waiting import until


def everything_is_there_once(world: World, load: Load) -> None:
    """Wait until nothing is left to be written, then compare. The server, or a keeper, must still run."""
    until(world.has_empty_spool, seconds=90)
    stored = world.stored()
    lost = [user_id for user_id in load.acknowledged if not stored[user_id]]
    doubled = [user_id for user_id, times in stored.items() if times > 1]
    assert not lost, f"{len(lost)} of {len(load.acknowledged)} lost: {lost[:10]}"
    assert not doubled, f"{len(doubled)} doubled: {doubled[:10]}"
