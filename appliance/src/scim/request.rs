//! One request of a directory, from its parameters to its answer.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Result, ScimResourceId};
use guildhall_scim::{Problem, Projection, list::ListRequest};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::{
    answer::{self, Answer, present, refused},
    caller::Provisioner,
    change::{Change, Changer},
    model::Kind,
    resource_store, search,
};
use crate::app::App;

/// What a list's address says. Unknown parameters are ignored, as the protocol wants.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct ListParameters {
    /// What the resources have in common, such as `userName eq "ada"`.
    filter: Option<String>,
    /// The attribute they are ordered by.
    sort_by: Option<String>,
    /// `ascending` or `descending`.
    sort_order: Option<String>,
    /// The number of the first one, from 1.
    #[param(value_type = Option<i64>)]
    start_index: Option<String>,
    /// How many, at most 200; 100 when left out.
    #[param(value_type = Option<i64>)]
    count: Option<String>,
    /// The attributes to show, with commas between them.
    attributes: Option<String>,
    /// The attributes to leave out.
    excluded_attributes: Option<String>,
}

impl ListParameters {
    pub(super) fn read(&self) -> Result<ListRequest> {
        let pairs = [
            ("filter", &self.filter),
            ("sortBy", &self.sort_by),
            ("sortOrder", &self.sort_order),
            ("startIndex", &self.start_index),
            ("count", &self.count),
            ("attributes", &self.attributes),
            ("excludedAttributes", &self.excluded_attributes),
        ];
        let given = pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)));
        ListRequest::from_pairs(given).map_err(refused)
    }
}

/// Which attributes of a resource the answer has.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct ShownParameters {
    /// The attributes to show, with commas between them.
    attributes: Option<String>,
    /// The attributes to leave out.
    excluded_attributes: Option<String>,
}

impl ShownParameters {
    pub(super) fn read(&self) -> Result<Projection> {
        Projection::new(
            self.attributes.as_deref(),
            self.excluded_attributes.as_deref(),
        )
        .map_err(refused)
    }
}

/// A request with who makes it.
pub(super) struct Request {
    app: App,
    by: Provisioner,
}

impl Request {
    pub(super) fn new(app: App, by: Provisioner) -> Self {
        Self { app, by }
    }

    /// A page of what meets the filter.
    pub(super) async fn list(self, kinds: Vec<Kind>, request: ListRequest) -> Answer<Response> {
        let (organisation, origin) = (self.by.organisation, self.app.origin.clone());
        let read = self.app.db.read(move |reader| {
            search::answer(reader, (organisation, kinds.as_slice()), &request, &origin)
        });
        Ok(answer::document(StatusCode::OK, &read.await?))
    }

    /// The same with the parameters in the body.
    pub(super) async fn search(self, kinds: Vec<Kind>, sent: &Value) -> Answer<Response> {
        let request = ListRequest::from_body(sent).map_err(refused)?;
        self.list(kinds, request).await
    }

    /// One resource.
    pub(super) async fn read(
        self,
        (kind, id): (Kind, ScimResourceId),
        projection: Projection,
        headers: HeaderMap,
    ) -> Answer<Response> {
        let (organisation, origin) = (self.by.organisation, self.app.origin.clone());
        let read = self.app.db.read(move |reader| {
            let row = resource_store::find(reader, (organisation, kind), id)?;
            let row = row.ok_or_else(|| refused(Problem::not_found()))?;
            let shown = present(reader, &row, &origin, &projection)?;
            Ok((row, shown))
        });
        let (row, shown) = read.await?;
        if answer::is_known(&headers, &row) {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            if let Ok(version) = HeaderValue::from_str(&answer::etag(&row)) {
                response.headers_mut().insert(header::ETAG, version);
            }
            return Ok(response);
        }
        Ok(answer::resource(
            StatusCode::OK,
            &row,
            shown,
            &self.app.origin,
        ))
    }

    /// A new resource.
    pub(super) async fn create(
        self,
        kind: Kind,
        projection: Projection,
        sent: Value,
    ) -> Answer<Response> {
        let (changer, origin) = (Changer::new(&self.app, self.by), self.app.origin.clone());
        let written = self.app.db.write(move |tx| {
            let row = changer.create(tx, kind, &sent)?;
            let shown = present(tx, &row, &origin, &projection)?;
            Ok((row, shown))
        });
        let (row, shown) = written.await?;
        Ok(answer::resource(
            StatusCode::CREATED,
            &row,
            shown,
            &self.app.origin,
        ))
    }

    /// A changed resource.
    pub(super) async fn change(
        self,
        which: (Kind, ScimResourceId),
        projection: Projection,
        (headers, change): (HeaderMap, Change),
    ) -> Answer<Response> {
        let (changer, origin) = (Changer::new(&self.app, self.by), self.app.origin.clone());
        let written = self.app.db.write(move |tx| {
            let row = changer.change(tx, which, &headers, &change)?;
            let shown = present(tx, &row, &origin, &projection)?;
            Ok((row, shown))
        });
        let (row, shown) = written.await?;
        Ok(answer::resource(
            StatusCode::OK,
            &row,
            shown,
            &self.app.origin,
        ))
    }

    /// A resource less.
    pub(super) async fn delete(
        self,
        which: (Kind, ScimResourceId),
        headers: HeaderMap,
    ) -> Answer<StatusCode> {
        let changer = Changer::new(&self.app, self.by);
        let written = self
            .app
            .db
            .write(move |tx| changer.delete(tx, which, &headers));
        written.await?;
        Ok(StatusCode::NO_CONTENT)
    }
}
