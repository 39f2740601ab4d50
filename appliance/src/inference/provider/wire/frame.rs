//! Cutting a stream of bytes into the frames of a protocol, with bounds.

use guildhall_kernel::Result;

use super::{
    eventstream,
    failure::{codes, garbled},
};

/// Longest line or event; a tool call's arguments come in pieces far below it.
const FRAME_BYTES_MAX: usize = 4 << 20;

/// How answers are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inference::provider) enum Framing {
    /// Server-sent events (WHATWG HTML, 9.2).
    Events,
    /// One JSON value per line.
    Lines,
    /// The binary frames of AWS.
    EventStream,
    /// One value, the whole body.
    Whole,
}

/// One frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::inference::provider) struct Frame {
    /// The event's name; empty when it has none.
    pub(in crate::inference::provider) event: String,
    pub(in crate::inference::provider) data: Vec<u8>,
}

/// The frames in a stream of bytes that comes in pieces of any size.
pub(in crate::inference::provider) struct Frames {
    framing: Framing,
    /// Bytes of an unfinished line or frame.
    buffer: Vec<u8>,
    /// Where in the buffer no line end was found yet.
    searched: usize,
    /// The event whose lines are being read.
    event: Frame,
}

impl Frames {
    pub(in crate::inference::provider) fn new(framing: Framing) -> Self {
        Self {
            framing,
            buffer: Vec::new(),
            searched: 0,
            event: Frame::default(),
        }
    }

    /// Takes bytes and hands out the frames that are complete now.
    ///
    /// # Errors
    /// `provider_garbled` when a frame is too long or its checksum is wrong; those of `take`.
    pub(in crate::inference::provider) fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut impl FnMut(&Frame) -> Result<()>,
    ) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        match self.framing {
            Framing::Events | Framing::Lines => {
                let mut taken = 0;
                while let Some(line) = self.next_line(taken) {
                    taken = line.end;
                    self.line(line.start, line.text_end, take)?;
                }
                self.buffer.drain(..taken);
                self.searched = self.searched.saturating_sub(taken);
            }
            Framing::EventStream => {
                let mut taken = 0;
                while let Some((frame, length)) =
                    eventstream::decode(self.buffer.get(taken..).unwrap_or_default())?
                {
                    taken += length;
                    take(&frame)?;
                }
                self.buffer.drain(..taken);
            }
            Framing::Whole => {}
        }
        if self.buffer.len() + self.event.data.len() > FRAME_BYTES_MAX {
            return Err(garbled("sent one event of more than 4 MB"));
        }
        Ok(())
    }

    /// Takes the end of the stream: what is complete only because nothing follows.
    ///
    /// # Errors
    /// `provider_stream_cut` when the stream ends inside a binary frame; those of `take`.
    pub(in crate::inference::provider) fn end(
        &mut self,
        take: &mut impl FnMut(&Frame) -> Result<()>,
    ) -> Result<()> {
        let rest = std::mem::take(&mut self.buffer);
        match self.framing {
            Framing::Lines if rest.trim_ascii().is_empty() => Ok(()),
            Framing::EventStream if !rest.is_empty() => Err(codes::cut()),
            // An event without its empty line is incomplete and dropped (WHATWG HTML, 9.2.6).
            Framing::Events | Framing::EventStream => Ok(()),
            Framing::Lines | Framing::Whole => take(&Frame {
                event: String::new(),
                data: rest,
            }),
        }
    }

    /// The line that starts at `start`: LF, CRLF or, between server-sent events, CR ends it. A CR at
    /// the end of the buffer waits for what follows.
    fn next_line(&mut self, start: usize) -> Option<Line> {
        let from = start.max(self.searched);
        let rest = self.buffer.get(from..)?;
        let found = memchr::memchr2(b'\n', b'\r', rest);
        let Some(text_end) = found.map(|found| from + found) else {
            self.searched = self.buffer.len();
            return None;
        };
        self.searched = text_end;
        let end = if self.buffer.get(text_end) == Some(&b'\n') {
            text_end + 1
        } else {
            match self.buffer.get(text_end + 1)? {
                b'\n' => text_end + 2,
                _ => text_end + 1,
            }
        };
        self.searched = end;
        Some(Line {
            start,
            text_end,
            end,
        })
    }

    fn line(
        &mut self,
        start: usize,
        end: usize,
        take: &mut impl FnMut(&Frame) -> Result<()>,
    ) -> Result<()> {
        let line = self.buffer.get(start..end).unwrap_or_default();
        if self.framing == Framing::Lines {
            if line.trim_ascii().is_empty() {
                return Ok(());
            }
            self.event.data.extend_from_slice(line);
            return self.hand_out(take);
        }
        if line.is_empty() {
            return self.hand_out(take);
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = match colon {
            Some(at) => (
                line.get(..at).unwrap_or_default(),
                line.get(at + 1..).unwrap_or_default(),
            ),
            None => (line, [].as_slice()),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
                if self.event.data.len() > FRAME_BYTES_MAX {
                    return Err(garbled("sent one event of more than 4 MB"));
                }
            }
            b"event" => self.event.event = String::from_utf8_lossy(value).into_owned(),
            // Comments, ids and retry times say nothing here.
            _ => {}
        }
        Ok(())
    }

    /// Hands the event out, unless nothing is in it, and keeps its memory for the next.
    fn hand_out(&mut self, take: &mut impl FnMut(&Frame) -> Result<()>) -> Result<()> {
        let taken = if self.event.data.is_empty() {
            Ok(())
        } else {
            take(&self.event)
        };
        self.event.event.clear();
        self.event.data.clear();
        taken
    }
}

