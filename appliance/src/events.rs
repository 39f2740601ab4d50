//! Live news for open tabs: what changed, never the content. A bounded history lets a tab that
//! reconnects catch up by `Last-Event-ID`; one that was away for longer is told to reload.

mod feed;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use guildhall_db::Tx;
use guildhall_kernel::{
    ConversationId, MessageId, ModelId, OrgId, PersonId, PlaygroundRunId, PromptTemplateId,
    UploadId, VeId,
};
use serde::Serialize;
use tokio::sync::broadcast;

pub use feed::Feed;

/// How many events a tab may have missed.
const HISTORY: usize = 512;

/// What happened.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "type")]
pub enum Event {
    /// An answer has begun.
    #[serde(rename = "message.started")]
    MessageStarted {
        ve_id: VeId,
        conversation_id: ConversationId,
        message_id: MessageId,
    },
    /// An answer is complete, was stopped or failed.
    #[serde(rename = "message.finished")]
    MessageFinished {
        ve_id: VeId,
        conversation_id: ConversationId,
        message_id: MessageId,
    },
    /// A conversation was made, renamed or deleted.
    #[serde(rename = "conversation.changed")]
    ConversationChanged {
        ve_id: VeId,
        conversation_id: ConversationId,
    },
    /// An employee was hired, changed or dismissed.
    #[serde(rename = "ve.changed")]
    VeChanged { ve_id: VeId },
    /// A model was imported, loaded, unloaded, failed or removed.
    #[serde(rename = "model.changed")]
    ModelChanged { model_id: ModelId },
    /// Somebody began or ended waiting for a model.
    #[serde(rename = "queue.changed")]
    QueueChanged { model_id: ModelId },
    /// A model file that is being uploaded grew, was judged, or is no longer one.
    #[serde(rename = "upload.changed")]
    UploadChanged { upload_id: UploadId },
    /// A prompt template was made, changed, archived or brought back.
    #[serde(rename = "prompt.changed")]
    PromptChanged { template_id: PromptTemplateId },
    /// A playground run began, ended, was judged or deleted.
    #[serde(rename = "playground.changed")]
    PlaygroundChanged { run_id: PlaygroundRunId },
    /// Somebody was added, changed or removed.
    #[serde(rename = "people.changed")]
    PeopleChanged {},
    /// A provider, a chain or a residency rule was entered, changed, tested or removed.
    #[serde(rename = "providers.changed")]
    ProvidersChanged {},
    /// A collection got another embedding model, or its vectors are being made.
    #[serde(rename = "collections.changed")]
    CollectionsChanged {},
    /// A directory was entered, changed, refreshed or removed.
    #[serde(rename = "directories.changed")]
    DirectoriesChanged {},
    /// An application was entered, changed or removed, or one's permission for one ended.
    #[serde(rename = "applications.changed")]
    ApplicationsChanged {},
    /// The mail server was entered, changed or removed, or mails were queued, sent or dropped.
    #[serde(rename = "mail.changed")]
    MailChanged {},
    /// The switch of outgoing connections was turned.
    #[serde(rename = "egress.changed")]
    EgressChanged {},
    /// Something was imported, or the state of the licence is another.
    #[serde(rename = "license.changed")]
    LicenseChanged {},
    /// The tab missed more than the history holds.
    #[serde(rename = "reload")]
    Reload {},
}

impl Event {
    /// The employee it is about, if it is about one.
    pub fn ve(&self) -> Option<VeId> {
        match self {
            Self::MessageStarted { ve_id, .. }
            | Self::MessageFinished { ve_id, .. }
            | Self::ConversationChanged { ve_id, .. }
            | Self::VeChanged { ve_id } => Some(*ve_id),
            _ => None,
        }
    }

