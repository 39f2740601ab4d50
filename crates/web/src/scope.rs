//! What belongs to one request while it is being answered, for code that cannot take it as a
//! parameter: error bodies need the request id, event streams the shutdown signal.

use std::sync::Arc;

use guildhall_kernel::RequestId;
use tokio_util::sync::CancellationToken;

use crate::limits::Deadline;

tokio::task_local! {
    pub(crate) static SCOPE: RequestScope;
}

/// The values of the request being answered by the present task.
#[derive(Clone)]
pub(crate) struct RequestScope {
    pub(crate) request_id: RequestId,
    pub(crate) deadline: Arc<Deadline>,
    pub(crate) shutdown: CancellationToken,
}

/// The id of the request that the present task answers; a fresh one outside a request.
pub fn request_id() -> RequestId {
    SCOPE
        .try_with(|scope| scope.request_id.clone())
        .unwrap_or_default()
}

/// The signal at which answers still being streamed must end; never given outside a request.
pub(crate) fn shutdown() -> CancellationToken {
    SCOPE
        .try_with(|scope| scope.shutdown.clone())
        .unwrap_or_default()
}
