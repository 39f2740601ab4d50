//! Authorisation in the handler's signature: every handler takes [`Auth`] or [`Public`].

use std::{convert::Infallible, marker::PhantomData};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use guildhall_kernel::{Ctx, Error, Result};

use crate::error::HttpError;

/// A permission as a type, so that a handler names it in its signature.
pub trait Permission: Send + Sync + 'static {
    /// The permission's name, such as `team.hire`.
    const NAME: &'static str;
}

/// Who sends a request, as far as the guards must know.
pub trait Caller: Send + Sync {
    /// Whether the caller holds the permission.
    fn may(&self, permission: &str) -> bool;
}

impl Caller for Ctx {
    fn may(&self, permission: &str) -> bool {
        Ctx::may(self, permission)
    }
}

/// Implemented by the router's state: knows who sends a request.
pub trait Authenticator: Send + Sync {
    /// What the server knows of a caller.
    type Caller: Caller;

    /// Who acts, from the request's credentials. For credentials that a browser sends by itself
    /// this includes [`crate::csrf::check`].
    ///
    /// # Errors
    /// [`not_logged_in`] without valid credentials.
    fn authenticate(&self, parts: &Parts) -> impl Future<Output = Result<Self::Caller>> + Send;

    /// Whether somebody else who has a say lets the caller do this too. Asked once the caller is known to
    /// hold the permission; nobody is asked unless the server says so.
    ///
    /// # Errors
    /// The refusal.
    fn authorise(
        &self,
        _caller: &Self::Caller,
        _parts: &Parts,
        _permission: &'static str,
    ) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(Ok(()))
    }
}

/// Lets the caller in who is logged in and holds the permission `P`.
pub struct Auth<P, C = Ctx> {
    /// Who acts, and for whom.
    pub ctx: C,
    permission: PhantomData<fn() -> P>,
}

impl<P: Permission, S: Authenticator> FromRequestParts<S> for Auth<P, S::Caller> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let ctx = state.authenticate(parts).await?;
        if !ctx.may(P::NAME) {
            return Err(permission_missing(P::NAME).into());
        }
        state.authorise(&ctx, parts, P::NAME).await?;
        Ok(Self {
            ctx,
            permission: PhantomData,
        })
    }
}

/// Lets everybody in; stands in the signature so that openness is a decision one can see.
#[derive(Clone, Copy, Debug)]
pub struct Public;

impl<S: Send + Sync> FromRequestParts<S> for Public {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

/// 401: no credentials, or none that are valid.
pub fn not_logged_in() -> Error {
    Error::unauthenticated(
        "not_logged_in",
        "you are not logged in; log in, or send a valid API key",
    )
}

/// 403: the caller is known and lacks the permission.
pub fn permission_missing(permission: &str) -> Error {
    Error::forbidden(
        "permission_missing",
        format!("you need the permission `{permission}` for this; ask an administrator"),
    )
}

/// The token of `Authorization: Bearer …` (RFC 6750), if there is one.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The key of a request: `Authorization: Bearer …`, else `x-api-key`, as some protocols name it.
pub fn api_key(headers: &HeaderMap) -> Option<&str> {
    let named = || headers.get("x-api-key")?.to_str().ok().map(str::trim);
    bearer_token(headers).or_else(|| named().filter(|key| !key.is_empty()))
}
