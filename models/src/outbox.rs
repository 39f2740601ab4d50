//! The way back to the node.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use guildhall_engine_protocol::frame::{FrameError, write_frame};
use guildhall_engine_protocol::{EngineMessage, Failure};

/// Sends messages to the node, whole frames at a time, from any thread.
///
/// A slow node slows the engine down: a send waits until the socket takes the frame.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Mutex<UnixStream>>);

impl Outbox {
    pub(crate) fn new(socket: UnixStream) -> Self {
        Self(Arc::new(Mutex::new(socket)))
    }

    /// Sends one message.
    ///
    /// # Errors
    /// When the node is gone, or the message exceeds a frame.
    pub(crate) fn send(&self, message: &EngineMessage) -> Result<(), FrameError> {
        match self.0.lock() {
            Ok(mut socket) => write_frame(&mut *socket, message),
            // A thread panicked in mid-frame: nothing after it could be understood.
            Err(_) => Err(FrameError::Io(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Tells the node that a request ended without its result.
    ///
    /// # Errors
    /// As [`Outbox::send`].
    pub(crate) fn fail(&self, request_id: u64, failure: Failure) -> Result<(), FrameError> {
        self.send(&EngineMessage::RequestFailed {
            request_id,
            failure,
        })
    }

    /// Ends the conversation with the node; reading from it ends too.
    pub(crate) fn hang_up(&self) {
        let socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = socket.shutdown(Shutdown::Both);
    }
}
