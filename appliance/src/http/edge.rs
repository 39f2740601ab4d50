//! What the node decides around every route: who is let in, and in whose words a refusal comes.

use axum::{extract::Request, response::Response};
use guildhall_kernel::Result;
use guildhall_web::{guard::bearer_token, layers::Edge, rate_limit::Standing};

use super::{
    challenge,
    door::{self, Door},
    read_only,
};
use crate::{app::App, protocols, scim};

/// The node's edge.
pub(super) struct NodeEdge {
    door: Door,
    app: App,
}

impl NodeEdge {
    pub(super) fn new(app: &App) -> Self {
        Self {
            door: Door::new(app),
            app: app.clone(),
        }
    }
}

/// What of a request its answer depends on.
pub(super) struct Seen {
    brought_token: bool,
    shape: Option<protocols::Shape>,
    is_scim: bool,
    /// Where the caller stands with the limits.
    standing: Option<Standing>,
}

impl Edge for NodeEdge {
    type Seen = Seen;

    fn see(&self, request: &Request) -> Seen {
        let (path, headers) = (request.uri().path(), request.headers());
        Seen {
            brought_token: bearer_token(headers).is_some(),
            shape: protocols::Shape::of(path, headers),
            is_scim: scim::is_protocol(path),
            standing: None,
        }
    }

    /// Refuses whoever asks too often, and changes that the licence does not let through any more.
    fn admit(&self, request: &Request, seen: &mut Seen) -> Result<()> {
        seen.standing = self.door.admit(request)?;
        read_only::check(&self.app, request.method(), request.uri().path())
    }

    /// Puts refusals into the words of the protocol that the caller speaks.
    fn finish(&self, seen: Seen, mut response: Response) -> Response {
        if let Some(standing) = &seen.standing {
            door::tell(response.headers_mut(), standing);
        }
        response = match seen.shape {
            Some(shape) => shape.apply(response),
            None if seen.is_scim => scim::in_own_shape(response),
            None => response,
        };
        challenge::name_metadata(&self.app, seen.brought_token, &mut response);
        response
    }
}
