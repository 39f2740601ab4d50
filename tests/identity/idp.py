"""A SAML identity provider for tests: pysaml2 behind a small web server on the loopback.

Started with a folder for its files. Prints one line of JSON with its address when it answers. Whoever asks
to log in is logged in at once as `ana`. `POST /control` changes what it does:

    {"service_provider": "<metadata>"}   whom it serves
    {"variant": "sha1", "attributes": {…}, "name": "ana-1"}   how the next responses are wrong, and what they say
    {"unsolicited": true}   a response that nobody asked for, as fields of a form
    {"logout": true}   the address of a logout request for the last login
    {"tell": true}   whom it logged out when asked to
    {"certificates": true}   its certificate, and that of the key which the variant `other_key` signs with
"""

import base64
import datetime
import html
import json
import pathlib
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, entity, sigver
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

ATTRIBUTES = {
    "mail": ["ana@example.test"],
    "displayName": ["Ana Lind"],
    "eduPersonAffiliation": ["staff"],
}
AES_GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"


def make_key(folder, name):
    """A key and its self-signed certificate as PEM files."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.key.pem", folder / f"{name}.cert.pem"
    paths[0].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    paths[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return tuple(str(path) for path in paths)


class IdentityProvider:
    """The provider's state: its keys, whom it serves, and how it misbehaves."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.keys = make_key(folder, "idp")
        self.other_keys = make_key(folder, "other")
        self.sp_metadata = None
        self.variant = "normal"
        self.attributes = ATTRIBUTES
        self.name = "ana-7f3a"
        self.last_login = None
        self.logged_out = []

    def config(self, keys=None):
        key_file, cert_file = keys or self.keys
        settings = {
            "entityid": f"{self.url}/metadata",
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(f"{self.url}/sso", BINDING_HTTP_REDIRECT)],
                        "single_logout_service": [(f"{self.url}/slo", BINDING_HTTP_REDIRECT)],
                    },
                    "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                    "want_authn_requests_signed": True,
                    "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
                    "signing_algorithm": SIG_RSA_SHA256,
                    "digest_algorithm": DIGEST_SHA256,
                }
            },
            "key_file": key_file,
            "cert_file": cert_file,
        }
        if self.sp_metadata:
            settings["metadata"] = {"local": [self.sp_metadata]}
        return IdPConfig().load(settings)

    def server(self):
        return Server(config=self.config(self.other_keys if self.variant == "other_key" else None))

    def metadata(self):
        return str(entity_descriptor(self.config()))

    def serve(self, metadata):
        path = self.folder / "sp.xml"
        path.write_text(metadata)
        self.sp_metadata = str(path)

    def log_in(self, query):
        """Answers a login request: the fields of the form that goes back."""
        server = self.server()
        request = server.parse_authn_request(
            query["SAMLRequest"],
            BINDING_HTTP_REDIRECT,
            relay_state=query.get("RelayState"),
            sigalg=query.get("SigAlg"),
            signature=query.get("Signature"),
        )
        arguments = server.response_args(request.message)
        return self.respond(server, query.get("RelayState"), **arguments)

    def unsolicited(self):
        server = self.server()
        sp = next(iter(server.metadata.keys()))
        service = server.metadata.assertion_consumer_service(sp, BINDING_HTTP_POST)[0]
        return self.respond(server, None, in_response_to=None, destination=service["location"], sp_entity_id=sp)

    def respond(self, server, relay_state, in_response_to, destination, sp_entity_id, **_):
        weak = self.variant == "sha1"
        signs = self.variant != "unsigned"
        outer = self.variant in ("signed_response", "encrypted_response")
        name_id = NameID(format=NAMEID_FORMAT_PERSISTENT, text=self.name, sp_name_qualifier=sp_entity_id)
        if self.variant == "wrong_audience":
            sp_entity_id = "https://elsewhere.example/metadata"
        arguments = {
            "identity": self.attributes,
            "in_response_to": in_response_to,
            "destination": destination,
            "sp_entity_id": sp_entity_id,
            "name_id": name_id,
            "authn": {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": self.url},
            "sign_assertion": signs and not outer,
            "sign_response": signs and outer,
            "sign_alg": SIG_RSA_SHA1 if weak else SIG_RSA_SHA256,
            "digest_alg": DIGEST_SHA1 if weak else DIGEST_SHA256,
        }
        if self.variant.startswith("encrypted"):
            arguments |= {"encrypt_assertion": True, "encrypt_cert_assertion": self.sp_certificate(server, sp_entity_id)}
        xml = str(server.create_authn_response(**arguments))
        self.last_login = (server, sp_entity_id, name_id)
        fields = {"SAMLResponse": base64.b64encode(xml.encode()).decode(), "action": destination}
        return fields | ({"RelayState": relay_state} if relay_state else {})

    @staticmethod
    def sp_certificate(server, sp_entity_id):
        return server.metadata.certs(sp_entity_id, "spsso", "encryption")[0][1]

    def logout_address(self):
        """The address of a logout request for the last login, signed as the binding says."""
        server, sp_entity_id, name_id = self.last_login
        service = server.metadata.single_logout_service(sp_entity_id, BINDING_HTTP_REDIRECT, "spsso")[0]
        request_id, request = server.create_logout_request(
            service["location"], sp_entity_id, name_id=name_id, sign=False
        )
        http = server.apply_binding(
            BINDING_HTTP_REDIRECT,
            str(request),
            service["location"],
            relay_state="bye",
            sign=self.variant != "unsigned",
            sigalg=SIG_RSA_SHA256,
        )
        return dict(http["headers"])["Location"]

    def log_out(self, query):
        """Takes a logout message: an answer to ours, or a request, which is answered."""
        server = self.server()
        if "SAMLResponse" in query:
            answer = server.parse_logout_request_response(query["SAMLResponse"], BINDING_HTTP_REDIRECT)
            return {"status": answer.response.status.status_code.value, "relay_state": query.get("RelayState")}
        request = server.parse_logout_request(
            query["SAMLRequest"],
            BINDING_HTTP_REDIRECT,
            relay_state=query.get("RelayState"),
            sigalg=query.get("SigAlg"),
            signature=query.get("Signature"),
        )
        self.logged_out.append(request.message.name_id.text)
        response = server.create_logout_response(request.message, [BINDING_HTTP_REDIRECT], sign=False)
        http = server.apply_binding(
            BINDING_HTTP_REDIRECT,
            str(response),
            response.destination,
            response=True,
            sign=True,
            sigalg=SIG_RSA_SHA256,
        )
        return {"name": request.message.name_id.text, "location": dict(http["headers"])["Location"]}

    def control(self, wish):
        if "service_provider" in wish:
            self.serve(wish["service_provider"])
        self.variant = wish.get("variant", self.variant)
        self.attributes = wish.get("attributes", self.attributes)
        self.name = wish.get("name", self.name)
        if wish.get("unsolicited"):
            return self.unsolicited()
        if wish.get("logout"):
            return {"location": self.logout_address()}
        if wish.get("tell"):
            return {"logged_out": self.logged_out}
        if wish.get("certificates"):
            keys = {"present": self.keys, "next": self.other_keys}
            return {name: pathlib.Path(certificate).read_text() for name, (_, certificate) in keys.items()}
        return {}


class Handler(BaseHTTPRequestHandler):
    """Addresses of the provider. Pages post themselves, as those of real providers do."""

    provider = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        if path == "/metadata":
            self.answer(self.provider.metadata(), "application/samlmetadata+xml")
        elif path == "/sso":
            self.answer(page(self.provider.log_in(query)), "text/html")
        elif path == "/slo":
            done = self.provider.log_out(query)
            # A browser goes on by itself; a test that walks by hand reads where to.
            if "location" in done and "text/html" in self.headers.get("accept", ""):
                self.send_response(303)
                self.send_header("location", done["location"])
                self.end_headers()
            else:
                self.answer(json.dumps(done), "application/json")
        else:
            self.send_error(404)

    def do_POST(self):
        length = int(self.headers["content-length"])
        wish = json.loads(self.rfile.read(length))
        self.answer(json.dumps(self.provider.control(wish)), "application/json")

    def answer(self, text, kind):
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def page(fields):
    """A form that posts itself."""
    action = html.escape(fields.pop("action"))
    inputs = "".join(f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in fields.items())
    return (
        f'<!doctype html><title>Signed in</title><form method="post" action="{action}">{inputs}'
        "<button>Continue</button></form><script>document.forms[0].submit()</script>"
    )


def encrypt_with_gcm():
    """pysaml2 encrypts with triple DES by default, which nobody should take any more."""
    part, encrypt = entity.pre_encryption_part, sigver.SecurityContext.encrypt_assertion

    def part_with_gcm(**arguments):
        return part(**(arguments | {"msg_enc": AES_GCM}))

    def encrypt_with_fitting_key(self, *arguments, **more):
        return encrypt(self, *arguments, **(more | {"key_type": "aes-128"}))

    entity.pre_encryption_part = part_with_gcm
    sigver.SecurityContext.encrypt_assertion = encrypt_with_fitting_key


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    encrypt_with_gcm()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{httpd.server_address[1]}"
    Handler.provider = IdentityProvider(folder, url)
    print(json.dumps({"url": url}), flush=True)
    httpd.serve_forever()


if __name__ == "__main__":
    main()
