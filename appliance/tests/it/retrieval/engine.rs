//! The node's own engine, asked for vectors outside a test's runtime.

use guildhall::{
    app::{App, AppOptions},
    config::Config,
    inference::{Caller, Priority},
};
use guildhall_kernel::{OrgId, PersonId};
use tokio::runtime::Runtime;

/// A node in a temporary directory whose engine embeds texts.
pub struct Engine {
    runtime: Runtime,
    app: App,
    _directory: tempfile::TempDir,
}

impl Engine {
    /// Opens the node; the engine starts with the first text.
    pub fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config {
            insecure_http: true,
            ..Config::default()
        };
        // One thread, so that vectors take as long however many cores the machine lends.
        config.engine.threads = Some(1);
        let options = AppOptions::new(config, directory.path());
        let app = runtime.block_on(App::open(options)).expect("a node");
        Self {
            runtime,
            app,
            _directory: directory,
        }
    }

    /// Vectors of length 1, one per text.
    pub fn embed(&self, texts: Vec<String>) -> Vec<Vec<f32>> {
        let inference = &self.app.inference;
        let asker = Caller::new(
            OrgId::from_digest([1; 16]),
            PersonId::from_digest([1; 16]),
            Priority::Interactive,
        );
        let own = inference.own_embedder().expect("the node's own model");
        let embedded = self
            .runtime
            .block_on(inference.embed_as(&asker, &own, &texts));
        embedded.expect("the engine embeds").vectors
    }
}
