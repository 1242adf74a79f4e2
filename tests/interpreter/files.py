"""Files that come with a run itself: what the run is given in their place."""

from hashlib import sha256

from spec.values import JSON


def opened(value: JSON) -> JSON:
    """Return `{name, text}`, or a list of them, as the whole files that a run is given."""
    if isinstance(value, list):
        return [opened(item) for item in value]
    if value is None:
        return None
    name, text = value["name"], value["text"]
    data = text.encode()
    id = f"file_{sha256(name.encode() + bytes(1) + data).hexdigest()[:24]}"
    return {"id": id, "name": name, "media_type": "text/plain", "size": len(data), "text": text}
