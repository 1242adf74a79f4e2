"""Lists that a model gives and that are gone over as they are, not a part of them."""

from spec.values import JSON
from tests.interpreter.kinds import INTEGER, STRING, Kind, Sight, is_plain
from tests.interpreter.steps import Steps


class Listed(Steps):
    """Makes a list and what goes over it: side by side, in a block, or in each of several."""

    def list_gone_over(self, sight: Sight) -> tuple[dict[str, JSON], dict[str, JSON]]:
        """Return steps, and outputs that show what they give."""
        if self.maybe(0.5):
            return self._both(sight)
        several = self.maybe(0.5)
        own = {"item": STRING, "position": INTEGER} if several else {}
        steps, outputs = self._both(sight.inside(own, times=3, deeper=True))
        made: dict[str, JSON] = {"steps": steps, "outputs": outputs}
        made |= self.some({"retry": self.one(1, 2), "timeout": "977s"}, 0.3)
        made |= self.some({"fallback": {}}, 0.3)
        if several:
            made = {"for_each": ["a", "b", "c"], **made}
        return {"around": made}, {name: f"$around.{name}" for name in outputs}

    def _both(self, sight: Sight) -> tuple[dict[str, JSON], dict[str, JSON]]:
        asked, fields = self.llm_list(sight)
        kind = fields["items"]
        asked |= self.some({"cache": "1h", "timeout": "983s"}, 0.25)
        asked |= self.some({"retry": self.one(1, 2)}, 0.6)
        if self.maybe(0.3):
            asked["fallback"] = {"items": self.constant(kind, sight)}
        steps: dict[str, JSON] = {"listed": asked}
        outputs: dict[str, JSON] = {}
        for id in ("over", "more_over")[: self.one(1, 1, 2)]:
            steps[id], name = self._over(sight, kind)
            outputs[id] = f"${id}.{name}"
        return steps, outputs

    def _over(self, sight: Sight, kind: Kind) -> tuple[JSON, str]:
        assert kind.element is not None
        made, fields = (self.fold if self.maybe(0.25) else self.for_each)(
            sight, ("$listed.items", kind.element)
        )
        plain = [name for name, kind in fields.items() if is_plain(kind)]
        if plain:
            return made, self.one(*plain)
        return {"for_each": "$listed.items", "use": "text", "template": "one"}, "text"
