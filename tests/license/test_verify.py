"""The independent verifier takes what the vendor's program signs, and refuses everything that was changed since.

usage: python -m unittest, in this folder and its environment. GUILDHALL_LICENSE_BIN names the program.
"""

import base64
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from cryptography.hazmat.primitives.asymmetric import ed25519
from verify import Refused, read, verify

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("GUILDHALL_LICENSE_BIN", str(ROOT / "target/test/guildhall-license"))
ROLES = ["root-1", "root-2", "root-3", "license", "crl"]
REFUSALS = (Refused, ValueError, KeyError, TypeError)


def flipped(data):
    """Every version of some bytes in which one bit is different."""
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


class Signed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        for name in ROLES:
            cls.run_program(f"keygen --role {name.split('-')[0]} --no-passphrase --out {name}.key.json")
        cls.run_program("keygen --role license --alg rsa-3072 --no-passphrase --out rsa.key.json")
        publics = " ".join(f"{name}.pub.json" for name in [*ROLES, "rsa"])
        cls.run_program(f"keyring new {publics} --out keyring.json")
        cls.run_program("keyring sign keyring.json --key root-1.key.json")
        cls.run_program("keyring sign keyring.json --key root-3.key.json")
        issue = "issue --customer-id c --customer-name n --edition e --term-days 9 --feature sso"
        common = "--keyring keyring.json --ledger ledger.jsonl"
        cls.run_program(f"{issue} {common} --key license.key.json --out ed25519.license")
        cls.run_program(f"{issue} {common} --key rsa.key.json --out rsa.license")
        cls.run_program(f"{issue} {common} --key license.key.json --key rsa.key.json --out both.license")
        cls.run_program(f"crl {common} --key crl.key.json --out list.crl")
        cls.ring = verify(cls.read("keyring.json"), "keyring", "root")

    @classmethod
    def run_program(cls, line):
        subprocess.run([PROGRAM, *line.split()], cwd=cls.folder.name, check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def read(cls, name):
        return (pathlib.Path(cls.folder.name) / name).read_text()

    def refuse(self, envelope, kind="license", role="license"):
        text = envelope if isinstance(envelope, str) else json.dumps(envelope)
        with self.assertRaises(REFUSALS):
            verify(text, kind, role, self.ring)

    def test_what_the_program_signs_is_taken(self):
        for name in ["ed25519", "rsa", "both"]:
            license = verify(self.read(f"{name}.license"), "license", "license", self.ring)
            self.assertEqual(license["entitlements"], {"feature.sso": True})
        self.assertEqual(verify(self.read("list.crl"), "crl", "crl", self.ring)["version"], 1)
        self.assertEqual(self.ring["thresholds"], {"root": 2})

    def test_every_bit_of_payload_and_signature_counts(self):
        for name in ["ed25519", "rsa"]:
            envelope = json.loads(self.read(f"{name}.license"))
            for changed in flipped(base64.b64decode(envelope["payload"])):
                self.refuse({**envelope, "payload": base64.b64encode(changed).decode()})
            [signature] = envelope["signatures"]
            for changed in flipped(base64.b64decode(signature["sig"])):
                self.refuse({**envelope, "signatures": [{**signature, "sig": base64.b64encode(changed).decode()}]})

    def test_a_wrong_second_signature_spoils_the_file(self):
        envelope = json.loads(self.read("both.license"))
        first, second = envelope["signatures"]
        self.refuse({**envelope, "signatures": [first, {**second, "sig": first["sig"]}]})
        self.refuse({**envelope, "signatures": [{**first, "keyid": second["keyid"]}, {**second, "keyid": first["keyid"]}]})

    def test_kinds_and_roles_are_not_exchanged(self):
        license, crl = json.loads(self.read("ed25519.license")), json.loads(self.read("list.crl"))
        self.refuse({**license, "payloadType": crl["payloadType"]}, "crl", "crl")
        self.refuse({**license, "payloadType": crl["payloadType"]})
        self.refuse(crl)
        # A right signature by a key that is trusted, for something else.
        for name in ["crl", "root-1"]:
            key = json.loads(self.read(f"{name}.key.json"))
            signer = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(key["seed"]))
            _, _, signed, _ = read(json.dumps(license))
            signature = {"keyid": key["id"], "sig": base64.b64encode(signer.sign(signed)).decode()}
            self.refuse({**license, "signatures": [signature]})

    def test_one_key_twice_is_one_key(self):
        ring = json.loads(self.read("keyring.json"))
        first, second = ring["signatures"]
        for signatures in [[first], [second], [first, first], [first, {**first, "keyid": second["keyid"]}]]:
            with self.assertRaises(REFUSALS):
                verify(json.dumps({**ring, "signatures": signatures}), "keyring", "root")

    def test_text_that_can_be_read_in_two_ways_is_refused(self):
        text = self.read("ed25519.license").strip()
        self.refuse(text.replace("{", '{"payload":"",', 1))
        self.refuse(text + "x")
        self.refuse("\ufeff" + text)


if __name__ == "__main__":
    unittest.main()
