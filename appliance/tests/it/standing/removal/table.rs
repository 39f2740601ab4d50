//! What becomes of the rows of each table when a person is removed.

/// Rows that end.
pub(super) struct Ends {
    pub(super) table: &'static str,
    /// Those of its columns that call for a word.
    pub(super) columns: &'static [&'static str],
    /// What makes a row the person's (`?1`).
    pub(super) of_person: &'static str,
    /// What holds of a row that still gives something.
    pub(super) alive: &'static str,
}

const fn ends(table: &'static str, columns: &'static [&'static str]) -> Ends {
    Ends {
        table,
        columns,
        of_person: "person_id = ?1",
        alive: "1",
    }
}

/// What ends when somebody is removed, or disabled.
pub(super) const OF_A_PERSON: &[Ends] = &[
    Ends {
        alive: "disabled = 0",
        ..ends("memberships", &["person_id"])
    },
    ends("sessions", &["token_hash", "person_id", "user_agent"]),
    ends("api_keys", &["key_hash", "person_id"]),
    ends("platform_administrators", &["person_id"]),
    // Who made a link knows it, and could come back by it.
    Ends {
        of_person: "created_by = ?1 AND used_at IS NULL",
        alive: "withdrawn_at IS NULL",
        ..ends("invitations", &["token_hash", "created_by"])
    },
    ends("oauth_grants", &["person_id"]),
    Ends {
        of_person: "grant_id IN (SELECT id FROM oauth_grants WHERE person_id = ?1)",
        ..ends("oauth_refresh_tokens", &["token_hash", "grant_id"])
    },
    ends("oauth_codes", &["code_hash", "person_id"]),
    ends(
        "oauth_device_codes",
        &["device_hash", "user_hash", "person_id"],
    ),
];

/// What ends when a service account is removed, which is a person that is a program.
pub(super) const OF_A_PROGRAM: &[Ends] = &[
    ends("memberships", &["person_id"]),
    ends("api_keys", &["person_id"]),
    ends(
        "service_account_certificates",
        &["fingerprint", "person_id", "subject"],
    ),
];

/// Columns, as `table.column`, whose rows stay, and why they let a removed person do nothing.
pub(super) const STAYS: &[(&str, &[&str])] = &[
    (
        "proves who somebody is; what they may do comes from a membership, which is gone",
        &[
            "persons.password_hash",
            "persons.must_change_password",
            "totp_factors.person_id",
            "totp_factors.secret_id",
            "passkeys.person_id",
            "passkeys.credential_id",
            "recovery_codes.person_id",
            "recovery_codes.code_hash",
            "password_resets.person_id",
            "password_resets.token_hash",
            "external_identities.subject",
            "external_identities.person_id",
            "external_identities.is_owner",
        ],
    ),
    (
        "says what was done and by whom; nobody gets anything by standing in it",
        &[
            "conversations.person_id",
            "messages.author_id",
            "prompt_template_versions.author_id",
            "playground_runs.person_id",
            "ratings.person_id",
            "metered_calls.person_id",
            "egress_calls.person_id",
            "egress_switch.changed_by",
            "authorisers.changed_by",
            "collection_models.changed_by",
            "models.license_accepted_by",
        ],
    ),
    (
        "the organisation's own, and goes on when who set it up leaves; its administrators list and end it",
        &[
            "ves.hired_by",
            "service_accounts.person_id",
            "service_accounts.created_by",
            "oauth_clients.secret_hash",
            "oauth_clients.service_account",
            "scim_tokens.token_hash",
            "scim_tokens.created_by",
        ],
    ),
    (
        "narrows what a member may use, and makes nobody a member",
        &["policies.people", "policies.changed_by"],
    ),
    (
        "what a directory says of its people and groups; gives nothing until it is said again",
        &[
            "scim_resources.person_id",
            "scim_members.user_id",
            "source_refusals.subject",
        ],
    ),
    (
        "whom a directory names and nobody has let in; only an invitation to their address does, which is somebody's who may invite",
        &["awaited_people.subject"],
    ),
    (
        "an answer that is repeated to a caller who is let in",
        &["idempotency_keys.person_id", "idempotency_keys.fingerprint"],
    ),
    (
        "waits, for a while, for a caller who may add models",
        &["model_uploads.person_id", "model_uploads.hash_state"],
    ),
    (
        "an account that an administrator has not let in yet",
        &[
            "sign_ups.password_hash",
            "sign_ups.token_hash",
            "sign_ups.token_expires_at",
        ],
    ),
    (
        "a login that has not come to its end, or where a session came from, which ends by itself",
        &[
            "sign_in_flows.state_hash",
            "sign_in_flows.browser_hash",
            "sign_in_flows.next",
            "saml_sessions.session_hash",
            "saml_sessions.subject",
        ],
    ),
    (
        "makes the first organisation, before there is anybody",
        &["setup_links.token_hash"],
    ),
    (
        "a mail; where its link leads is what decides",
        &["mail_outbox.secret_id", "mail_outbox.next_at"],
    ),
    (
        "the node's own key to another server, or sealed for one of the rows above",
        &[
            "secrets.owner",
            "directories.secret_id",
            "identity_providers.secret_id",
            "saml_keys.secret_id",
            "providers.secret_id",
            "mail_settings.secret_id",
        ],
    ),
    (
        "no person's: whom a rule, a quota or a licence is about, a figure, a setting, or the hash of a text",
        &[
            "residency_rules.subject",
            "inference_quotas.subject_id",
            "inference_quota_use.subject_id",
            "license_artefacts.subject",
            "metered_calls.first_token_ms",
            "ratings.first_token_ms",
            "security_settings.password_length_min",
            "handbook_vectors.text_hash",
        ],
    ),
];
