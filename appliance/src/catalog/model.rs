//! Agents as the marketplace shows them.

use guildhall_kernel::AgentId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    handbook::Handbook,
    manifest::{
        AgentPermission, Category, Hue, Manifest, ModelNeeds, Price, PriceModel, SampleTask,
        Stability,
    },
};

/// One agent of the catalogue, read and checked.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The agent's id.
    pub id: AgentId,
    /// Hexadecimal SHA-256 of its manifest and handbook.
    pub sha256: String,
    /// What it is.
    pub manifest: Manifest,
    /// What it knows.
    pub handbook: Handbook,
    /// The manifest as its author wrote it.
    pub manifest_yaml: String,
}

impl Listing {
    /// What a list shows of the agent, with nobody hired from it yet.
    pub fn summary(&self) -> AgentSummary {
        AgentSummary::new(self.id, &self.manifest)
    }

    /// What the agent's page shows, with nobody hired from it yet.
    pub fn detail(&self) -> Agent {
        let manifest = &self.manifest;
        Agent {
            summary: self.summary(),
            description: manifest.description.clone(),
            features: manifest.features.clone(),
            sample_tasks: manifest.sample_tasks.clone(),
            permissions: manifest.permissions.clone(),
            model_needs: manifest.model.clone(),
            greeting: manifest.persona.greeting.clone(),
            instructions: manifest.persona.instructions.clone(),
            handbook: contents(&self.handbook),
            manifest_yaml: self.manifest_yaml.clone(),
            sha256: self.sha256.clone(),
        }
    }
}

/// What a list shows of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentSummary {
    /// The agent's id.
    pub id: AgentId,
    /// Its name in addresses.
    pub slug: String,
    /// Its job title.
    pub name: String,
    /// Its field of work.
    pub category: Category,
    /// One sentence on its work.
    pub summary: String,
    /// Mean rating from 1 to 5; `null` before the first one.
    #[schema(required)]
    pub rating: Option<f64>,
    /// What hiring it costs.
    pub price: Price,
    /// Name of a lucide icon.
    pub icon: String,
    /// Colours of its orb.
    pub hue: Hue,
    /// How settled it is.
    pub stability: Stability,
    /// Whether it is shown first.
    pub featured: bool,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Who made it.
    pub publisher: String,
    /// Its version.
    pub version: String,
    /// The name a hire proposes.
    pub default_persona_name: String,
    /// How many active employees of the caller's organisation are hired from it.
    pub hired: u32,
}

impl AgentSummary {
    /// What a list shows of the agent with that manifest, with nobody hired from it yet.
    pub(super) fn new(id: AgentId, manifest: &Manifest) -> Self {
        Self {
            id,
            slug: manifest.slug.clone(),
            name: manifest.name.clone(),
            category: manifest.category,
            summary: manifest.summary.clone(),
            rating: None,
            price: manifest.price.clone(),
            icon: manifest.icon.clone(),
            hue: manifest.hue,
            stability: manifest.stability,
            featured: manifest.featured,
            tags: manifest.tags.clone(),
            publisher: manifest.publisher.clone(),
            version: manifest.version.clone(),
            default_persona_name: manifest.persona.default_name.clone(),
            hired: 0,
        }
    }
}

/// Everything on an agent's page.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Agent {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: AgentSummary,
    /// What it does, in Markdown.
    pub description: String,
    /// What it can do, one line each.
    pub features: Vec<String>,
    /// Things to try first.
    pub sample_tasks: Vec<SampleTask>,
    /// What it may read, with the reason.
    pub permissions: Vec<AgentPermission>,
    /// What it needs of a model.
    pub model_needs: ModelNeeds,
    /// First words of a new conversation.
    pub greeting: String,
    /// Its system prompt before names are filled in.
    pub instructions: String,
    /// Contents of its handbook.
    pub handbook: Vec<HandbookSection>,
    /// The manifest as its author wrote it.
    pub manifest_yaml: String,
    /// Hexadecimal SHA-256 of its manifest and handbook.
    pub sha256: String,
}

/// One section of a handbook's contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HandbookSection {
    /// The section's title.
    pub title: String,
    /// Its passages.
    pub passages: Vec<PassageTitle>,
}

/// One line of a handbook's contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PassageTitle {
    /// The passage's id.
    pub id: String,
    /// What it is about.
    pub title: String,
}

fn contents(handbook: &Handbook) -> Vec<HandbookSection> {
    let sections = handbook.sections().into_iter();
    let section = |(title, passages): (&str, Vec<&super::Passage>)| HandbookSection {
        title: title.to_owned(),
        passages: passages
            .into_iter()
            .map(|passage| PassageTitle {
                id: passage.id.clone(),
                title: passage.title.clone(),
            })
            .collect(),
    };
    sections.map(section).collect()
}

/// Which agents to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Words to look for, at most 200 characters; typing mistakes are forgiven.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// Only this field of work.
    pub category: Option<Category>,
    /// Only this price model.
    pub price_model: Option<PriceModel>,
    /// Only this publisher.
    pub publisher: Option<String>,
    /// Only agents that are (or are not) shown first.
    pub featured: Option<bool>,
    /// How many entries, 1 to 100; 50 when left out.
    pub limit: Option<u32>,
    /// Where to go on, from the previous page's `next_cursor`.
    pub cursor: Option<String>,
}

/// One page of agents.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AgentList {
    /// The agents of this page: best match first, or featured ones first when nothing is looked for.
    pub items: Vec<AgentSummary>,
    /// Where the next page starts; `null` at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// How many agents the whole list has.
    pub total: u32,
    /// What the list could be narrowed to.
    pub facets: Facets,
}

/// How many agents each choice of a filter would leave, all other filters applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facets {
    /// By field of work.
    pub category: Vec<FacetCount>,
    /// By price model.
    pub price_model: Vec<FacetCount>,
    /// By publisher.
    pub publisher: Vec<FacetCount>,
}

/// One choice of a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FacetCount {
    /// The filter's value.
    pub value: String,
    /// How many agents it would leave.
    pub count: u32,
}
