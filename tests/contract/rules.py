"""Which rules of the interface no schema says, and checks that nothing else refuses what fits the document and that
the run keeps its rights.

schemathesis loads this file as its hooks.
"""

import os

import schemathesis

# The key that the run shows, and one that nobody has.
OWN_KEY = os.environ["GUILDHALL_KEY_ID"]
NOBODYS_KEY = "key_" + "0" * 26

# Codes of refusals with status 400. What the JSON reader says of fields that are missing, unknown or of another type
# is not among them: there the document would be wrong.
RULES = {
    # Names of things that have to be there.
    "unknown_employee",
    "unknown_model",
    "unknown_organisation",
    "unknown_permission",
    "unknown_person",
    "unknown_role",
    "unknown_scope",
    "wrong_kind",
    # Secrets and words that a person has to get right.
    "confirmation_needed",
    "credentials_needed",
    "invalid_code",
    "invalid_user_code",
    "password_needed",
    "weak_password",
    "wrong_code",
    "wrong_password",
    # Fields that go together: one of several, or one that another one calls for.
    "adapter_alone",
    "employee_required",
    "invalid_acceptance",
    "invalid_base",
    "invalid_bound",
    "invalid_credentials",
    "invalid_fields",
    "invalid_kind",
    "invalid_provider",
    "invalid_quota",
    "invalid_service_account",
    "invalid_user",
    "not_across_organisations",
    "not_for_type",
    "not_generative",
    "plain_refused",
    "wrong_type",
    # Items of a list that have to differ, or that have a form of their own.
    "duplicate_name",
    "invalid_chain",
    "invalid_domain",
    "invalid_group",
    "invalid_group_roles",
    "invalid_model",
    "invalid_options",
    # Texts in a language of their own: addresses, names of hosts, LDAP, certificates, XML, templates, envelopes of
    # licences.
    "artefact_malformed",
    "artefact_wrong_type",
    "certificate_ended",
    "control_characters",
    "duplicate_key",
    "empty_body",
    "invalid_address",
    "invalid_attribute",
    "invalid_base_url",
    "invalid_bind",
    "invalid_ca",
    "invalid_certificate",
    "invalid_dn",
    "invalid_email",
    "invalid_expiry",
    "invalid_filter",
    "invalid_host",
    "invalid_name",
    "invalid_place",
    "invalid_redirect_uri",
    "invalid_text",
    "invalid_upload",
    "invalid_url",
    "saml_forbidden_markup",
    "saml_not_xml",
    "unclosed_place",
    "undeclared_variable",
    "unknown_variable",
    "unused_variable",
    # Where a list goes on is only for the list to give.
    "invalid_cursor",
    # A piece of a file has to go on where the last one ended, and to end where the file does.
    "upload_too_long",
}
# The same of single fields whose code says something else elsewhere.
RULES_OF_FIELDS = {
    # An invitation that is to be sent needs an address, an organisation somebody to administer it, and a certificate is
    # given whole or by its fingerprint.
    ("missing_field", "email"),
    ("missing_field", "administrator_email"),
    ("missing_field", "pem"),
}
# Protocols of others say what a request has to mean in words of their own: RFC 6749 and 8628, RFC 7644, and the
# interfaces of OpenAI and Anthropic.
RULES_OF_PROTOCOLS = {
    "/oauth/": {"invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unsupported_grant_type"},
    "/api/oauth/": {"invalid_client", "invalid_request"},
    "/scim/v2/": {"invalidFilter", "invalidPath", "invalidSyntax", "invalidValue", "noTarget"},
    "/v1/": {"invalid_request_error", "invalid_value", "unsupported_value", "invalid_dimensions"},
}

# What a template declares of a variable, its values and its default keep to.
RULES_OF_TEMPLATES = {
    "/api/prompts": {
        "missing_value",
        "not_an_option",
        "not_whole",
        "too_early",
        "too_large",
        "too_late",
        "too_long",
        "too_short",
        "too_small",
    },
}


def refusals(response):
    """The codes of a refusal, each with its field, in whichever protocol's shape it comes."""
    body = response.json()
    error = body.get("error")
    if error is None:
        return [(body.get("scimType"), "")]
    if isinstance(error, str):
        return [(error, "")]
    fields = (error.get("details") or {}).get("fields") or []
    if fields:
        return [(field["code"], field["field"]) for field in fields]
    return [(error.get("code") or error.get("type"), error.get("param") or "")]


def is_rule(path, refusal):
    """Whether a refusal names a rule that may refuse what fits the document."""
    scoped = {**RULES_OF_PROTOCOLS, **RULES_OF_TEMPLATES}
    of_path = (codes for prefix, codes in scoped.items() if path.startswith(prefix))
    return refusal in RULES_OF_FIELDS or refusal[0] in RULES.union(*of_path)


@schemathesis.check
def refused_by_a_rule(_context, response, case):
    """A request that fits the document is refused with 400 by a known rule only."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    others = [refusal for refusal in refusals(response) if not is_rule(case.operation.path, refusal)]
    if others:
        raise AssertionError(f"a request that fits the document was refused for {others}: {response.text}")


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Turns calls aside that would cut the run off from the node, so that nothing after them were tried. That nobody
    demotes, disables or removes themselves, or takes the node's administration from themselves, is for the node to
    refuse, and so not turned aside here.
    """
    # Ending the key that the run shows: another one's end is tried all the same.
    if case.operation.label == "DELETE /api/account/api-keys/{id}" and case.path_parameters.get("id") == OWN_KEY:
        case.path_parameters["id"] = NOBODYS_KEY
    # Asking an authoriser where there is none: until it is taken away again, every change would be answered with 503.
    # What enabled ones do is tested in `appliance/tests/it/policies.rs`.
    is_authoriser = case.operation.label == "PUT /api/admin/authoriser" and isinstance(case.body, dict)
    if is_authoriser and case.body.get("enabled") is True:
        case.body["enabled"] = False


@schemathesis.check
def the_key_keeps_its_rights(_context, response, case):
    """Whatever the run did before, its key may still do everything: a call refused for want of a permission was not
    tried.
    """
    if response.status_code != 403:
        return
    is_scim = case.operation.path.startswith("/scim/v2/")
    if is_scim or any(code == "permission_missing" for code, _ in refusals(response)):
        raise AssertionError(f"the run has lost a right: {response.text}")
