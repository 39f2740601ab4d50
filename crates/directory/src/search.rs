//! Searching, page by page, within bounds.

use guildhall_kernel::Result;
use ldap3::{
    LdapResult, Scope, SearchOptions,
    controls::{Control, ControlType, PagedResults, RawControl},
};

use crate::{
    answer::{self, Found},
    failure,
    session::Session,
};

/// What to look for.
pub(crate) struct Query<'a> {
    pub(crate) base: &'a str,
    /// Only the base itself, or everything below it.
    pub(crate) scope: Scope,
    pub(crate) filter: &'a str,
    pub(crate) attributes: &'a [String],
    /// Entries asked for at a time; all at once when left out.
    pub(crate) page: Option<u32>,
    /// Entries wanted at most.
    pub(crate) most: usize,
}

/// What was found.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<Found>,
    /// Whether there is more than was wanted or than the server gives.
    pub(crate) truncated: bool,
}

/// How one page ended.
struct Page {
    result: LdapResult,
    /// Whether more came than was wanted, so that the rest was left.
    is_full: bool,
}

/// Searches. References to other servers are left out.
///
/// # Errors
/// What the server answers instead, except that it gives no more: that is told in the listing.
pub(crate) async fn search(session: &mut Session, query: &Query<'_>) -> Result<Listing> {
    let what = format!("searching below `{}`", failure::shown(query.base));
    let mut listing = Listing::default();
    let mut cookie = Vec::new();
    loop {
        let page = read_page(session, query, cookie, &mut listing, &what).await?;
        if page.is_full {
            listing.truncated = true;
            return Ok(listing);
        }
        match page.result.rc {
            0 => {}
            // timeLimitExceeded, sizeLimitExceeded, adminLimitExceeded: what came is true, but not all.
            3 | 4 | 11 if !listing.entries.is_empty() => {
                listing.truncated = true;
                return Ok(listing);
            }
            _ => return Err(failure::of_result(&page.result, &what)),
        }
        cookie = next_cookie(&page.result);
        if cookie.is_empty() {
            return Ok(listing);
        }
    }
}

async fn read_page(
    session: &mut Session,
    query: &Query<'_>,
    cookie: Vec<u8>,
    listing: &mut Listing,
    what: &str,
) -> Result<Page> {
    let limit = session.limits.operation;
    let seconds = i32::try_from(limit.as_secs()).unwrap_or(i32::MAX);
    let mut ldap = session.ldap.clone();
    let mut options = SearchOptions::new().timelimit(seconds);
    if let Some(size) = query.page {
        let size = i32::try_from(size).unwrap_or(i32::MAX);
        ldap.with_controls(RawControl::from(PagedResults { size, cookie }));
    } else {
        // One more than wanted, to know whether there is more.
        options =
            options.sizelimit(i32::try_from(query.most.saturating_add(1)).unwrap_or(i32::MAX));
    }
    ldap.with_timeout(limit).with_search_options(options);
    let attributes = query.attributes.to_vec();
    let explained = |error| session.explain(failure::of_operation(error, what));
    let mut stream = ldap
        .streaming_search(query.base, query.scope, query.filter, attributes)
        .await
        .map_err(explained)?;
    while let Some(entry) = stream.next().await.map_err(explained)? {
        if entry.is_ref() || entry.is_intermediate() {
            continue;
        }
        if listing.entries.len() >= query.most {
            return Ok(Page {
                result: stream.finish().await,
                is_full: true,
            });
        }
        listing
            .entries
            .push(answer::read(entry).ok_or_else(crate::relay::malformed)?);
    }
    Ok(Page {
        result: stream.finish().await,
        is_full: false,
    })
}

/// Where the next page begins; empty after the last one, and from a server that knows no pages.
fn next_cookie(result: &LdapResult) -> Vec<u8> {
    let paged = result.ctrls.iter().find_map(|control| match control {
        Control(Some(ControlType::PagedResults), raw) if raw.val.is_some() => {
            Some(raw.parse::<PagedResults>())
        }
        _ => None,
    });
    paged.map(|page| page.cookie).unwrap_or_default()
}

/// Reads one entry by its name; nothing when it is not there or may not be seen.
///
/// # Errors
/// As [`search`].
pub(crate) async fn read_entry(
    session: &mut Session,
    dn: &str,
    attributes: &[String],
) -> Result<Option<Found>> {
    let query = Query {
        base: dn,
        scope: Scope::Base,
        filter: "(objectClass=*)",
        attributes,
        page: None,
        most: 1,
    };
    match search(session, &query).await {
        Ok(listing) => Ok(listing.entries.into_iter().next()),
        Err(error) if error.code() == "directory_no_such_base" => Ok(None),
        Err(error) => Err(error),
    }
}