struct Line {
    start: usize,
    text_end: usize,
    end: usize,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn kept(found: &mut Vec<Frame>) -> impl FnMut(&Frame) -> Result<()> {
        |frame| {
            found.push(frame.clone());
            Ok(())
        }
    }

    fn cut(framing: Framing, pieces: &[&[u8]]) -> Vec<(String, String)> {
        let (mut frames, mut found) = (Frames::new(framing), Vec::new());
        for piece in pieces {
            frames.feed(piece, &mut kept(&mut found)).unwrap();
        }
        frames.end(&mut kept(&mut found)).unwrap();
        let text = |frame: Frame| (frame.event, String::from_utf8(frame.data).unwrap());
        found.into_iter().map(text).collect()
    }

    const EVENTS: &[u8] =
        b": hello\r\nevent: a\ndata: 1\n\ndata: 2\rdata:3\r\n\r\nid: 7\n\ndata\n\ndata: cut";

    #[test]
    fn events_are_cut_as_the_standard_says() {
        let expected =
            [("a", "1"), ("", "2\n3")].map(|(event, data)| (event.to_owned(), data.to_owned()));
        assert_eq!(cut(Framing::Events, &[EVENTS]), expected);
        let single: Vec<&[u8]> = EVENTS.chunks(1).collect();
        assert_eq!(cut(Framing::Events, &single), expected);
    }

    #[test]
    fn lines_may_end_without_an_end() {
        let lines = cut(Framing::Lines, &[b"{\"a\":1}\n\n{\"b", b"\":2}"]);
        let texts: Vec<&str> = lines.iter().map(|(_, data)| data.as_str()).collect();
        assert_eq!(texts, ["{\"a\":1}", "{\"b\":2}"]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut frames = Frames::new(Framing::Events);
        let piece = vec![b'x'; 1 << 20];
        let outcome = (0..8).try_for_each(|_| frames.feed(&piece, &mut |_| Ok(())));
        assert_eq!(outcome.unwrap_err().code(), "provider_garbled");
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_frames(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>()], 0..200),
            size in 1_usize..9,
            framing in prop_oneof![Just(Framing::Events), Just(Framing::Lines), Just(Framing::Whole)],
        ) {
            let whole = {
                let (mut frames, mut found) = (Frames::new(framing), Vec::new());
                frames.feed(&bytes, &mut kept(&mut found)).unwrap();
                frames.end(&mut kept(&mut found)).unwrap();
                found
            };
            let (mut frames, mut found) = (Frames::new(framing), Vec::new());
            for piece in bytes.chunks(size) {
                frames.feed(piece, &mut kept(&mut found)).unwrap();
            }
            frames.end(&mut kept(&mut found)).unwrap();
            prop_assert_eq!(whole, found);
        }
    }
}
