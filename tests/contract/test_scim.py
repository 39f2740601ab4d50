"""Provisioning, as programs that know SCIM from its standard see it."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sdk"))

from node import shared  # noqa: E402

PROGRAM = pathlib.Path(sys.executable).parent / "scim2"


class Scim(unittest.TestCase):
    """The compliance check of scim2-cli: discovery, every operation, every attribute."""

    @classmethod
    def setUpClass(cls):
        cls.node = shared()
        made = cls.node.call("POST", "/api/admin/scim-tokens", {"name": "contract"})
        cls.environment = {
            **os.environ,
            "SCIM_CLI_URL": cls.node.url + "/scim/v2",
            "SCIM_CLI_HEADERS": "Authorization: Bearer " + made["secret"],
        }

    def test_the_compliance_check_passes(self):
        done = subprocess.run(
            [PROGRAM, "test", "--verbose"],
            capture_output=True,
            check=False,
            env=self.environment,
            text=True,
            timeout=240,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        passed = done.stdout.count("SUCCESS ")
        self.assertGreater(passed, 50, done.stdout)
        self.assertNotIn("ERROR ", done.stdout)


if __name__ == "__main__":
    unittest.main()
