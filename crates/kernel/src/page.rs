//! Cursor pages: stable under insertion, bounded, opaque to the caller.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One page of a list.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The entries of this page.
    pub items: Vec<T>,
    /// Where the next page starts; `null` at the end.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Largest number of entries in a page.
    pub const LIMIT_MAX: u32 = 100;

    /// A list that is complete on one page.
    pub fn complete(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }

    /// Cuts `items` (fetched with `limit + 1`) to `limit` and notes where the next page starts.
    pub fn cut(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more {
            items.last().map(|item| Cursor(key(item)).encode())
        } else {
            None
        };
        Self { items, next_cursor }
    }

    /// The same page with every entry converted.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(convert).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// A position in a list, opaque on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

impl Cursor {
    /// The cursor's text on the wire.
    pub fn encode(&self) -> String {
        BASE64URL_NOPAD.encode(self.0.as_bytes())
    }

    /// Reads a cursor's text.
    ///
    /// # Errors
    /// `invalid_cursor` when the text was not made by [`Cursor::encode`].
    pub fn decode(text: &str) -> Result<Self> {
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        decoded
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(Self)
            .ok_or_else(|| {
                Error::invalid(
                    "invalid_cursor",
                    "the cursor is not one this list gave; start again without it",
                )
            })
    }
}

/// The `cursor` and `limit` of a list request.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct PageRequest {
    /// Where to go on, from the previous page's `next_cursor`.
    pub cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    pub limit: Option<u32>,
}

impl PageRequest {
    /// The number of entries asked for, within bounds.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(50).clamp(1, Page::<()>::LIMIT_MAX)
    }

    /// The key after which the page starts.
    ///
    /// # Errors
    /// `invalid_cursor` when the cursor was not given by this list.
    pub fn after(&self) -> Result<Option<String>> {
        let cursor = self.cursor.as_deref().filter(|text| !text.is_empty());
        cursor
            .map(|text| Cursor::decode(text).map(|cursor| cursor.0))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_full_page_points_at_its_last_entry() {
        let page = Page::cut(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!(page.items, [1, 2]);
        let request = PageRequest {
            cursor: page.next_cursor,
            limit: None,
        };
        assert_eq!(request.after().unwrap().as_deref(), Some("2"));
        assert_eq!(
            Page::cut(vec![1, 2], 2, ToString::to_string).next_cursor,
            None
        );
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let request = PageRequest {
            cursor: Some("§".into()),
            limit: Some(900),
        };
        assert_eq!(request.after().unwrap_err().code(), "invalid_cursor");
        assert_eq!(request.limit(), 100);
    }
}
