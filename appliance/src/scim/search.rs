//! Finding users and groups: by index where the filter allows it, else by looking at each, within a bound.

use guildhall_db::Reader;
use guildhall_kernel::{OrgId, Result};
use guildhall_scim::{
    Problem, Projection, ScimType,
    list::{self, ListRequest},
    resource::Resource,
};
use serde_json::Value;

use super::{
    answer::{present, refused},
    model::{Kind, ResourceRow},
    resource_store,
};

/// Resources of a kind that a search looks at one by one.
const LOOKED_AT_MAX: usize = 20_000;

/// The answer to a search among these kinds.
///
/// # Errors
/// `tooMany` when a filter would have to look at more than the bound.
pub(super) fn answer(
    reader: &Reader<'_>,
    (organisation, kinds): (OrgId, &[Kind]),
    request: &ListRequest,
    origin: &str,
) -> Result<Value> {
    if let ([kind], None, None) = (kinds, &request.filter, &request.sort) {
        let total = resource_store::count(reader, (organisation, *kind))?;
        let rows =
            resource_store::page(reader, (organisation, *kind), (request.skip, request.count))?;
        let page = shown(reader, &rows, origin, &request.projection)?;
        return Ok(list::response(total, request.skip, page));
    }
    let mut found = Vec::new();
    for kind in kinds {
        found.extend(matching(reader, (organisation, *kind), request, origin)?);
    }
    if let Some(sort) = &request.sort {
        found.sort_by(|left, right| list::order(&left.1, &right.1, sort));
    }
    let total = found.len();
    let on_page = found.into_iter().skip(request.skip).take(request.count);
    let rows: Vec<ResourceRow> = on_page.map(|(row, _)| row).collect();
    let page = shown(reader, &rows, origin, &request.projection)?;
    Ok(list::response(total, request.skip, page))
}

/// What meets the filter, as stored and as shown whole.
fn matching(
    reader: &Reader<'_>,
    (organisation, kind): (OrgId, Kind),
    request: &ListRequest,
    origin: &str,
) -> Result<Vec<(ResourceRow, Resource)>> {
    let mut found = Vec::new();
    for row in candidates(reader, (organisation, kind), request)? {
        let whole = present(reader, &row, origin, &Projection::default())?;
        let fits = request
            .filter
            .as_ref()
            .is_none_or(|filter| filter.matches(&whole, kind.definition()));
        if fits {
            found.push((row, whole));
        }
    }
    Ok(found)
}

/// Whatever may meet the filter: the few that an index gives, or everything.
fn candidates(
    reader: &Reader<'_>,
    of: (OrgId, Kind),
    request: &ListRequest,
) -> Result<Vec<ResourceRow>> {
    let wanted = |attribute: &str| {
        request
            .filter
            .as_ref()
            .and_then(|filter| filter.required_text(attribute))
    };
    if let Some(id) = wanted("id") {
        let found = id
            .parse()
            .ok()
            .map(|id| resource_store::find(reader, of, id))
            .transpose()?;
        return Ok(found.flatten().into_iter().collect());
    }
    if let Some(name) = wanted(of.1.name_attribute()) {
        return resource_store::find_by_name(reader, of, name);
    }
    if let Some(external_id) = wanted("externalId") {
        return resource_store::find_by_external_id(reader, of, external_id);
    }
    if resource_store::count(reader, of)? > LOOKED_AT_MAX {
        let message = "this filter would look at too many resources; filter by id, externalId, userName or displayName";
        return Err(refused(Problem::invalid(ScimType::TooMany, message)));
    }
    resource_store::page(reader, of, (0, LOOKED_AT_MAX))
}

fn shown(
    reader: &Reader<'_>,
    rows: &[ResourceRow],
    origin: &str,
    projection: &Projection,
) -> Result<Vec<Resource>> {
    rows.iter()
        .map(|row| present(reader, row, origin, projection))
        .collect()
}
