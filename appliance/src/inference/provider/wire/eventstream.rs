//! The binary frames in which AWS streams. Source:
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>.
//!
//! A frame: total length (4 bytes, big-endian), length of the headers (4), CRC-32 of these eight (4),
//! headers, payload, CRC-32 of everything before (4).

use guildhall_kernel::Result;

use super::{failure::garbled, frame::Frame};

const PRELUDE: usize = 12;
const OVERHEAD: usize = PRELUDE + 4;
/// The format allows 24 MB; events of models are far smaller.
const FRAME_BYTES_MAX: usize = 4 << 20;

/// The frame at the start of `bytes` and its length; nothing while it is incomplete. An exception's
/// event is `exception:` and its type.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<(Frame, usize)>> {
    let wrong = || garbled("sent a binary frame that is damaged");
    let Some(prelude) = bytes.get(..PRELUDE) else {
        return Ok(None);
    };
    if crc32(prelude.get(..8).unwrap_or_default()) != number(prelude, 8) {
        return Err(wrong());
    }
    let (total, header_bytes) = (length(prelude, 0), length(prelude, 4));
    if !(OVERHEAD..=FRAME_BYTES_MAX).contains(&total) || header_bytes > total - OVERHEAD {
        return Err(wrong());
    }
    let Some(frame) = bytes.get(..total) else {
        return Ok(None);
    };
    if crc32(frame.get(..total - 4).unwrap_or_default()) != number(frame, total - 4) {
        return Err(wrong());
    }
    let headers = frame
        .get(PRELUDE..PRELUDE + header_bytes)
        .unwrap_or_default();
    let payload = frame
        .get(PRELUDE + header_bytes..total - 4)
        .unwrap_or_default();
    let event = event_of(headers).ok_or_else(wrong)?;
    let data = payload.to_vec();
    Ok(Some((Frame { event, data }, total)))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    four.map_or(0, |four| u32::from_be_bytes(*four))
}

fn length(bytes: &[u8], at: usize) -> usize {
    usize::try_from(number(bytes, at)).unwrap_or(usize::MAX)
}

/// What the headers say happened.
fn event_of(mut headers: &[u8]) -> Option<String> {
    let (mut event, mut exception, mut error) = (None, None, None);
    while let Some((&name_bytes, rest)) = headers.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(name_bytes))?;
        let (&kind, rest) = rest.split_first()?;
        let (value, rest) = match kind {
            // True and false are their own values; then 1, 2, 4 and 8 bytes; text and bytes have a
            // length before them; a time has 8 bytes and a UUID 16.
            0 | 1 => rest.split_at_checked(0)?,
            2 => rest.split_at_checked(1)?,
            3 => rest.split_at_checked(2)?,
            4 => rest.split_at_checked(4)?,
            5 | 8 => rest.split_at_checked(8)?,
            6 | 7 => {
                let (size, rest) = rest.split_first_chunk::<2>()?;
                rest.split_at_checked(usize::from(u16::from_be_bytes(*size)))?
            }
            9 => rest.split_at_checked(16)?,
            _ => return None,
        };
        let value = || String::from_utf8_lossy(value).into_owned();
        match name {
            b":event-type" => event = Some(value()),
            b":exception-type" => exception = Some(value()),
            b":error-code" => error = Some(value()),
            _ => {}
        }
        headers = rest;
    }
    let failed = exception.or(error).map(|name| format!("exception:{name}"));
    Some(failed.or(event).unwrap_or_default())
}

/// CRC-32 as in gzip (RFC 1952, 8): reflected, polynomial 0xEDB88320.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::*;

    /// Frames that the test suites of the official SDKs publish: nothing at all; a payload; and a
    /// 32-bit header with a payload.
    const EMPTY: &str = "000000100000000005c248eb7d98c8ff";
    const PAYLOAD: &str = "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936";
    const INT32: &str = "0000002d0000001041c424b80a6576656e742d747970650400 00a00c7b27666f6f273a27626172277d36f480a0";

    fn bytes(hex: &str) -> Vec<u8> {
        let hex = hex.replace(' ', "");
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    #[test]
    fn published_frames_are_read() {
        let (frame, length) = decode(&bytes(EMPTY)).unwrap().unwrap();
        assert_eq!((frame, length), (Frame::default(), 16));
        for hex in [PAYLOAD, INT32] {
            let bytes = bytes(hex);
            let (frame, length) = decode(&bytes).unwrap().unwrap();
            assert_eq!(
                (frame.data.as_slice(), length),
                (b"{'foo':'bar'}".as_slice(), bytes.len())
            );
            for cut in 0..bytes.len() {
                assert!(decode(&bytes[..cut]).unwrap().is_none());
            }
            for place in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[place] ^= 0x10;
                assert!(decode(&damaged).is_err(), "{place}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_headers_are_read_or_refused(headers in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = event_of(&headers);
        }
    }
}
