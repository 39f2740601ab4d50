"""Makes the responses in crates/saml/src/tests/data: signed and encrypted by pysaml2 with xmlsec1.

    tests/identity/.venv/bin/python tests/identity/make_responses.py crates/saml/src/tests/data
"""

import base64
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import serialization

import idp

SP = "https://node.example/saml/idp_1/metadata"
ACS = "https://node.example/saml/idp_1/acs"
METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
 entityID="{sp}"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
</md:KeyDescriptor><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}" index="0"/>
</md:SPSSODescriptor></md:EntityDescriptor>"""


# What other programs may well send: default namespaces, prefixes that only values use, and letters that are written in several ways.
ODD = """<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:unused="urn:unused"
   Destination='{acs}' ID="_r1" InResponseTo="_request-1" IssueInstant="{now}" Version="2.0">
  <p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>
  <Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" Version = '2.0' ID="_a1" IssueInstant="{now}"
     xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Issuer>https://idp.example/metadata</Issuer>
    <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
      <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
      <SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"/>
      <Reference URI="#_a1"><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
        <Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><InclusiveNamespaces
          xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="#default xs p"/></Transform></Transforms>
        <DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#sha384"/><DigestValue/></Reference></SignedInfo>
      <SignatureValue/></Signature>
    <Subject><NameID>m&#252;ller &amp; "s\u00f6hne" &lt;a&gt;</NameID>
      <SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
        <SubjectConfirmationData Recipient="{acs}" NotOnOrAfter="{until}" InResponseTo="_request-1"/></SubjectConfirmation></Subject>
    <Conditions NotOnOrAfter="{until}"><AudienceRestriction><Audience>{sp}</Audience></AudienceRestriction></Conditions>
    <AuthnStatement AuthnInstant="{now}"/>
    <AttributeStatement><Attribute Name="a&#9;b&#10;c&quot;d'e&lt;" b:extra="1" xmlns:b="urn:b" xmlns:a="urn:z" a:other="2" FriendlyName="odd">
      <AttributeValue xsi:type="xs:string" xml:lang="de">one&#13;
two&#xD;</AttributeValue><AttributeValue xmlns=""/></Attribute></AttributeStatement>
  </Assertion>
</p:Response>"""


def make_odd(folder, key_file, now):
    """Signs the odd response with xmlsec1 itself."""
    path = folder / "odd.xml"
    until = now + datetime.timedelta(minutes=5)
    write = "%Y-%m-%dT%H:%M:%SZ"
    path.write_text(ODD.format(acs=ACS, sp=SP, now=now.strftime(write), until=until.strftime(write)))
    command = ["xmlsec1", "--sign", "--privkey-pem", key_file, "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"]
    return subprocess.run([*command, str(path)], check=True, capture_output=True).stdout


def der(path):
    """A PEM certificate as base64 of its DER form."""
    certificate = x509.load_pem_x509_certificate(pathlib.Path(path).read_bytes())
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    idp.encrypt_with_gcm()
    with tempfile.TemporaryDirectory() as folder:
        provider = idp.IdentityProvider(pathlib.Path(folder), "https://idp.example")
        key_file, cert_file = idp.make_key(pathlib.Path(folder), "sp")
        key = serialization.load_pem_private_key(pathlib.Path(key_file).read_bytes(), None)
        pkcs8 = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        provider.serve(METADATA.format(sp=SP, acs=ACS, certificate=der(cert_file)))
        for variant in ("normal", "signed_response", "encrypted", "encrypted_response"):
            provider.variant = variant
            answer = provider.respond(
                provider.server(), None, in_response_to="_request-1", destination=ACS, sp_entity_id=SP
            )
            (out / f"{variant}.xml").write_bytes(base64.b64decode(answer["SAMLResponse"]))
        now = datetime.datetime.now(datetime.timezone.utc)
        (out / "odd.xml").write_bytes(make_odd(pathlib.Path(folder), provider.keys[0], now))
        facts = {
            "made_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "idp_certificate": der(provider.keys[1]),
            "sp_certificate": der(cert_file),
            "sp_key": base64.b64encode(pkcs8).decode(),
        }
        for name, value in facts.items():
            (out / f"{name}.txt").write_text(f"{value}\n")
        print(json.dumps(sorted(path.name for path in out.iterdir())))


if __name__ == "__main__":
    main()
