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

from node import shared  # noqa: E402

PROGRAM = pathlib.Path(sys.executable).parent / "schemathesis"
EXAMPLES_MAX = 6
SECONDS_MAX = 280
# Streams that never end, and answers that models write: other tests look at those.
LEFT_OUT = [
    "/api/events",
    "/api/ves/{id}/chat",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/messages",
    "/v1/responses",
    "/api/playground/runs",
]
# Rules that no schema can say (which of two fields, names that are taken, a password that is right) refuse
# some requests that fit it, and the foreign protocols take fields that they do not know.
NOT_CHECKED = ["positive_data_acceptance", "negative_data_rejection"]
# The key belongs to the scheme of bearer tokens, so that the check of ignored credentials can leave it out.
SETTINGS = """
[auth.openapi.bearer]
bearer = "${GUILDHALL_KEY}"
"""


class Interface(unittest.TestCase):
    """No answer with a failure of the node's own, none that differs from its description."""

    def test_every_operation_answers_as_described(self):
        node = shared()
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            settings = pathlib.Path(folder) / "schemathesis.toml"
            settings.write_text(SETTINGS, encoding="utf-8")
            done = subprocess.run(
                self.command(node, report, settings),
                capture_output=True,
                check=False,
                cwd=folder,
                env={**os.environ, "GUILDHALL_KEY": node.key},
                text=True,
                timeout=SECONDS_MAX,
            )
            self.assertTrue(report.exists(), done.stdout + done.stderr)
            found = json.loads(report.read_text(encoding="utf-8"))
        self.assertEqual(done.returncode, 0, done.stdout[-20000:] + done.stderr)
        self.assertTrue(found)

    def command(self, node, report, settings):
        """The command line of one run, always with the same seed."""
        left_out = [part for path in LEFT_OUT for part in ("--exclude-path", path)]
        return [
            PROGRAM,
            *("--config-file", str(settings)),
            "run",
            node.url + "/openapi.json",
            *("--checks", "all", "--continue-on-failure"),
            *("--exclude-checks", ",".join(NOT_CHECKED)),
            *("--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(EXAMPLES_MAX), "--seed", "1"),
            *("--request-timeout", "30", "--generation-database", "none"),
            *("--report", "json", "--report-json-path", str(report)),
            *left_out,
        ]


if __name__ == "__main__":
    unittest.main()
