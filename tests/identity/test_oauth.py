"""An official client library walks through the node's authorisation server."""

import os
import pathlib
import sys
import time
import unittest
import urllib.parse

# The node under test speaks HTTP on this machine's loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from joserfc import jwt
from joserfc.jwk import KeySet

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sdk"))

from node import EMAIL, PASSWORD, shared

REDIRECT = "http://127.0.0.1/back"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Person:
    """Somebody in a logged-in browser."""

    def __init__(self, url):
        self.url = url
        self.browser = requests.Session()
        answer = self.browser.post(url + "/api/session", json={"email": EMAIL, "password": PASSWORD}, timeout=30)
        answer.raise_for_status()
        self.browser.headers["x-csrf-token"] = answer.json()["csrf_token"]

    def post(self, path, body):
        answer = self.browser.post(self.url + path, json=body, timeout=30)
        if not answer.ok:
            raise AssertionError(f"{path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.text else None

    def agree(self, address):
        """What the consent page does with its address; gives where the browser goes."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        self.post("/api/oauth/authorize/check", asked)
        return self.post("/api/oauth/authorize/decide", {**asked, "allow": True})["redirect_to"]


class AuthorisationServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = shared()
        answer = requests.get(cls.node.url + "/.well-known/oauth-authorization-server", timeout=30)
        # The node names itself localhost and listens on the IPv4 loopback.
        cls.issuer = answer.json()["issuer"]
        cls.described = {
            name: value.replace(cls.issuer, cls.node.url) if isinstance(value, str) else value
            for name, value in answer.json().items()
        }
        cls.person = Person(cls.node.url)

    def enter(self, **more):
        client = {"name": "Notebook", "kind": "public", "redirect_uris": [], "grants": ["device"], "scopes": ["chat", "read"]}
        return self.node.call("POST", "/api/admin/oauth-clients", {**client, **more})

    def session(self, made, **more):
        method = "client_secret_basic" if made["secret"] else "none"
        return OAuth2Session(
            made["client"]["id"],
            made["secret"],
            token_endpoint_auth_method=method,
            code_challenge_method="S256",
            token_endpoint=self.described["token_endpoint"],
            revocation_endpoint_auth_method=method,
            **more,
        )

    def code_flow(self, made, scope="chat"):
        client = self.session(made, scope=scope, redirect_uri=REDIRECT)
        verifier = generate_token(48)
        address, state = client.create_authorization_url(self.described["authorization_endpoint"], code_verifier=verifier)
        back = self.person.agree(address)
        client.fetch_token(
            self.described["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
        )
        return client

    def test_code_with_challenge_for_a_public_and_a_confidential_client(self):
        for kind in ["public", "confidential"]:
            made = self.enter(kind=kind, redirect_uris=[REDIRECT], grants=["authorization_code"])
            client = self.code_flow(made)
            self.assertEqual(client.token["scope"], "chat")
            self.assertEqual(client.get(self.node.url + "/api/ves").status_code, 200)
            self.assertEqual(client.get(self.node.url + "/api/admin/people").status_code, 403)

    def test_access_tokens_verify_with_the_published_keys(self):
        made = self.enter(redirect_uris=[REDIRECT], grants=["authorization_code"])
        token = self.code_flow(made).token["access_token"]
        keys = KeySet.import_key_set(requests.get(self.described["jwks_uri"], timeout=30).json())
        read = jwt.decode(token, keys, algorithms=["EdDSA"])
        self.assertEqual(read.header["typ"], "at+jwt")
        claims = jwt.JWTClaimsRegistry(
            now=int(time.time()),
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.issuer},
            exp={"essential": True},
            sub={"essential": True},
            client_id={"essential": True, "value": made["client"]["id"]},
        )
        claims.validate(read.claims)

    def test_a_refresh_token_that_comes_again_ends_everything(self):
        made = self.enter(redirect_uris=[REDIRECT], grants=["authorization_code"])
        client = self.code_flow(made)
        first = client.token["refresh_token"]
        second = client.refresh_token(self.described["token_endpoint"])["refresh_token"]
        self.assertNotEqual(first, second)
        self.assertEqual(client.get(self.node.url + "/api/ves").status_code, 200)
        for token in [first, second]:
            with self.assertRaises(OAuthError) as refused:
                client.refresh_token(self.described["token_endpoint"], refresh_token=token)
            self.assertEqual(refused.exception.error, "invalid_grant")
        self.assertEqual(client.get(self.node.url + "/api/ves").status_code, 401)

    def start_device(self, made):
        started = requests.post(
            self.described["device_authorization_endpoint"],
            data={"client_id": made["client"]["id"], "scope": "chat"},
            timeout=30,
        ).json()
        client = self.session(made)

        def poll():
            return client.fetch_token(
                self.described["token_endpoint"], grant_type=DEVICE_GRANT, device_code=started["device_code"]
            )

        return client, started, poll

    def test_a_device(self):
        made = self.enter()
        client, started, poll = self.start_device(made)
        code = {"user_code": started["user_code"]}
        self.assertEqual(self.person.post("/api/oauth/device/check", code)["client"]["name"], "Notebook")
        self.person.post("/api/oauth/device/decide", {**code, "allow": True})
        self.assertEqual(poll()["token_type"], "Bearer")
        self.assertEqual(client.get(self.node.url + "/api/ves").status_code, 200)

        _, _, poll = self.start_device(made)
        for expected in ["authorization_pending", "slow_down"]:
            with self.assertRaises(OAuthError) as refused:
                poll()
            self.assertEqual(refused.exception.error, expected)

    def test_a_service_account_and_what_its_token_is_good_for(self):
        account = self.node.call("POST", "/api/admin/service-accounts", {"name": "Importer", "role": "normal"})
        made = self.enter(kind="confidential", grants=["client_credentials"], service_account=account["id"])
        client = self.session(made)
        token = client.fetch_token(self.described["token_endpoint"], grant_type="client_credentials", scope="read")
        self.assertNotIn("refresh_token", token)
        self.assertEqual(client.get(self.node.url + "/api/ves").status_code, 200)
        look = self.described["introspection_endpoint"]
        seen = client.introspect_token(look, token=token["access_token"]).json()
        self.assertEqual((seen["active"], seen["scope"]), (True, "read"))
        ended = client.revoke_token(self.described["revocation_endpoint"], token=token["access_token"])
        self.assertEqual(ended.status_code, 200)
        self.assertEqual(client.introspect_token(look, token=token["access_token"]).json(), {"active": False})
        self.assertEqual(requests.get(self.node.url + "/api/ves", headers={"authorization": f"Bearer {token['access_token']}"}, timeout=30).status_code, 401)


if __name__ == "__main__":
    unittest.main()
