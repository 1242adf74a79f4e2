"""Worlds in which a language model is of the test's own making, and says its lists bit by bit."""

from executors.engines.scripted import Behaviour
from planner.expand import make_plan
from planner.graph import PoolName
from planner.passes.names import DEFAULT
from planner.pools import PoolFacts, Pools
from spec.load import load
from spec.source import Source
from tests.executors.conftest import KINDS, World
from tests.executors.drivers.saying import Saying

STREAMING = Pools(
    kinds=KINDS,
    default={kind: name for name, kind in KINDS.items()},
    facts={PoolName("llm"): PoolFacts(streams=True)},
)


class Here(World):
    """A world in which the language model is of the test's own making."""

    def _engine(self, name):
        return self.model if name == "llm" else super()._engine(name)


def plan_of(text, modules, passes=DEFAULT, pools=STREAMING):
    """Return the plan of a page."""
    document = load(Source("test.yaml", text.encode(), "yaml"), modules.vocabulary())
    return make_plan(document, modules.modules, pools, passes=passes)


def world_of(folder, model, seed=1, **behaviours):
    """Return a world with `model` in it, and others that behave as told."""
    Here.model = model
    return Here(seed, folder, behaviours, "throughput", 1, 8, 10, 1000)


def says(*pieces):
    """Return a model that says the same whatever it is asked."""
    return Saying(lambda request: pieces)


def by_attempt(*replies):
    """A model whose list is another one in each attempt; whatever else it is asked it says."""

    def say(request):
        if request.args["form"] == "list":
            return replies[min(request.attempt, len(replies) - 1)]
        return [request.args["prompt"]]

    return Saying(say)


def takes(seconds):
    """Return what takes so long, whatever it is asked."""
    return lambda request: Behaviour(latency_s=seconds)


def ran(world, made, inputs):
    """Run a plan to its end, see that nothing of it is left, and return its record."""
    world.submit(made, inputs)
    world.run()
    assert not world.values.held
    assert not any(pool.waiting or pool.busy for pool in world.scheduler.pools.values())
    return world.record()


def told(world):
    """Yield each primitive that was done, its operation and when, in virtual seconds."""
    events = world.store.events("local", "r1", limit=10_000)
    for event in events:
        if event.kind == "primitive.finished":
            when = (event.at - events[0].at).total_seconds()
            yield event.data["primitive"], event.data["op"], when


def finished(world, op):
    """Return when each primitive of an operation was done, in virtual seconds."""
    return [when for _, of, when in told(world) if of == op]
