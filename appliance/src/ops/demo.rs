//! The demo organisation: real people, real hires and real questions, answered by the node itself.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use futures::StreamExt;
use guildhall_kernel::{Ctx, RequestId, Result, Role, random_token};
use zeroize::Zeroizing;

use crate::{
    app::App,
    chat::{self, Question},
    identity::{self, FirstAdministrator, NewMember},
    team::{self, Terms},
};

const ORGANISATION: &str = "Linden & Vale";
const ADMINISTRATOR: (&str, &str) = ("demo@guildhall.example", "Robin Vale");
const COLLEAGUES: [(&str, &str, Role); 2] = [
    ("sam@guildhall.example", "Sam Okafor", Role::Staff),
    ("noor@guildhall.example", "Noor Linden", Role::Normal),
];
/// Who is hired, and what is asked first.
const HIRES: [(&str, &str); 4] = [
    (
        "invoice-clerk",
        "What should I check before I approve a supplier invoice?",
    ),
    (
        "policy-librarian",
        "How should we handle a request for unpaid leave?",
    ),
    ("support-triage", "How do I decide which ticket is urgent?"),
    (
        "contract-reviewer",
        "What should I look for in a limitation of liability clause?",
    ),
];

/// Who to log in as.
pub struct Demo {
    /// E-mail address.
    pub email: String,
    /// Password, made at the first start of the demo.
    pub password: String,
}

/// Makes the demo organisation on an empty node. On a later start it only reads the credentials back;
/// `None` when the node was set up by somebody else.
///
/// # Errors
/// Those of set-up and hiring.
pub async fn seed(app: &App) -> Result<Option<Demo>> {
    let path = app.path("demo-password");
    if !app.db.read(identity::is_set_up).await? {
        let password = random_token(8);
        write_private(&path, &password)?;
        let first = FirstAdministrator {
            organisation_name: ORGANISATION.to_owned(),
            admin_name: ADMINISTRATOR.1.to_owned(),
            admin_email: ADMINISTRATOR.0.to_owned(),
            admin_password: Zeroizing::new(password),
        };
        let (organisation, person) = identity::setup_organisation(app, first).await?;
        let ctx = identity::operator_context(app, organisation.id, person.id, RequestId::new());
        for (email, name, role) in COLLEAGUES {
            let member = NewMember {
                email: email.to_owned(),
                display_name: name.to_owned(),
                role,
            };
            identity::add_member(app, &ctx, member).await?;
        }
        let app = app.clone();
        tokio::spawn(async move {
            if let Err(error) = hire_and_ask(&app, &ctx).await {
                tracing::warn!(error = %error.chain(), "the demo is incomplete");
            }
        });
    }
    let password = fs::read_to_string(&path).ok();
    Ok(password.map(|password| Demo {
        email: ADMINISTRATOR.0.to_owned(),
        password,
    }))
}

async fn hire_and_ask(app: &App, ctx: &Ctx) -> Result<()> {
    for (agent, question) in HIRES {
        let employee = team::hire(app, ctx, agent, Terms::default()).await?;
        let question = Question {
            text: question.to_owned(),
            conversation: None,
            attachments: Vec::new(),
            data_class: None,
        };
        let begun = chat::ask(app, ctx, employee.id, question).await?;
        if let Some(turn) = app.turns.find(begun.message) {
            // One after the other, so that a small machine stays responsive.
            turn.follow().collect::<Vec<_>>().await;
        }
    }
    Ok(())
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}
