//! From all agents to one page of them: filters, facets, order. Pure.

use std::collections::BTreeMap;

use guildhall_kernel::{Error, Page, PageRequest, Result};

use super::model::{AgentList, AgentSummary, FacetCount, Facets, ListQuery};

/// The filters of a list. A facet counts what its own filter would leave, so each can be ignored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    Category,
    PriceModel,
    Publisher,
}

/// Which of `agents` to show, and what the list could be narrowed to. `agents` come in the order of
/// the list.
pub(super) fn page(agents: &[&AgentSummary], query: &ListQuery) -> Result<AgentList> {
    let shown: Vec<&AgentSummary> =
        agents.iter().copied().filter(|agent| passes(agent, query, None)).collect();
    let total = u32::try_from(shown.len()).unwrap_or(u32::MAX);
    let request = PageRequest { cursor: query.cursor.clone(), limit: query.limit };
    let start = match request.after()? {
        None => 0,
        Some(last) => shown
            .iter()
            .position(|agent| agent.slug == last)
            .map(|place| place + 1)
            .ok_or_else(stale_cursor)?,
    };
    let limit = request.limit();
    let fetched = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let items: Vec<AgentSummary> = shown.into_iter().skip(start).take(fetched).cloned().collect();
    let page = Page::cut(items, limit, |agent| agent.slug.clone());
    Ok(AgentList {
        items: page.items,
        next_cursor: page.next_cursor,
        total,
        facets: Facets {
            category: count(agents, query, Filter::Category),
            price_model: count(agents, query, Filter::PriceModel),
            publisher: count(agents, query, Filter::Publisher),
        },
    })
}

fn stale_cursor() -> Error {
    Error::invalid("invalid_cursor", "the list has changed since the cursor was given; start again without it")
}

fn passes(agent: &AgentSummary, query: &ListQuery, ignored: Option<Filter>) -> bool {
    let applies = |filter| ignored != Some(filter);
    let category = query.category.filter(|_| applies(Filter::Category));
    let price_model = query.price_model.filter(|_| applies(Filter::PriceModel));
    let publisher = query.publisher.as_ref().filter(|_| applies(Filter::Publisher));
    category.is_none_or(|category| category == agent.category)
        && price_model.is_none_or(|model| model == agent.price.model)
        && publisher.is_none_or(|publisher| *publisher == agent.publisher)
        && query.featured.is_none_or(|featured| featured == agent.featured)
}

fn count(agents: &[&AgentSummary], query: &ListQuery, filter: Filter) -> Vec<FacetCount> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for agent in agents.iter().filter(|agent| passes(agent, query, Some(filter))) {
        let value = match filter {
            Filter::Category => agent.category.as_str(),
            Filter::PriceModel => agent.price.model.as_str(),
            Filter::Publisher => agent.publisher.as_str(),
        };
        *counts.entry(value).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(value, count)| FacetCount { value: value.to_owned(), count });
    let mut counts: Vec<FacetCount> = counts.collect();
    // Stable: equal counts stay in the order of their names.
    counts.sort_by_key(|facet| std::cmp::Reverse(facet.count));
    counts
}
