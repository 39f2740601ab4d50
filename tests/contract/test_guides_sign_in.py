"""The guides to directories and identity providers: their commands, tried as they are written."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/sdk"), str(ROOT / "tests/contract")]

from directory_server import DirectoryServer, program  # noqa: E402
from node import EMAIL, PASSWORD, start  # noqa: E402

PYTHON = str(ROOT / "tests/identity/.venv/bin/python")
# What the guide calls the password of the service account is taken for the password itself.
SERVICE_PASSWORD = "the account’s password"


def blocks(name, language="sh"):
    """The guide's examples in one language, without the indentation of a list."""
    guide = (ROOT / "docs" / name).read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", guide, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


class StayHere(urllib.request.HTTPRedirectHandler):
    """Shows where an answer leads instead of going there."""

    def redirect_request(self, *_):
        return None


def opened(opener, address, form=None):
    """Where an answer leads."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        with opener.open(address, data, timeout=60) as answer:
            raise AssertionError(f"{address} leads nowhere: {answer.status}")
    except urllib.error.HTTPError as answer:
        return answer.headers["location"]


class Person:
    """Somebody in a browser who is logged in."""

    def __init__(self, url):
        self.url = url
        self.headers = {"content-type": "application/json"}
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self.headers["x-csrf-token"] = self.post("/api/session", email=EMAIL, password=PASSWORD)["csrf_token"]

    def post(self, path, **body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), self.headers)
        with self.opener.open(request, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def agree(self, address):
        """What the page does that asks for consent; gives the code that the browser takes back."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        back = self.post("/api/oauth/authorize/decide", **asked, allow=True)["redirect_to"]
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))


