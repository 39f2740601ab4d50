//! The way back to the node.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use guildhall_engine_protocol::frame::{FrameError, encode_into};
use guildhall_engine_protocol::{EngineMessage, Failure};

/// Sends messages to the node, whole frames at a time, from any thread.
///
/// A slow node slows the engine down: a send waits until the socket takes the frame.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Mutex<UnixStream>>);

/// Frames of one computing step, which leave in one write.
#[derive(Debug, Default)]
pub(crate) struct Parcel(Vec<u8>);

impl Parcel {
    /// Adds a message. One that exceeds a frame is left out; none of a step's can.
    pub(crate) fn add(&mut self, message: &EngineMessage) {
        if let Err(error) = encode_into(&mut self.0, message) {
            tracing::error!("message left out: {error}");
        }
    }
}

impl Outbox {
    pub(crate) fn new(socket: UnixStream) -> Self {
        Self(Arc::new(Mutex::new(socket)))
    }

    /// Sends one message.
    ///
    /// # Errors
    /// When the node is gone, or the message exceeds a frame.
    pub(crate) fn send(&self, message: &EngineMessage) -> Result<(), FrameError> {
        let mut parcel = Parcel::default();
        encode_into(&mut parcel.0, message)?;
        self.send_parcel(&mut parcel)
    }

    /// Sends what a parcel holds and empties it.
    ///
    /// # Errors
    /// When the node is gone.
    pub(crate) fn send_parcel(&self, parcel: &mut Parcel) -> Result<(), FrameError> {
        if parcel.0.is_empty() {
            return Ok(());
        }
        let sent = match self.0.lock() {
            Ok(mut socket) => socket.write_all(&parcel.0).map_err(FrameError::Io),
            // A thread panicked in mid-frame: nothing after it could be understood.
            Err(_) => Err(FrameError::Io(io::ErrorKind::BrokenPipe.into())),
        };
        parcel.0.clear();
        sent
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
