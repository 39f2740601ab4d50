//! Log lines on standard error, and llama.cpp's own words for error messages.

use std::fmt;
use std::io;
use std::sync::Mutex;

use llama_cpp_2::{LogOptions, send_logs_to_tracing};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

static FIRST_ERROR: Mutex<Option<String>> = Mutex::new(None);

/// Sends this program's log lines, and llama.cpp's warnings and errors, to standard error.
pub(crate) fn start() {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false);
    let subscriber = tracing_subscriber::registry()
        .with(filter_fn(is_wanted))
        .with(lines)
        .with(RememberErrors);
    // Fails only when a subscriber is set already, and then log lines have a way out.
    let _ = tracing::subscriber::set_global_default(subscriber);
    send_logs_to_tracing(LogOptions::default());
}

/// The first error that llama.cpp logged since the last call. The first one names the cause;
/// those after it only say that something failed.
pub(crate) fn take_first_error() -> Option<String> {
    FIRST_ERROR.lock().ok()?.take()
}

/// llama.cpp prints hundreds of informational lines for each model.
fn is_wanted(metadata: &Metadata<'_>) -> bool {
    let ours = metadata.target().starts_with(env!("CARGO_CRATE_NAME"));
    *metadata.level() <= if ours { Level::INFO } else { Level::WARN }
}

struct RememberErrors;

impl<S: Subscriber> Layer<S> for RememberErrors {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        if let Ok(mut first) = FIRST_ERROR.lock() {
            first.get_or_insert(message.0);
        }
    }
}

struct Message(String);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0 = value.trim().to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
