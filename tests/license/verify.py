"""Verifies what `guildhall-license` signs, from the specification alone: not a line is shared with the product."""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding


class Refused(Exception):
    """The file is not to be believed."""


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        raise Refused("a name stands twice")
    return dict(pairs)


def read(text):
    envelope = json.loads(text, object_pairs_hook=once)
    payload = base64.b64decode(envelope["payload"], validate=True)
    kind = envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    signatures = {one["keyid"]: base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]}
    return envelope["payloadType"], payload, signed, signatures


def check(key, signed, signature):
    public = base64.b64decode(key["public"])
    if hashlib.sha256(public).hexdigest() != key["id"]:
        raise Refused("a key has another id than its own")
    if key["alg"] == "ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
    return serialization.load_der_public_key(public).verify(signature, signed, scheme, hashes.SHA256())


def verify(text, kind, role, ring=None):
    found, payload, signed, signatures = read(text)
    if found != f"application/vnd.guildhall.{kind}.v1+json":
        raise Refused("it is of another kind")
    ring = ring or json.loads(payload, object_pairs_hook=once)
    keys = [key for key in ring["keys"] if key["role"] == role and key["id"] in signatures]
    try:
        for key in keys:
            check(key, signed, signatures[key["id"]])
    except InvalidSignature:
        raise Refused("a signature does not fit") from None
    if len({key["id"] for key in keys}) < ring["thresholds"].get(role, 1):
        raise Refused("too few keys of the role signed")
    return json.loads(payload, object_pairs_hook=once)


if __name__ == "__main__":
    trusted = verify(open(sys.argv[1]).read(), "keyring", "root")
    print(json.dumps(verify(open(sys.argv[2]).read(), sys.argv[3], sys.argv[3], trusted), indent=2))
