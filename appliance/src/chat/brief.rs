//! What an employee answers from: who they are, what is asked and what was said before.

use std::sync::Arc;

use guildhall_kernel::{Ctx, Error, Result};

use super::model::{AttachmentInput, MessageRole, MessageState, StoredMessage};
use crate::{
    app::App,
    catalog::Listing,
    inference::{Answering, Caller, DataClass, Haste},
    team::Employee,
};

/// Below this context there is no room for full instructions and passages beside the conversation.
const ROOM_TOKENS_MIN: u32 = 2048;
/// Abilities named to a model that reads little.
const BRIEF_FEATURES: usize = 3;

/// An employee, a question and what came before it.
pub(super) struct Brief {
    pub(super) employee: Employee,
    pub(super) listing: Arc<Listing>,
    pub(super) organisation_name: String,
    /// How secret what is said is.
    pub(super) data_class: DataClass,
    /// How soon the answer is needed.
    pub(super) haste: Haste,
    pub(super) answering: Answering,
    pub(super) question: Said,
    /// What was said before the question, oldest first.
    pub(super) history: Vec<Said>,
}

/// Something that was said.
pub(super) struct Said {
    /// The message's id, or its place in a conversation that is not stored.
    pub(super) id: String,
    pub(super) role: MessageRole,
    pub(super) text: String,
    pub(super) attachments: Vec<AttachmentInput>,
}

impl Said {
    /// A stored message; nothing when it came to nothing.
    pub(super) fn stored(message: &StoredMessage) -> Option<Self> {
        let is_usable = message.state != MessageState::Failed && !message.text.is_empty();
        is_usable.then(|| Self {
            id: message.id.to_string(),
            role: message.role,
            text: message.text.clone(),
            attachments: message.facts.attachments.clone(),
        })
    }
}

impl Brief {
    /// Looks up what the employee's agent is and which model answers right now. A conversation may be
    /// more secret than what the employee is usually told, not less. Who names no deadline has the node's.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn new(
        app: &App,
        (employee, organisation_name): (Employee, String),
        (conversation, haste): (Option<DataClass>, Haste),
        (question, history): (Said, Vec<Said>),
    ) -> Result<Self> {
        let listing = app.catalog.listing(&app.db, employee.agent).await?;
        let listing = listing
            .ok_or_else(|| Error::internal("an employee's agent is not in the catalogue"))?;
        let answering = app.inference.resolve(&employee.model);
        Ok(Self {
            data_class: conversation
                .map_or(employee.data_class, |class| class.max(employee.data_class)),
            employee,
            listing,
            organisation_name,
            haste: Haste {
                deadline: haste.deadline.or_else(|| Some(app.inference.deadline())),
                ..haste
            },
            answering,
            question,
            history,
        })
    }

    /// For whom models work: the person, through this employee, with what is as secret as this.
    pub(super) fn caller(&self, ctx: &Ctx) -> Caller {
        Caller::of(ctx, self.haste.priority)
            .with_haste(self.haste)
            .with_ve(self.employee.id)
            .with_data_class(self.data_class)
    }

    /// Whether the model reads enough for full instructions and passages beside the conversation.
    pub(super) fn has_room(&self) -> bool {
        self.answering
            .context_length
            .is_some_and(|tokens| tokens >= ROOM_TOKENS_MIN)
    }

    /// The agent's instructions with the names filled in; one sentence for a model that reads little.
    pub(super) fn instructions(&self) -> String {
        let (persona, organisation) = (&self.employee.persona_name, &self.organisation_name);
        if !self.has_room() {
            let role = self.listing.manifest.name.to_lowercase();
            let article = if role.starts_with(['a', 'e', 'i', 'o', 'u']) {
                "an"
            } else {
                "a"
            };
            let features = self.listing.manifest.features.iter().take(BRIEF_FEATURES);
            let abilities: Vec<&str> = features.map(|line| line.trim_end_matches('.')).collect();
            let abilities = abilities.join("; ");
            return format!(
                "You are {persona}, {article} {role} at {organisation}. You can: {abilities}."
            );
        }
        let template = &self.listing.manifest.persona.instructions;
        template
            .replace("{persona}", persona)
            .replace("{organisation}", organisation)
    }

    /// The instructions with passages of the handbook below them.
    pub(super) fn system(&self, passages: &[String]) -> String {
        let mut system = self.instructions();
        if !passages.is_empty() {
            system.push_str("\n\nPassages of your handbook that may help. Name the number in brackets when you use one.\n");
            system.push_str(&passages.join("\n"));
        }
        system
    }
}
