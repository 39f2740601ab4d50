//! Which compressed form of a file a client gets (RFC 9110, 12.5.3).

use axum::http::{HeaderValue, header::GetAll};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The file that `name` is a form of, and which form. A name such as `report.gz` without a
    /// plain twin is a file of its own.
    pub(super) fn of_file(name: &str, exists: impl Fn(&str) -> bool) -> (&str, Self) {
        let forms = [(".br", Self::Brotli), (".gz", Self::Gzip)];
        let twin = forms.into_iter().find_map(|(suffix, encoding)| {
            let stem = name.strip_suffix(suffix)?;
            exists(stem).then_some((stem, encoding))
        });
        twin.unwrap_or((name, Self::Identity))
    }

    /// The name in `Content-Encoding`; the plain form has none.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// Order among forms that the client likes equally well: the smallest first.
    fn preference(self) -> u8 {
        match self {
            Self::Brotli => 2,
            Self::Gzip => 1,
            Self::Identity => 0,
        }
    }
}

/// The form the client likes best among those that are there; the plain one when it likes none.
pub(super) fn choose(
    accepted: &GetAll<'_, HeaderValue>,
    available: impl Iterator<Item = Encoding>,
) -> Option<Encoding> {
    let accepted: Vec<(String, u16)> = accepted
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(parse_coding)
        .collect();
    available.max_by_key(|encoding| match encoding.name() {
        Some(name) => (weight(&accepted, name), encoding.preference()),
        // The plain form is always allowed here: refusing to answer helps nobody.
        None => (1, 0),
    })
}

/// A coding and its weight in thousandths.
fn parse_coding(text: &str) -> (String, u16) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts
        .find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok())
        .unwrap_or(1.0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1000"
    )]
    let thousandths = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
    (name, thousandths)
}

fn weight(accepted: &[(String, u16)], name: &str) -> u16 {
    let named = accepted.iter().find(|(coding, _)| coding == name);
    let any = || accepted.iter().find(|(coding, _)| coding == "*");
    named.or_else(any).map_or(0, |(_, weight)| *weight)
}