class Guides(unittest.TestCase):
    """Each command of a guide, one after the other, as somebody would who follows it."""

    @classmethod
    def setUpClass(cls):
        # Without this setting a provider must speak TLS.
        os.environ["GUILDHALL_PLAIN_LOOPBACK_PROVIDERS"] = "true"
        cls.node = start()
        del os.environ["GUILDHALL_PLAIN_LOOPBACK_PROVIDERS"]
        cls.organisation = cls.node.call("GET", "/api/session")["organisation"]["id"]

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="guildhall-guide-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.environment = {
            **os.environ,
            "KEY": self.node.key,
            "NODE": self.node.url,
            "ORG": self.organisation,
            "PATH": os.environ["PATH"] + os.pathsep + "/usr/sbin",
        }

    def run_command(self, command, exchanged=()):
        """Runs a command with what stands for the reader's own things exchanged; gives what it prints."""
        for theirs, ours in exchanged:
            command = command.replace(theirs, ours)
        strict = re.sub(r"\bcurl ", "curl --silent --show-error --fail-with-body ", command)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", strict],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env=self.environment,
            text=True,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, strict + done.stdout + done.stderr)
        return done.stdout

    def ask(self, command, exchanged=()):
        """Runs a command that ends with an answer of the node."""
        return json.loads(self.run_command(command, exchanged))

    def test_openldap(self):
        server = DirectoryServer()
        (self.folder / "ca.pem").write_bytes((server.folder / "ca.pem").read_bytes())
        secret = subprocess.run(
            [program("slappasswd"), "-s", SERVICE_PASSWORD], capture_output=True, check=True, text=True
        )
        reader, group = blocks("connect-openldap.md", "ldif")
        reader = reader.replace("{SSHA}what-slappasswd-printed", secret.stdout.strip())
        (self.folder / "reader.ldif").write_text(reader, encoding="utf-8")
        (self.folder / "group.ldif").write_text(group, encoding="utf-8")
        exchanged = [
            ("ldap://localhost", f"ldap://127.0.0.1:{server.plain_port}"),
            ("ldapi:///", server.socket),
            ("ldaps://ldap.example.org", f"ldaps://127.0.0.1:{server.tls_port}"),
            ("ldap.example.org:636", f"127.0.0.1:{server.tls_port}"),
            ("ldap.example.org:389", f"127.0.0.1:{server.plain_port}"),
            ("https://guildhall.example.org", self.node.url),
            # A test has no terminal to type a password at.
            ("-D cn=admin,dc=example,dc=org -W", "-D cn=admin,dc=example,dc=org -w admin-password"),
            ("-D cn=guildhall,dc=example,dc=org -W", f"-D cn=guildhall,dc=example,dc=org -w '{SERVICE_PASSWORD}'"),
        ]
        commands = blocks("connect-openldap.md")
        add_reader, allow, limit, certificates, add_group, by_api = commands
        for command in (add_reader, allow, limit, add_group):
            self.run_command(command, exchanged)
        self.assertEqual(certificates.count("\n"), 2)
        for command in certificates.splitlines():
            self.assertIn("BEGIN CERTIFICATE", self.run_command(command, exchanged))
        create, dry_run, refresh = re.split(r"^(?=curl )", by_api, flags=re.MULTILINE)[1:]
        made = self.ask(create, exchanged)
        self.assertTrue(made["enabled"] and made["has_bind_password"])
        self.environment["ID"] = made["id"]
        preview = self.ask(dry_run, exchanged)
        ana = next(person for person in preview["people"] if person["login"] == "ana")
        self.assertEqual([grant["role"] for grant in ana["grants"]], ["staff"])
        self.assertFalse(preview["truncated"])
        self.ask(refresh, exchanged)
        guide = (ROOT / "docs/connect-openldap.md").read_text(encoding="utf-8")
        asks_who = re.search(r"`(LDAPTLS_CACERT=[^`]*)`", guide)
        self.assertIn("cn=guildhall", self.run_command(asks_who[1], exchanged))

    def test_active_directory(self):
        """Only what is asked of the node: the rest of this guide is for Windows and Samba."""
        server = DirectoryServer()
        (self.folder / "ca.pem").write_bytes((server.folder / "ca.pem").read_bytes())
        by_api = [block for block in blocks("connect-active-directory.md") if block.startswith("curl ")]
        self.assertEqual(len(by_api), 1)
        made = self.ask(by_api[0], [("https://guildhall.example.org", self.node.url)])
        self.assertEqual((made["kind"], len(made["urls"]), made["nested_groups"]), ("active_directory", 2, True))

    def test_saml(self):
        provider = self.started([PYTHON, str(ROOT / "tests/identity/idp.py"), str(self.folder / "idp")])
        url = json.loads(provider.stdout.readline())["url"]
        with urllib.request.urlopen(f"{url}/metadata", timeout=60) as answer:
            (self.folder / "idp.xml").write_bytes(answer.read())
        (block,) = blocks("connect-saml.md")
        made = self.ask(block, [("https://node.example", self.node.url)])
        self.assertEqual((made["kind"], made["enabled"]), ("saml", False))
        self.assertEqual(made["saml"]["idp_entity_id"], f"{url}/metadata")
        self.assertEqual(len(made["saml"]["certificates"]), 1)
        # The address that the guide has entered at the provider.
        metadata = self.node.text("GET", f"/saml/{made['id']}/metadata")
        self.assertIn(f"/saml/{made['id']}/acs", metadata)

    def test_openid_connect(self):
        command = [PYTHON, "-m", "oidc_provider_mock", "--port", "0", "--host", "127.0.0.1"]
        provider = self.started(command)
        issuer = next(found[1] for line in provider.stderr if (found := re.search(r"running on (http://\S+\d)", line)))
        ana = json.dumps({"email": "ana@example.test", "email_verified": True, "groups": ["clerks"]}).encode()
        headers = {"content-type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{issuer}/users/ana", ana, headers, method="PUT")).close()
        create, test = blocks("connect-oidc.md")
        own = [("https://login.example.org/realms/staff", issuer), ("org_…", self.organisation)]
        made = self.ask(create, own)
        self.assertTrue(made["oidc"]["has_client_secret"])
        self.environment["ID"] = made["id"]
        begun = self.ask(test)
        opener = urllib.request.build_opener(StayHere(), urllib.request.HTTPCookieProcessor())
        at_provider = opened(opener, self.node.url + begun["login_path"])
        answer = urllib.parse.urlsplit(opened(opener, at_provider, {"sub": "ana"}))
        opened(opener, f"{self.node.url}{answer.path}?{answer.query}")
        told = self.node.call("GET", f"/api/admin/identity-providers/{made['id']}/tests/{begun['test']}")
        self.assertEqual([step for step in told["steps"] if step["state"] != "ok"], [])
        self.assertEqual(told["would_grant"], [{"organisation": self.organisation, "role": "staff"}])

    def test_oauth(self):
        described, found, create, ask, fetch, use, begin_device, poll, service, end = blocks("oauth.md")
        here = [("http://localhost:8443", self.node.url)]
        self.assertIn("token_endpoint", self.ask(described, here))
        # The refusal is what the reader is to see.
        challenge, resource = self.run_command(found, [*here, ("curl -si", "curl --no-fail-with-body -si")]).splitlines()
        resource = json.loads(resource)
        self.assertIn(f'resource_metadata="{resource["resource"]}/.well-known/oauth-protected-resource"', challenge)
        self.assertEqual(resource["authorization_servers"], [resource["resource"]])
        made = self.ask(create)
        self.environment["CLIENT"] = made["client"]["id"]
        # The variables that a shell would keep from one command to the next.
        printed = self.run_command(ask + 'echo "$VERIFIER"').splitlines()
        self.environment["VERIFIER"] = printed[1]
        person = Person(self.node.url)
        back = person.agree(printed[0])
        self.assertEqual((back["state"], "iss" in back), ("x", True))
        self.environment["CODE"] = back["code"]
        tokens = self.ask(fetch)
        self.environment |= {"ACCESS": tokens["access_token"], "REFRESH": tokens["refresh_token"]}
        with_token, again = use.splitlines()
        self.assertTrue(self.ask(with_token)["items"])
        renewed = self.ask(again)
        self.assertNotEqual(renewed["refresh_token"], tokens["refresh_token"])
        device = self.ask(begin_device)
        self.environment["DEVICE"] = device["device_code"]
        person.post("/api/oauth/device/decide", user_code=device["user_code"], allow=True)
        self.assertEqual(self.ask(poll)["token_type"], "Bearer")
        self.environment["REFRESH"] = renewed["refresh_token"]
        revoke, introspect = end.splitlines()
        self.run_command(revoke)
        self.enter_server_program()
        tokens = self.ask(service)
        self.assertNotIn("refresh_token", tokens)
        self.assertFalse(self.ask(introspect)["active"])
        self.environment["ACCESS"] = tokens["access_token"]
        self.assertTrue(self.ask(introspect)["active"])

    def enter_server_program(self):
        """What the guide says in words: a confidential application that acts for a service account."""
        account = self.node.call("POST", "/api/admin/service-accounts", {"name": "Importer", "role": "normal"})
        entered = {"name": "Server", "kind": "confidential", "grants": ["client_credentials"], "scopes": ["read"]}
        entered |= {"redirect_uris": [], "service_account": account["id"]}
        made = self.node.call("POST", "/api/admin/oauth-clients", entered)
        self.environment |= {"CLIENT": made["client"]["id"], "SECRET": made["secret"]}

    def started(self, command):
        """A program that ends with the test."""
        environment = {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )

        def stop():
            process.kill()
            process.communicate()

        self.addCleanup(stop)
        return process


if __name__ == "__main__":
    unittest.main()
