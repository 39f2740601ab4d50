"""The whole interface, against its own description: schemathesis makes requests up from the OpenAPI document
that the node gives, and holds every answer against it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sdk"))

from node import EMAIL, start  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = pathlib.Path(sys.executable).parent / "schemathesis"
EXAMPLES_MAX = 6
SECONDS_MAX = 280


class Interface(unittest.TestCase):
    """No answer with a failure of the node's own, none that differs from its description, no request that fits the
    description and is refused without a rule, none that does not fit and is taken."""

    def test_every_operation_answers_as_described(self):
        node = start()
        rights = self.rights(node)
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            done = subprocess.run(
                self.command(node, report),
                capture_output=True,
                check=False,
                cwd=folder,
                env=self.environment(node),
                text=True,
                timeout=SECONDS_MAX,
            )
            self.assertTrue(report.exists(), done.stdout + done.stderr)
            found = json.loads(report.read_text(encoding="utf-8"))
        self.assertEqual(done.returncode, 0, done.stdout[-20000:] + done.stderr)
        self.assertTrue(found)
        # Had the run lost a right, everything that needs it would have been refused from there on, and nothing been
        # found.
        self.assertEqual(node.call("GET", "/api/session")["person"]["email"], EMAIL)
        self.assertEqual(self.rights(node), rights)

    def rights(self, node):
        """What the run's key may do: everything that its person may, who administers organisation and node."""
        session = node.call("GET", "/api/session")
        self.assertIn("people.manage", session["permissions"])
        self.assertIn("node.organisations", session["node_permissions"])
        return session["role"], session["permissions"], session["node_permissions"]

    def environment(self, node):
        """What schemathesis finds its key and its rules by."""
        keys = node.call("GET", "/api/account/api-keys")["items"]
        self.assertEqual(len(keys), 1)
        return {
            **os.environ,
            "GUILDHALL_KEY": node.key,
            "GUILDHALL_KEY_ID": keys[0]["id"],
            "GUILDHALL_RULES": str(HERE / "rules.py"),
        }

    def command(self, node, report):
        """The command line of one run, always with the same seed."""
        return [
            PROGRAM,
            *("--config-file", str(HERE / "schemathesis.toml")),
            "run",
            node.url + "/openapi.json",
            *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", str(EXAMPLES_MAX), "--seed", "1"),
            *("--generation-database", "none"),
            *("--report", "json", "--report-json-path", str(report)),
        ]


if __name__ == "__main__":
    unittest.main()
