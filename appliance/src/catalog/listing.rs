//! From all agents to one page of them: filters, facets, cursor. Pure.

use std::collections::BTreeMap;

use guildhall_kernel::{Error, Page, PageRequest, Result};

use super::model::{AgentList, AgentSummary, FacetCount, Facets, ListQuery};

/// Which of `agents` to show, and what the list could be narrowed to. `agents` come in the order of
/// the list.
///
/// # Errors
/// `invalid_cursor`.
pub(super) fn page<'a>(
    agents: impl Iterator<Item = &'a AgentSummary>,
    query: &ListQuery,
) -> Result<AgentList> {
    let mut shown: Vec<&AgentSummary> = Vec::new();
    let mut category = Tally::default();
    let mut price_model = Tally::default();
    let mut publisher = Tally::default();
    let wanted_publisher = query.publisher.as_deref();
    for agent in agents.filter(|agent| fits(query.featured, agent.featured)) {
        // A facet counts what its own filter would leave, so each one ignores its own.
        let by_category = fits(query.category, agent.category);
        let by_price_model = fits(query.price_model, agent.price.model);
        let by_publisher = fits(wanted_publisher, agent.publisher.as_str());
        if by_price_model && by_publisher {
            category.add(agent.category.as_str());
        }
        if by_category && by_publisher {
            price_model.add(agent.price.model.as_str());
        }
        if by_category && by_price_model {
            publisher.add(&agent.publisher);
        }
        if by_category && by_price_model && by_publisher {
            shown.push(agent);
        }
    }
    let facets = Facets {
        category: category.counts(),
        price_model: price_model.counts(),
        publisher: publisher.counts(),
    };
    cut(&shown, query, facets)
}

fn fits<T: PartialEq>(wanted: Option<T>, value: T) -> bool {
    wanted.is_none_or(|wanted| wanted == value)
}

fn cut(shown: &[&AgentSummary], query: &ListQuery, facets: Facets) -> Result<AgentList> {
    let request = PageRequest {
        cursor: query.cursor.clone(),
        limit: query.limit,
    };
    let start = match request.after()? {
        None => 0,
        Some(last) => {
            let place = shown.iter().position(|agent| agent.slug == last);
            place.map(|place| place + 1).ok_or_else(stale_cursor)?
        }
    };
    let limit = request.limit();
    let fetched = usize::try_from(limit)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    let items = shown
        .iter()
        .skip(start)
        .take(fetched)
        .map(|agent| (*agent).clone())
        .collect();
    let page = Page::cut(items, limit, |agent: &AgentSummary| agent.slug.clone());
    Ok(AgentList {
        items: page.items,
        next_cursor: page.next_cursor,
        total: u32::try_from(shown.len()).unwrap_or(u32::MAX),
        facets,
    })
}

fn stale_cursor() -> Error {
    let message = "the list has changed since the cursor was given; start again without it";
    Error::invalid("invalid_cursor", message)
}

/// How often each value of a facet occurs.
#[derive(Default)]
struct Tally<'a>(BTreeMap<&'a str, u32>);

impl<'a> Tally<'a> {
    fn add(&mut self, value: &'a str) {
        *self.0.entry(value).or_default() += 1;
    }

    /// The most frequent value first.
    fn counts(self) -> Vec<FacetCount> {
        let counts = self.0.into_iter().map(|(value, count)| FacetCount {
            value: value.to_owned(),
            count,
        });
        let mut counts: Vec<FacetCount> = counts.collect();
        // Stable: equal counts stay in the order of their names.
        counts.sort_by_key(|facet| std::cmp::Reverse(facet.count));
        counts
    }
}
