//! How soon a caller needs an answer, said in headers, because no protocol has a field for it.

use std::{convert::Infallible, time::Duration};

use axum::{extract::FromRequestParts, http::request::Parts};
use guildhall_kernel::{Error, Result};
use guildhall_web::HttpError;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ANSWER_TIME_MAX;
use crate::inference::{Deadline, Haste, Priority};

const DEADLINE: &str = "guildhall-deadline";
const PRIORITY: &str = "guildhall-priority";

/// The headers that every call to a model may carry.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct HasteHeaders {
    /// Seconds that the whole answer may take, waiting included, as `30` or `0.5`, at most 1800. What is not
    /// complete then ends with `deadline_exceeded` and gives its place up.
    #[param(rename = "Guildhall-Deadline", example = "30")]
    deadline: Option<String>,
    /// `interactive`, which is also meant when it is left out, or `background` for bulk work that yields to
    /// everybody who waits.
    #[param(rename = "Guildhall-Priority", pattern = "^(interactive|background)$")]
    priority: Option<String>,
}

impl HasteHeaders {
    fn read(parts: &Parts) -> Self {
        let text = |name: &str| {
            let value = parts.headers.get(name)?;
            // What is no text is no number and no priority either.
            Some(value.to_str().unwrap_or("?").trim().to_owned())
        };
        Self {
            deadline: text(DEADLINE),
            priority: text(PRIORITY),
        }
    }

    /// # Errors
    /// `invalid_value` naming the header.
    fn haste(&self) -> Result<Haste> {
        let deadline = self.deadline.as_deref().map(seconds).transpose()?;
        let priority = match self.priority.as_deref() {
            None | Some("interactive") => Priority::Interactive,
            Some("background") => Priority::Background,
            Some(_) => {
                let message = "a priority is `interactive` or `background`";
                return Err(refused("Guildhall-Priority", message.to_owned()));
            }
        };
        Ok(Haste {
            priority,
            deadline: deadline.map(Deadline::after),
        })
    }
}

fn seconds(text: &str) -> Result<Duration> {
    let most = ANSWER_TIME_MAX.as_secs_f64();
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= most);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| {
        let message =
            format!("give the seconds an answer may take, more than 0 and at most {most}");
        refused("Guildhall-Deadline", message)
    })
}

fn refused(header: &str, message: String) -> Error {
    Error::invalid_field(header, "invalid_value", message)
}

/// What the caller's headers say. Read after the guard, so that who may not call learns nothing.
pub(super) struct Hasty(Result<Haste>);

impl Hasty {
    /// # Errors
    /// `invalid_value` naming the header.
    pub(super) fn haste(self) -> std::result::Result<Haste, HttpError> {
        self.0.map_err(HttpError)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Hasty {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> std::result::Result<Self, Infallible> {
        Ok(Self(HasteHeaders::read(parts).haste()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn haste(deadline: Option<&str>, priority: Option<&str>) -> Result<Haste> {
        let headers = HasteHeaders {
            deadline: deadline.map(str::to_owned),
            priority: priority.map(str::to_owned),
        };
        headers.haste()
    }

    #[test]
    fn headers_are_read_and_nonsense_is_refused_by_name() {
        assert_eq!(haste(None, None).unwrap(), Haste::default());
        let both = haste(Some("0.5"), Some("background")).unwrap();
        assert_eq!(both.priority, Priority::Background);
        assert!(both.deadline.is_some());
        for wrong in ["", "0", "-1", "1801", "soon", "NaN", "inf", "?"] {
            let error = haste(Some(wrong), None).unwrap_err();
            assert_eq!(error.code(), "invalid_value", "{wrong}");
        }
        assert!(haste(None, Some("urgent")).is_err());
    }
}
