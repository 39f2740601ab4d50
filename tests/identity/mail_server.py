"""A mail server for tests: aiosmtpd on the loopback, which keeps what it is given and delivers nothing.

Started with a folder that holds `cert.pem` and `key.pem`, and the name and password that it lets in. Prints one
line of JSON with its port when it answers, and one for every mail that it took.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

REFUSED = "nobody@refused.example"


class Keeper:
    """Takes every mail but those to one address."""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address == REFUSED:
            return "550 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = mail.get_body(preferencelist=("plain",))
        tell({"to": envelope.rcpt_tos, "from": str(mail["from"]), "subject": str(mail["subject"]), "text": text.get_content()})
        return "250 taken"


def tell(what):
    print(json.dumps(what), flush=True)


async def serve(folder, name, password):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def authenticate(_server, _session, _envelope, _mechanism, given):
        known = isinstance(given, LoginPassword) and (given.login, given.password) == (name.encode(), password.encode())
        return AuthResult(success=known, handled=False)

    def speak():
        return SMTP(
            Keeper(),
            hostname="mail.under.test",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )

    server = await asyncio.get_running_loop().create_server(speak, "127.0.0.1", 0)
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
