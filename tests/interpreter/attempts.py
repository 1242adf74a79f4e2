"""What a made-up step does where its body is refused or fails, and what others see of it then."""

from random import Random

from spec.values import JSON
from tests.interpreter.bodies import Bodies, Made
from tests.interpreter.kinds import STRING, Fields, Kind, Sight, is_plain


class Attempts(Bodies):
    """Puts the keys for trying again, giving up and standing in beside a body."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.timed = 0

    def attempted(self, made: dict[str, JSON], fields: Fields, sight: Sight) -> Made:
        """Return a step that may be tried again, given up or stood in for."""
        made |= self.some({"retry": self.one(1, 2, 3), "engine": self.one("small", "large")}, 0.25)
        made |= self.some({"priority": self.one(-3, 4), "cache": "1h"}, 0.1)
        if self.maybe(0.15):
            self.timed += 1
            made["timeout"] = f"{self.timed * 367 % 911}s"  # no two are over at once
        if self.maybe(0.3) and all(is_plain(kind) for kind in fields.values()):
            given = self.some({n: self.constant(kind, sight) for n, kind in fields.items()}, 0.8)
            made["fallback"] = given
            fields = _stood_in(fields, given)
        return made, dict(fields)

    def refusable(self, made: dict[str, JSON], fields: Fields, sight: Sight) -> Made:
        """Return a step under a condition, with what is seen of it where it does not hold."""
        given: dict[str, JSON] = {}
        if self.maybe(0.5) and all(is_plain(kind) for kind in fields.values()):
            given = self.some({n: self.constant(kind, sight) for n, kind in fields.items()}, 0.8)
            made["else"] = given
        return made, _stood_in(fields, given)

    def risky(self, sight: Sight) -> Made:
        """Return a body that now and then cannot be done at all."""
        position = f"{self.integer(sight)} + {self.one(0, 1, 2)}"
        return {"use": "text", "template": f"$inputs.words[{position}]"}, {"text": STRING}


def _stood_in(fields: Fields, given: dict[str, JSON]) -> dict[str, Kind]:
    """Return what is seen of fields that `given` stand in for now and then."""
    return {
        name: kind.or_null(name not in given or given[name] is None)
        for name, kind in fields.items()
    }