    /// The event's name on the stream.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MessageStarted { .. } => "message.started",
            Self::MessageFinished { .. } => "message.finished",
            Self::ConversationChanged { .. } => "conversation.changed",
            Self::VeChanged { .. } => "ve.changed",
            Self::ModelChanged { .. } => "model.changed",
            Self::QueueChanged { .. } => "queue.changed",
            Self::UploadChanged { .. } => "upload.changed",
            Self::PromptChanged { .. } => "prompt.changed",
            Self::PlaygroundChanged { .. } => "playground.changed",
            Self::PeopleChanged {} => "people.changed",
            Self::ProvidersChanged {} => "providers.changed",
            Self::CollectionsChanged {} => "collections.changed",
            Self::DirectoriesChanged {} => "directories.changed",
            Self::ApplicationsChanged {} => "applications.changed",
            Self::MailChanged {} => "mail.changed",
            Self::EgressChanged {} => "egress.changed",
            Self::LicenseChanged {} => "license.changed",
            Self::Reload {} => "reload",
        }
    }
}

/// Who hears of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone on the node.
    Node,
    /// Everyone in the organisation.
    Organisation(OrgId),
    /// One person in one organisation.
    Person(OrgId, PersonId),
}

/// An event with its place in the stream.
#[derive(Clone, Debug)]
pub struct Published {
    /// Counts up from 1 since the node started.
    pub sequence: u64,
    /// Who hears of it.
    pub audience: Audience,
    /// What happened.
    pub event: Event,
}

impl Published {
    /// Whether this person hears of it.
    pub fn is_for(&self, organisation: OrgId, person: PersonId) -> bool {
        match self.audience {
            Audience::Node => true,
            Audience::Organisation(owner) => owner == organisation,
            Audience::Person(owner, receiver) => owner == organisation && receiver == person,
        }
    }
}

/// The stream of events. A cheap clone.
#[derive(Clone)]
pub struct Events {
    sender: broadcast::Sender<Published>,
    history: Arc<Mutex<VecDeque<Published>>>,
}

impl Events {
    /// An empty stream.
    pub fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(HISTORY),
            history: Arc::default(),
        }
    }

    /// Publishes once the transaction has committed; a rolled back change is never heard of.
    pub fn publish_after(&self, tx: &Tx<'_>, audience: Audience, event: Event) {
        let events = self.clone();
        tx.after_commit(move || events.publish(audience, event));
    }

    /// Publishes now, for news that no transaction stands behind (a model finished loading).
    pub fn publish(&self, audience: Audience, event: Event) {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence = history.back().map_or(1, |last| last.sequence + 1);
        let published = Published {
            sequence,
            audience,
            event,
        };
        history.push_back(published.clone());
        if history.len() > HISTORY {
            history.pop_front();
        }
        // Sent under the lock, so that a subscriber neither misses nor repeats an event.
        let _ = self.sender.send(published);
    }

    /// What was missed since `after`, and the live stream from there. `None` for the missed part
    /// means that more was missed than is remembered.
    pub fn subscribe(
        &self,
        after: Option<u64>,
    ) -> (Option<Vec<Published>>, broadcast::Receiver<Published>) {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.sender.subscribe();
        let Some(after) = after else {
            return (Some(Vec::new()), receiver);
        };
        let newest = history.back().map_or(0, |last| last.sequence);
        let oldest = history.front().map_or(1, |first| first.sequence);
        // A number from the future is one from before the node's last start.
        if after > newest || after + 1 < oldest {
            return (None, receiver);
        }
        let missed = history
            .iter()
            .filter(|entry| entry.sequence > after)
            .cloned()
            .collect();
        (Some(missed), receiver)
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn publish(events: &Events, count: usize) {
        for _ in 0..count {
            events.publish(Audience::Node, Event::PeopleChanged {});
        }
    }

    #[test]
    fn a_tab_catches_up_from_where_it_was() {
        let events = Events::new();
        publish(&events, 5);
        let (missed, _) = events.subscribe(Some(3));
        let numbers: Vec<u64> = missed.unwrap().iter().map(|entry| entry.sequence).collect();
        assert_eq!(numbers, [4, 5]);
    }

    #[test]
    fn a_tab_that_missed_too_much_or_a_restart_must_reload() {
        let events = Events::new();
        publish(&events, HISTORY + 10);
        assert!(events.subscribe(Some(3)).0.is_none());
        assert!(Events::new().subscribe(Some(3)).0.is_none());
        assert!(events.subscribe(None).0.unwrap().is_empty());
    }
}
