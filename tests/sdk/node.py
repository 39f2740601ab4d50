"""A real node for the tests: started once, stopped when Python ends."""

import atexit
import functools
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("GUILDHALL_BIN", str(ROOT / "target/test/guildhall"))
EMAIL = "robin@example.test"
PASSWORD = "correct horse battery staple"
SETTLE_SECONDS = 30


class Node:
    """A running node with one organisation, its administrator's API key and one employee who quotes."""

    def __init__(self, folder):
        data = os.path.join(folder, "data")
        password = os.path.join(folder, "password")
        pathlib.Path(password).write_text(PASSWORD + "\n", encoding="utf-8")
        run("init", "--data-dir", data, "--org", "Linden", "--admin", EMAIL, "--password-file", password)
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--data-dir", data, "--listen", "127.0.0.1:0", "--insecure-http"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(self.stop)
        self.url = self.wait_until_ready()
        made = run("apikey", "create", "--data-dir", data, "--user", EMAIL, "--name", "sdk", "--json")
        self.key = json.loads(made)["key"]
        hired = self.call("POST", "/api/marketplace/agents/invoice-clerk/hire", {"model": "extractive"})
        self.employee = hired["id"]

    def wait_until_ready(self):
        for line in self.process.stdout:
            if line.startswith("guildhall ready on "):
                return line.split()[-1].replace("//localhost:", "//127.0.0.1:")
        raise RuntimeError("the node ended before it was ready")

    def call(self, method, path, body=None):
        """Sends a request to the node's own interface and reads the JSON it answers."""
        return json.loads(self.text(method, path, body))

    def text(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def usage(self, query, wanted):
        """The usage report once `wanted` says that it has what the test waits for."""
        until = time.monotonic() + SETTLE_SECONDS
        while True:
            report = self.call("GET", "/api/billing/usage?" + query)
            if wanted(report) or time.monotonic() > until:
                return report
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def run(*parameters):
    """Runs a command of the program and gives what it prints."""
    done = subprocess.run([PROGRAM, *parameters], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"guildhall {parameters[0]} failed: {done.stderr}")
    return done.stdout


def start():
    """A node for one test alone, which may change whatever it likes."""
    folder = tempfile.TemporaryDirectory(prefix="guildhall-sdk-")
    atexit.register(folder.cleanup)
    return Node(folder.name)


@functools.cache
def shared():
    """The node that the other tests of this run speak to."""
    return start()
