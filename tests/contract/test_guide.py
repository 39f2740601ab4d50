"""The guide to provisioning, tried as it is written."""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/sdk"))

from node import shared  # noqa: E402

GUIDE = ROOT / "docs/provision-by-scim.md"


class Guide(unittest.TestCase):
    """Each command of the guide, one after the other, as somebody would who follows it."""

    def test_every_command_of_the_guide_works(self):
        node = shared()
        environment = {**os.environ, "KEY": node.key}
        text = GUIDE.read_text(encoding="utf-8").replace("https://guildhall.example", node.url)
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        commands = [command for block in blocks for command in block.split("\n\n")]
        tried = 0
        for command in commands:
            if command.startswith("export "):
                environment["URL"] = node.url + "/scim/v2"
                continue
            quiet = command.replace("curl ", "curl --silent --show-error --fail-with-body ", 1)
            done = subprocess.run(
                ["bash", "-c", quiet], capture_output=True, check=False, env=environment, text=True, timeout=60
            )
            self.assertEqual(done.returncode, 0, command + done.stdout + done.stderr)
            tried += 1
            answer = json.loads(done.stdout) if done.stdout else {}
            if "secret" in answer:
                environment["TOKEN"] = answer["secret"]
                self.assertTrue(answer["base_url"].endswith("/scim/v2"))
            if answer.get("userName"):
                environment["USER_ID"] = answer["id"]
        self.assertEqual(tried, 8)


if __name__ == "__main__":
    unittest.main()
